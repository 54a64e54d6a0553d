/** What a text book shows, in words: what is known without the text, by form, level and rank, and at what cost to the base. */
import type { DatasetRecommendation } from '../verdict.js';
import type { RunSummary } from '../run-summary.js';
import { counted, listed, percent, sentenceCase, shortLevel, whole, withInterval } from '../wording.js';
import { besideBest, bestCell, cheaperCell } from './best-cell.js';
import { contrastsOf, type Contrast } from './contrasts.js';
import { costSentences } from './cost-sentences.js';
import type { Knowledge, KnowledgeCell } from './knowledge.js';
import { adapterName, bitsEach, contrastCount, contrastText, recallAt, riseWords, signedBits } from './words.js';

/** The verdict on a data set's text book: the adapter that knows most, and what it is worth. */
export function knowledgeVerdict(knowledge: Knowledge, runs: readonly RunSummary[]): DatasetRecommendation {
  const best = bestCell(knowledge);
  const contrasts = contrastsOf(knowledge);
  const foreign = contrasts.filter(({ kind }) => kind === 'against other documents');
  const isBeaten = foreign.length > 0 && !foreign.some(({ detectable, difference }) => detectable && difference > 0);
  const finding = findingOf(best);
  const run = runs.find(({ id, adapterPath }) => best.runs.includes(id) && adapterPath !== null);
  return {
    ...{ dataset: knowledge.dataset, book: 'text', level: best.level, rank: best.rank },
    ...{ run: run?.id ?? best.runs[0] ?? null, adapterPath: run?.adapterPath ?? null, refusals: [], suggestion: null },
    headline: `${knowledge.dataset}: ${isBeaten ? beatenLine(foreign) : finding}`,
    sentences: [
      ...(isBeaten ? [UNPROVEN, sentenceCase(finding)] : []),
      ...choiceSentences(best, knowledge),
      ...besideSentences(best, knowledge),
      ...formSentences(best, knowledge),
      ...untaughtSentences(best, knowledge, contrasts),
      ...levelSentences(best, knowledge),
      ...rankSentences(best, knowledge),
      ...costSentences(best),
      ...cheaperSentences(best, knowledge),
    ],
    evidence: contrasts.map((contrast) => evidenceOf(contrast, knowledge)),
    cautions: cautionsOf(best, knowledge, foreign),
  };
}

const UNPROVEN = 'So nothing shows yet that the answers come from the texts, not from the form of the questions.';

function beatenLine(foreign: readonly Contrast[]): string {
  const [most] = [...foreign].sort((a, b) => b.difference - a.difference);
  const gap = most === undefined ? '' : ` (${adapterName(most.cell)}: ${contrastText(most)})`;
  return `training on the texts does not detectably beat training on other documents${gap}.`;
}

function findingOf({ level, form, rank, trained, facts, bits, cost }: KnowledgeCell): string {
  const text = level === 'original' ? 'the original text' : shortLevel(level);
  const worth = [counted(Math.round(facts), 'fact'), ...(bits === null ? [] : [`${whole(bits)} bits`])];
  const price = cost === null ? '' : `; the loss on other text ${riseWords(cost.generalRise)}`;
  return `trained on ${text} as ${form}, an adapter of rank ${rank} answers ${withInterval(trained, 'accuracy')} without the text: ${listed(worth)}${price}.`;
}

/** What the base and an adapter of other documents answer. */
function besideSentences(best: KnowledgeCell, { floor, ceiling, others }: Knowledge): string[] {
  const read = ceiling.get(best.level);
  const other = others.get(best.form);
  const base = [
    ...(floor === null ? [] : [`${percent(floor.mean)} without the text`]),
    ...(read === undefined ? [] : [`${percent(read.mean)} with the text in the prompt`]),
  ];
  return [
    ...(base.length === 0 ? [] : [`The base alone answers ${listed(base)}.`]),
    ...(other === undefined
      ? []
      : [`An adapter of other documents answers ${percent(other.recall.mean)} (${best.form}, rank ${other.rank}).`]),
  ];
}

/** Why this one: it recalls most; how many others that does not tell it from. */
function choiceSentences(best: KnowledgeCell, knowledge: Knowledge): string[] {
  const { cells } = knowledge;
  if (cells.length < 2) return [];
  const beside = besideBest(best, knowledge).length;
  const close = beside === 0 ? '' : `; the recall of ${counted(beside, 'other')} lies within the interval of its own`;
  return [`Of ${whole(cells.length)} adapters this one recalls most facts${close}.`];
}

/** The other forms at the best one's place. */
function formSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const told = cells
    .filter((cell) => isLike(best, cell, ['level', 'rank', 'items']))
    .map((cell) => recallAt(cell.form, cell));
  return told.length < 2 ? [] : [`By form, at that level and rank: ${listed(told)}.`];
}

