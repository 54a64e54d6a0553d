/** What a teacher says put into samples, for `distil`: mixed with the reference answers, and checked against them. */
import { at } from '../../compiler/ir.js';
import { UserError } from '../../core/errors.js';
import { mean } from '../../core/statistics.js';
import { hardLabel, type Labels, type TeacherAnswer } from '../../models/graph/packing.js';
import type { TrainingSample } from './objective.js';

/** Share of the reference answer in the loss where none is said. */
export const REFERENCE_SHARE = 0.3;

/**
 * What is learnt of a sample whose teacher would have said another token somewhere: in these places its answer alone and elsewhere the
 * mix; its answer alone everywhere; nothing; or the mix all the same.
 */
export const CONTRADICTIONS = ['places', 'hard', 'drop', 'teacher'] as const;
export type Contradiction = (typeof CONTRADICTIONS)[number];

/** How a teacher's labels are used. */
export interface TaughtOptions {
  /** c of (1 − c) · KL + c · CE(reference), from 0 to 1; default 0.3. */
  readonly reference?: number;
  /** Default `places`: every fact is seen as often as any other, and the teacher is heard wherever it agrees. */
  readonly contradicting?: Contradiction;
}

/** What came of a teacher. */
export interface TaughtReport {
  /** Samples that it had an answer for, and those of them that it contradicts. */
  readonly taught: number;
  readonly contradicted: number;
  /** Answer tokens of these, and those of them in whose place it would have said another. */
  readonly places: number;
  readonly contradictedPlaces: number;
  /** Samples left out. */
  readonly dropped: number;
  /** Probability that its labels leave out: mean and most over all answer tokens; 0 where there is none. */
  readonly missing: { readonly mean: number; readonly most: number };
}

/** (1 − c) of a teacher's labels and c of a hard one, which is among them or becomes one more. */
function mixed({ tokens, weights }: Labels, reference: number, c: number): Labels {
  const index = tokens.indexOf(reference);
  const shares = weights.map((weight, k) => (1 - c) * weight + (k === index ? c : 0));
  return index >= 0 || c === 0
    ? { tokens, weights: shares }
    : { tokens: [...tokens, reference], weights: [...shares, c] };
}

/** At which places of an answer a teacher's most probable token is another. */
function contradictions({ labels }: TeacherAnswer, { answer }: TrainingSample): boolean[] {
  return answer.map((token, i) => labels[i]?.tokens[0] !== token);
}

/** A sample with what it is to learn of its teacher; undefined where that is nothing. */
function taughtSample<S extends TrainingSample>(
  sample: S,
  said: TeacherAnswer,
  { reference = REFERENCE_SHARE, contradicting = 'places' }: TaughtOptions,
): S | undefined {
  const places = contradictions(said, sample);
  const isContradicted = places.includes(true);
  if (isContradicted && contradicting === 'drop') return undefined;
  const isHard = (i: number): boolean =>
    contradicting === 'places' ? places[i] === true : contradicting === 'hard' && isContradicted;
  const label = (token: number, i: number): Labels =>
    isHard(i) ? hardLabel(token) : mixed(at(said.labels, i), token, reference);
  return { ...sample, teacher: sample.answer.map(label) };
}

/**
 * Samples with the labels that `distil` learns: for those whose id is in `teacher`, (1 − c) of its probabilities and c of the
 * reference answer; the others stay as they are. Throws UserError for a share outside 0 to 1, and where a teacher's answer is of
 * another length than the sample's.
 */
export function withTeacher<S extends TrainingSample>(
  samples: readonly S[],
  teacher: ReadonlyMap<string, TeacherAnswer>,
  options: TaughtOptions = {},
): { readonly samples: readonly S[]; readonly report: TaughtReport } {
  const { reference = REFERENCE_SHARE } = options;
  if (!(reference >= 0 && reference <= 1))
    throw new UserError(`invalid share of the reference answers "${reference}": use a number from 0 to 1`);
  const pairs = samples.map((sample) => ({ sample, said: saidOf(sample, teacher) }));
  const made = pairs.flatMap(({ sample, said }) => (said ? (taughtSample(sample, said, options) ?? []) : sample));
  const taught = pairs.flatMap(({ sample, said }) => (said ? [{ sample, said }] : []));
  const places = taught.map(({ sample, said }) => contradictions(said, sample));
  const missing = taught.flatMap(({ said }) => said.missing);
  const report: TaughtReport = {
    taught: taught.length,
    contradicted: places.filter((each) => each.includes(true)).length,
    places: places.flat().length,
    contradictedPlaces: places.flat().filter((each) => each).length,
    dropped: samples.length - made.length,
    missing: {
      mean: missing.length === 0 ? 0 : mean(missing),
      most: missing.reduce((most, each) => Math.max(most, each), 0),
    },
  };
  return { samples: made, report };
}

function saidOf(
  { id, answer }: TrainingSample,
  teacher: ReadonlyMap<string, TeacherAnswer>,
): TeacherAnswer | undefined {
  const said = teacher.get(id);
  if (said === undefined || said.labels.length === answer.length) return said;
  throw new UserError(
    `sample ${id}: the teacher has labels of ${said.labels.length} tokens for ${answer.length} answer tokens: ask it with the same answer`,
  );
}
