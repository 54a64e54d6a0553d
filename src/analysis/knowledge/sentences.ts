/** What a text book shows, in words: what is known without the text, by form, level and rank, and at what cost to the base. */
import type { DatasetRecommendation } from '../verdict.js';
import type { RunSummary } from '../run-summary.js';
import { counted, listed, minus, percent, shortLevel, whole, withInterval } from '../wording.js';
import { contrastsOf, type Contrast } from './contrasts.js';
import type { Knowledge, KnowledgeCell } from './knowledge.js';

/** The verdict on a data set's text book: the adapter that knows most, and what it is worth. */
export function knowledgeVerdict(knowledge: Knowledge, runs: readonly RunSummary[]): DatasetRecommendation {
  const best = bestCell(knowledge);
  const contrasts = contrastsOf(knowledge);
  const foreign = contrasts.filter(({ kind }) => kind === 'against other documents');
  const isBeaten = foreign.length > 0 && !foreign.some(({ detectable, difference }) => detectable && difference > 0);
  const run = runs.find(({ id }) => best.runs.includes(id));
  return {
    ...{ dataset: knowledge.dataset, book: 'text', level: best.level, rank: best.rank },
    ...{ run: best.runs[0] ?? null, adapterPath: run?.adapterPath ?? null, refusals: [], suggestion: null },
    headline: isBeaten ? beatenLine(knowledge, foreign) : headline(best, knowledge),
    sentences: [
      ...(isBeaten ? [headline(best, knowledge)] : []),
      ...formSentences(best, knowledge),
      ...untaughtSentences(best, knowledge, contrasts),
      ...levelSentences(best, knowledge),
      ...rankSentences(best, knowledge),
      ...costSentences(best, knowledge),
    ],
    evidence: evidenceOf(contrasts),
    cautions: cautionsOf(best, knowledge, foreign),
  };
}

/** The adapter that knows most; of equals the smallest rank, then the one of fewest tokens. */
export function bestCell({ cells }: Knowledge): KnowledgeCell {
  const [best] = [...cells].sort(
    (a, b) => b.trained.mean - a.trained.mean || a.rank - b.rank || (a.tokens ?? 0) - (b.tokens ?? 0),
  );
  if (best === undefined) throw new Error('a text book has adapters');
  return best;
}

const named = ({ level, form, rank }: KnowledgeCell): string =>
  `trained on ${level === 'original' ? 'the original text' : shortLevel(level)} as ${form} at rank ${rank}`;

function headline(best: KnowledgeCell, { dataset, floor, ceiling }: Knowledge): string {
  const read = ceiling.get(best.level);
  const beside = [
    ...(floor === null ? [] : [`the base alone ${percent(floor.mean)}`]),
    ...(read === undefined ? [] : [`the base that reads the text ${percent(read.mean)}`]),
  ];
  const worth = [counted(Math.round(best.facts), 'fact'), ...(best.bits === null ? [] : [`${whole(best.bits)} bits`])];
  const price = best.cost === null ? '' : `; it costs the base ${bitsText(best.cost.generalRise.mean)} on other text`;
  return `${dataset}: ${named(best)}, an adapter answers ${withInterval(best.trained, 'accuracy')} without the text: ${listed(worth)}${beside.length === 0 ? '' : `; ${listed(beside)}`}${price}.`;
}

function beatenLine({ dataset }: Knowledge, foreign: readonly Contrast[]): string {
  const [first] = foreign;
  const gap = first === undefined ? '' : ` (${contrastText(first)})`;
  return `${dataset}: training on the texts does not beat adapters that were trained on other documents${gap}: what is answered comes from the form of the questions, not from the texts.`;
}

/** The other forms at the best one's level and rank. */
function formSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const beside = cells.filter(
    (cell) =>
      cell.form !== best.form && cell.level === best.level && cell.rank === best.rank && cell.items === best.items,
  );
  if (beside.length === 0) return [];
  const told = beside.map((cell) => `${cell.form} ${percent(cell.trained.mean)}`);
  return [`By form, at the same level and rank: ${best.form} ${percent(best.trained.mean)}, ${listed(told)}.`];
}

/** Items of which only the text was trained. */
function untaughtSentences(best: KnowledgeCell, { cells }: Knowledge, contrasts: readonly Contrast[]): string[] {
  const [most] = cells
    .filter((cell) => cell.recall.untaught !== null && cell.level === best.level)
    .sort((a, b) => (b.recall.untaught?.mean ?? 0) - (a.recall.untaught?.mean ?? 0));
  if (most?.recall.untaught == null) return [];
  const contrast = contrasts.find(
    ({ kind, cell, group }) => kind === 'against raw' && cell === most && group === 'untaught',
  );
  const against = contrast === undefined ? '' : `; against raw text ${contrastText(contrast)}`;
  return [
    `Of items of which only the text was trained, and no question, ${most.form} at rank ${most.rank} answers ${withInterval(most.recall.untaught, 'accuracy')}${against}.`,
  ];
}

