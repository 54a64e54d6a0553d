/** A made study of a text book: what each adapter answers is set, so that every figure can be told beforehand. */
import type { AdapterVariant, RunSummary } from '../../src/analysis/run-summary.js';
import type { Row, TextControl, TextGroup } from '../../src/core/records.js';
import type { MeanEstimate } from '../../src/core/statistics.js';
import { row, runSummary, type MadeStudy } from './fixtures.js';

/** Items whose text and questions are trained, whose text alone is, and that are never trained. */
const ITEMS = { taught: 8, untaught: 8, unseen: 4 };
const QUESTIONS = 5;

/** Who answers: of every item's questions 1 to `right`, in their order, are answered right; question 0 the base knows. */
export interface Adapter {
  readonly level: string;
  readonly form: string;
  readonly rank: number;
  readonly right: Readonly<Record<'taught' | 'untaught' | 'unseen', number>>;
  /** Whether it still answers what the base knows; default yes. */
  readonly keepsKnown?: boolean;
  readonly exposures?: number;
  readonly seed?: number;
  /** Items trained on, as rows say; default all. */
  readonly items?: number;
}

const KEPT: Readonly<Record<string, number>> = { original: 1, summ_l2: 0.8, summ_l3: 0.5 };
const SAVED: Readonly<Record<string, number>> = { original: 0, summ_l2: 0.4, summ_l3: 0.7 };

/** Rows and runs of these adapters with all controls; those of other documents answer `foreign` questions of an item right. */
export function textStudy(adapters: readonly Adapter[], foreign = 0): MadeStudy {
  const levels = [...new Set(adapters.map(({ level }) => level))];
  const rank = Math.max(...adapters.map((each) => each.rank));
  const rows = [
    ...control('without text', 'none', 0, 0),
    ...levels.flatMap((level) => control('with text', level, 0, QUESTIONS - 1)),
    ...[...new Set(adapters.map(({ form }) => form))].flatMap((form) =>
      control('other documents', levels[0] ?? 'original', rank, foreign).map((each) => ({
        ...each,
        ...{ form, run: `other-${form}`, items: ITEMS.unseen },
      })),
    ),
    ...adapters.flatMap(adapterRows),
  ];
  return { rows, runs: adapters.map(adapterRun) };
}

/** Two levels, two forms and two ranks, of which `mix` at rank 16 learns the original best and costs most. */
export function madeTextStudy(foreign = 0): MadeStudy {
  return textStudy(
    ['original', 'summ_l2', 'summ_l3'].flatMap((level) =>
      [4, 16].flatMap((rank): Adapter[] => {
        const lost = level === 'original' ? 0 : level === 'summ_l2' ? 1 : 2;
        const mix = (rank === 16 ? 4 : 3) - lost;
        return [
          { level, form: 'mix', rank, right: { taught: mix, untaught: mix - 1, unseen: 0 }, keepsKnown: rank === 4 },
          { level, form: 'raw', rank, right: { taught: rank === 16 ? 1 : 0, untaught: 0, unseen: 0 } },
        ];
      }),
    ),
    foreign,
  );
}

export function runOf({ level, form, rank, exposures = 20, seed = 0, items }: Omit<Adapter, 'right'>): string {
  return `a-${level}-${form}-e${exposures}-r${rank}${items === undefined ? '' : `-n${items}`}-s${seed}`;
}

function adapterRows(adapter: Adapter): Row[] {
  const { level, form, rank, right, keepsKnown = true, exposures = 20, seed = 0 } = adapter;
  const place = {
    ...{ level, form, rank, exposures, seed },
    run: runOf(adapter),
    items: adapter.items ?? ITEMS.taught + ITEMS.untaught,
  };
  return (['taught', 'untaught', 'unseen'] as const).flatMap((kind) =>
    questions(kind).map(({ item, q }) => {
      const group: TextGroup = kind === 'taught' ? (form === 'raw' ? 'uncovered' : 'covered') : kind;
      return answer(item, q, q === 0 ? keepsKnown : q <= right[kind], { ...place, group });
    }),
  );
}

function control(kind: TextControl, level: string, rank: number, right: number): Row[] {
  const kinds =
    kind === 'without text' ? (['taught', 'untaught', 'unseen'] as const) : (['taught', 'untaught'] as const);
  const place = { run: `${kind}-${level}`, level, rank, control: kind, items: 0, seed: 0, exposures: null };
  return kinds.flatMap((each) => questions(each).map(({ item, q }) => answer(item, q, q <= right, place)));
}

function questions(kind: keyof typeof ITEMS): { item: string; q: number }[] {
  return Array.from({ length: ITEMS[kind] * QUESTIONS }, (_, i) => ({
    item: `${kind}-${Math.floor(i / QUESTIONS)}`,
    q: i % QUESTIONS,
  }));
}

function answer(item: string, q: number, correct: boolean, place: Partial<Row> & { level: string }): Row {
  const isRead = place.level !== 'none';
  return row({
    ...{ dataset: 'a', book: 'text', item, question: `q${q}`, correct, score: correct ? 5 : 1, bits: 4 },
    ...{ trr: isRead ? (SAVED[place.level] ?? 0) : null, retention: isRead ? (KEPT[place.level] ?? 1) : null },
    ...{ prompt: `What is ${item}’s q${q}?`, answer: correct ? 'Velden' : 'Orsa' },
    ...place,
  });
}

function estimate(mean: number): MeanEstimate {
  return { mean, low: mean - 0.05, high: mean + 0.05, standardError: 0.025, n: 1000, clusters: 20 };
}

/** A higher rank costs more; the widest at the original is tried at half its strength and cut to smaller ranks. */
function adapterRun(adapter: Adapter): RunSummary {
  const { level, form, rank, right, exposures = 20, seed = 0 } = adapter;
  const reading = { asked: 20, rightToWrong: 3, wrongToRight: 1 };
  const variant = (scale: number, cut: number, recall: number): AdapterVariant => ({
    ...{ scale, rank: cut, recall, reading },
    generalRise: estimate(0.02 * rank * scale),
    divergence: estimate(0.1 * scale),
  });
  const own = variant(1, rank, (right.taught + right.untaught) / (2 * (QUESTIONS - 1)));
  const isSwept = level === 'original' && rank === 16;
  const others = isSwept ? [variant(0.5, rank, 0.3), variant(1, 4, 0.4), variant(1, 1, 0.2)] : [];
  return runSummary({
    id: runOf(adapter),
    ...{ dataset: 'a', book: 'text', level, rank, seed, form, parameters: 1000 * rank },
    trainedTokens: (form === 'raw' ? 10_000 : 20_000) * (exposures / 20),
    items: ITEMS.taught + ITEMS.untaught,
    cost: { ...own, variants: [own, ...others] },
  });
}