/** Items of which only the text was trained: the adapter that recalls most of them (of equals the best one), against raw text. */
function untaughtSentences(best: KnowledgeCell, { cells }: Knowledge, contrasts: readonly Contrast[]): string[] {
  const [most] = [best, ...cells]
    .filter(({ recall, level }) => recall.untaught !== null && level === best.level)
    .sort((a, b) => (b.recall.untaught?.mean ?? 0) - (a.recall.untaught?.mean ?? 0));
  if (most?.recall.untaught == null) return [];
  const contrast = contrasts.find(
    ({ kind, cell, group }) => kind === 'against raw' && cell === most && group === 'untaught',
  );
  return [
    `Of items whose text alone was trained, without a question, ${most.form} at rank ${most.rank} answers ${withInterval(most.recall.untaught, 'accuracy')}.`,
    ...(contrast === undefined ? [] : [againstRaw(contrast)]),
  ];
}

function againstRaw(contrast: Contrast): string {
  const how = contrast.detectable
    ? `${contrast.difference > 0 ? 'more' : 'less'} than raw text alone`
    : 'not detectably different from raw text alone';
  return `That is ${how}: ${contrastText(contrast)}.`;
}

/** Recall over levels; then what the texts kept, and what of that was learnt. */
function levelSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = lineThrough(best, cells, ['form', 'rank', 'items', 'exposures']);
  const [first] = line;
  if (first === undefined || line.length < 2) return [];
  const kept = line.filter(({ retention }) => retention !== null);
  return [
    `By level, ${first.form} at rank ${first.rank}: ${listed(line.map((cell) => recallAt(shortLevel(cell.level), cell)))}.`,
    ...(kept.length < 2
      ? []
      : [
          `The texts keep ${listed(kept.map(({ retention }) => percent(retention)))} of the answers; of those ${listed(kept.map(({ learnt }) => percent(learnt)))} are recalled.`,
        ]),
  ];
}

function rankSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = lineThrough(best, cells, ['form', 'level', 'items', 'exposures']);
  const [first] = line;
  const told = [...line].sort((a, b) => a.rank - b.rank).map((cell) => recallAt(`rank ${cell.rank}`, cell));
  return [
    ...(first === undefined || line.length < 2
      ? []
      : [`By rank, ${first.form} from ${shortLevel(first.level)}: ${listed(told)}.`]),
    ...(best.bitsPerParameter === null
      ? []
      : [`At rank ${best.rank} that is ${bitsEach(best.bitsPerParameter)} bits a parameter.`]),
  ];
}

/** The cells that differ from the best one in one place alone; where there is no other such cell, the longest such line of another's. */
function lineThrough(best: KnowledgeCell, cells: readonly KnowledgeCell[], places: readonly Place[]): KnowledgeCell[] {
  const lineOf = (head: KnowledgeCell) => cells.filter((cell) => isLike(head, cell, places));
  const own = lineOf(best);
  if (own.length > 1) return own;
  return cells.map(lineOf).reduce((longest, line) => (line.length > longest.length ? line : longest), own);
}

type Place = 'level' | 'form' | 'rank' | 'items' | 'exposures';

function isLike(best: KnowledgeCell, cell: KnowledgeCell, places: readonly Place[]): boolean {
  return places.every((place) => cell[place] === best[place]);
}

/** An adapter that knows nearly as much for less. */
function cheaperSentences(best: KnowledgeCell, knowledge: Knowledge): string[] {
  const cheaper = cheaperCell(best, knowledge);
  if (cheaper?.cost == null) return [];
  return [
    `Cheaper, and within its interval: ${adapterName(cheaper)} answers ${percent(cheaper.trained.mean)} for ${signedBits(cheaper.cost.generalRise.mean)}.`,
  ];
}

function evidenceOf(contrast: Contrast, { dataset }: Knowledge): string {
  const { kind, cell, group } = contrast;
  const what = group === 'all' ? '' : `, ${group} questions`;
  return `${dataset}, ${adapterName(cell)}, ${kind}${what}: ${contrastText(contrast)}, on ${contrastCount(contrast)}.`;
}

function cautionsOf(best: KnowledgeCell, knowledge: Knowledge, foreign: readonly Contrast[]): string[] {
  const { asked, known } = knowledge;
  return [
    ...controlCautions(knowledge, foreign),
    ...(known > 0
      ? [
          `The base answers ${whole(known)} of ${counted(asked, 'question')} without any text: these are left out of recall and comparisons.`,
        ]
      : []),
    ...(best.seeds.length === 1
      ? ['Each adapter was trained once: noise between trainings is assumed, not measured; give seeds to measure it.']
      : []),
  ];
}

function controlCautions({ others }: Knowledge, foreign: readonly Contrast[]): string[] {
  if (others.size === 0)
    return [
      'No adapter of other documents was trained, so that what the form of the questions alone gives is not known: keep testItems, and controls on.',
    ];
  if (foreign.length > 0) return [];
  return ['Adapters of other documents were trained at another level or rank than those compared.'];
}