/** Recall over levels, with retention as its bound. */
function levelSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = cells.filter(
    (cell) =>
      cell.form === best.form &&
      cell.rank === best.rank &&
      cell.items === best.items &&
      cell.exposures === best.exposures,
  );
  if (line.length < 2) return [];
  const told = line.map(
    ({ level, trained, retention, learnt }) =>
      `${shortLevel(level)} ${percent(trained.mean)} (the texts keep ${percent(retention)} of the answers, ${percent(learnt)} of those were learnt)`,
  );
  return [`By level, ${best.form} at rank ${best.rank}: ${listed(told)}.`];
}

function rankSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = cells
    .filter((cell) => cell.form === best.form && cell.level === best.level && cell.items === best.items)
    .sort((a, b) => a.rank - b.rank);
  if (line.length < 2) return [];
  const told = line.map(
    ({ rank, trained, bitsPerParameter }) =>
      `rank ${rank} ${percent(trained.mean)}${bitsPerParameter === null ? '' : ` (${minus(bitsPerParameter, 4)} bits a parameter)`}`,
  );
  return [`By rank: ${listed(told)}.`];
}

const bitsText = (bits: number): string => `${minus(bits, 2)} bits a token`;

function costSentences(best: KnowledgeCell, knowledge: Knowledge): string[] {
  const { cost } = best;
  if (cost === null) return [];
  const { generalRise, divergence, reading } = cost;
  const lost =
    reading === null
      ? ''
      : ` Of ${counted(reading.asked, 'answer')} about texts that it never saw, shown to it, it loses ${reading.rightToWrong} and wins ${reading.wrongToRight}.`;
  const weaker = cost.variants.filter(({ scale, rank, recall }) => scale < 1 && rank === best.rank && recall !== null);
  const half = weaker.sort((a, b) => Math.abs(a.scale - 0.5) - Math.abs(b.scale - 0.5))[0];
  const sweep =
    half === undefined
      ? ''
      : ` At ${percent(half.scale, 0)} of its strength it recalls ${percent(half.recall)} for ${bitsText(half.generalRise.mean)}.`;
  return [
    `Cost to the base: loss on other text rises by ${bitsText(generalRise.mean)} (${minus(generalRise.low, 2)} to ${minus(generalRise.high, 2)}), divergence on its own samples is ${bitsText(divergence.mean)}.${lost}${sweep}`,
    ...mildest(best, knowledge),
  ];
}

/** Of adapters that know nearly as much, the one that costs least. */
function mildest(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const rise = (cell: KnowledgeCell): number => cell.cost?.generalRise.mean ?? Infinity;
  const near = cells.filter(
    ({ trained }) => trained.mean >= best.trained.low && trained.mean >= 0.8 * best.trained.mean,
  );
  const [least] = near.sort((a, b) => rise(a) - rise(b));
  if (least === undefined || least === best || rise(least) > 0.8 * rise(best)) return [];
  return [
    `Within the interval of the best, ${named(least)}, one costs ${bitsText(rise(least))} and answers ${percent(least.trained.mean)}.`,
  ];
}

function contrastText({ difference, low, high, questions, items }: Contrast): string {
  const points = (value: number): string => minus(100 * value, 1);
  return `${difference > 0 ? '+' : ''}${points(difference)} points, joint interval ${points(low)} to ${points(high)}, on ${counted(questions, 'question')} about ${counted(items, 'item')}`;
}

function evidenceOf(contrasts: readonly Contrast[]): string[] {
  return contrasts.map((contrast) => {
    const { kind, cell, group } = contrast;
    const what = group === 'all' ? '' : `, ${group} questions`;
    return `${cell.dataset}, ${named(cell)}, ${kind}${what}: ${contrastText(contrast)}.`;
  });
}

function cautionsOf(best: KnowledgeCell, { others, asked, known }: Knowledge, foreign: readonly Contrast[]): string[] {
  return [
    ...(others.size === 0
      ? [
          'No adapter of other documents was trained, so that what the form of the questions alone gives is not known: keep testItems, and controls on.',
        ]
      : foreign.length === 0
        ? ['Adapters of other documents were trained at another level or rank than those compared.']
        : []),
    ...(known > 0
      ? [
          `${counted(known, 'question')} of ${whole(asked)} the base answers without any text: they are left out of recall.`,
        ]
      : []),
    ...(best.seeds.length === 1
      ? ['Each adapter was trained once: noise between trainings is assumed, not measured; give seeds to measure it.']
      : []),
  ];
}
