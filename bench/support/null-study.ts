/** Studies whose truth is known: answers from a latent ability with shared difficulty, cut into scores, and noise that moves whole runs. */
import { Random } from '../../src/core/random.js';
import type { Row } from '../../src/core/records.js';

export interface TruthOptions {
  readonly items: number;
  readonly questions?: number;
  /** Standard deviation of a whole run's shift, in score (1 to 5). */
  readonly noise: number;
  readonly seeds: number;
  /** Right or wrong, nine of ten right, in place of scores from 1 to 5. */
  readonly twoWay?: boolean;
  /** What each level loses, in score; default nothing. */
  readonly losses?: readonly number[];
  /** Ranks trained at the first, the middle and the last level besides 8; default 4 and 16. */
  readonly ranks?: readonly number[];
  readonly dataset?: string;
  readonly generator: number;
}

/** Shares of the scores 1 to 5 as a real base model had them, cut from a standard normal. */
const CUTS = [-0.643, -0.412, 0.1, 0.468];
/** Score for each unit of the latent ability, so that losses are given in score. */
const SLOPE = 1.46;
/** Nine of ten right. */
const RIGHT = -1.2816;

/** Rows of a study: seven levels at rank 8, other ranks at three of them, the base at the original. */
export function knownStudy(options: TruthOptions): Row[] {
  const { seeds, ranks = [4, 16], losses = [], generator, dataset = 'made' } = options;
  const levels = ['original', 'summ_l1', 'summ_l2', 'summ_l3', 'summ_l4', 'summ_l5', 'hybrid'];
  const shared = sharedParts(options, levels.length);
  const cells = levels.flatMap((_, level) => [8, ...(level % 3 === 0 ? ranks : [])].map((rank) => ({ level, rank })));
  return [...cells.flatMap((cell) => Array.from({ length: seeds }, (_, seed) => ({ ...cell, seed }))), BASE].flatMap(
    ({ level, rank, seed }) => {
      const random = new Random(generator, 'run', dataset, level, rank, seed);
      const shift = (rank === 0 ? 0 : options.noise * random.normal()) - (losses[level] ?? 0);
      return (
        shared[level]?.map(({ item, question, ease }) => {
          const latent = ease + Math.sqrt(0.15) * random.normal() + shift / SLOPE;
          const score =
            options.twoWay === true ? (latent > RIGHT ? 5 : 1) : 1 + CUTS.filter((cut) => latent > cut).length;
          return rowOf(
            { dataset, level: levels[level] ?? '', trr: level / 8, rank, seed, item, question, score },
            options,
          );
        }) ?? []
      );
    },
  );
}

const BASE = { level: 0, rank: 0, seed: 0 };

interface SharedPart {
  readonly item: number;
  readonly question: number;
  readonly ease: number;
}

/** What all runs of a level share: item 0.35, question 0.35, item by level 0.05, level by question 0.10. */
function sharedParts(options: TruthOptions, levels: number): SharedPart[][] {
  const { items, questions = 10, generator, dataset = 'made' } = options;
  const random = new Random(generator, 'shared', dataset);
  const parts = Array.from({ length: levels }, (): SharedPart[] => []);
  for (let item = 0; item < items; item++) {
    const own = Math.sqrt(0.35) * random.normal();
    const atLevel = parts.map(() => own + Math.sqrt(0.05) * random.normal());
    for (let question = 0; question < questions; question++) {
      const asked = Math.sqrt(0.35) * random.normal();
      parts.forEach((part, level) =>
        part.push({ item, question, ease: (atLevel[level] ?? 0) + asked + Math.sqrt(0.1) * random.normal() }),
      );
    }
  }
  return parts;
}

interface MadeAnswer {
  readonly dataset: string;
  readonly level: string;
  readonly trr: number;
  readonly rank: number;
  readonly seed: number;
  readonly item: number;
  readonly question: number;
  readonly score: number;
}

function rowOf(made: MadeAnswer, { twoWay, items }: TruthOptions): Row {
  return {
    dataset: made.dataset,
    level: made.level,
    trr: made.trr,
    rank: made.rank,
    seed: made.seed,
    score: made.score,
    run: `${made.dataset}-${made.level}-${made.rank}-${made.seed}`,
    item: `${made.item}`,
    question: `${made.question}`,
    type: 'fact',
    book: 'open',
    scale: made.rank === 0 ? 0 : 2,
    items: made.rank === 0 ? 0 : items,
    judge: twoWay === true ? 'exact' : 'llm',
    status: 'scored',
    correct: made.score >= 4,
    abstention: false,
    contextTruncated: false,
    retention: null,
    bits: null,
    prompt: '',
    reference: '',
    answer: '',
    finish: 'stop',
    reason: '',
    reworded: null,
    form: null,
    exposures: null,
    control: null,
    group: null,
  };
}
