/** Candidates of a fit: a level, a form, a rank and a learning rate that an adapter may be trained with. */
import type { Level } from '../core/levels.js';
import { DEFAULT_MIX } from '../study/text-book-config.js';
import { shortLevel } from '../analysis/wording.js';

export interface Candidate {
  readonly level: Level;
  /** `study`, `mix` … as a study file names forms. */
  readonly form: string;
  readonly rank: number;
  readonly rate: number;
}

/** Values of each part, those thought most of first. */
export interface CandidateSpace {
  readonly levels: readonly Level[];
  readonly forms: readonly string[];
  readonly ranks: readonly number[];
  readonly rates: readonly number[];
}

/** Every combination, those made of first values first: the last ones are left out where a budget does not bear all. */
export function candidatesOf({ levels, forms, ranks, rates }: CandidateSpace): Candidate[] {
  const all = levels.flatMap((level, a) =>
    forms.flatMap((form, b) =>
      ranks.flatMap((rank, c) =>
        rates.map((rate, d) => ({ place: a + b + c + d, candidate: { level, form, rank, rate } })),
      ),
    ),
  );
  return all.sort((a, b) => a.place - b.place).map(({ candidate }) => candidate);
}

/** What its form is called in rows: with its rate, where several are tried. */
export function formName({ form, rate }: Pick<Candidate, 'form' | 'rate'>, rates: number): string {
  return rates === 1 ? form : `${form} at ${rate}`;
}

/** Its form as a study file takes it. */
export function formInput(candidate: Candidate, rates: number): string | Record<string, string | number> {
  const { form } = candidate;
  if (rates === 1) return form;
  return { name: formName(candidate, rates), ...(form === 'mix' ? DEFAULT_MIX : { [form]: 1 }) };
}

/** `study, the original, rank 4`. */
export function candidateText({ level, form, rank, rate }: Candidate, rates: number): string {
  return `${formName({ form, rate }, rates)}, ${level === 'original' ? 'the original' : shortLevel(level)}, rank ${rank}`;
}

/** Names a candidate among others: the same for equal ones. */
export function candidateKey({ level, form, rank, rate }: Candidate): string {
  return JSON.stringify([level, form, rank, rate]);
}
