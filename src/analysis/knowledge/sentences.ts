/** What a text book shows, in words: what is known without the text, by form, level and rank, and at what cost to the base. */
import { byTopic } from '../topics.js';
import type { DatasetRecommendation } from '../verdict.js';
import type { RunSummary } from '../run-summary.js';
import { knowledgeWords } from '../../words/knowledge.js';
import { numberWords } from '../../words/numbers.js';
import { verdictWords } from '../../words/verdict.js';
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
    headline: `${verdictWords().ofDataset(knowledge.dataset)}${isBeaten ? beatenLine(foreign) : finding}`,
    ...byTopic({
      finding: [
        ...(isBeaten ? [knowledgeWords().unproven, sentenceCase(finding)] : []),
        ...choiceSentences(best, knowledge),
        ...besideSentences(best, knowledge),
        ...formSentences(best, knowledge),
        ...untaughtSentences(best, knowledge, contrasts),
      ],
      compression: levelSentences(best, knowledge),
      parameters: [...rankSentences(best, knowledge), ...itemsSentences(best, knowledge)],
      cost: [...costSentences(best), ...cheaperSentences(best, knowledge)],
    }),
    evidence: contrasts.map((contrast) => evidenceOf(contrast, knowledge)),
    cautions: cautionsOf(best, knowledge, foreign),
  };
}

function beatenLine(foreign: readonly Contrast[]): string {
  const [most] = [...foreign].sort((a, b) => b.difference - a.difference);
  const words = knowledgeWords();
  return words.beaten(most === undefined ? '' : words.gap(adapterName(most.cell), contrastText(most)));
}

function findingOf({ level, form, rank, trained, facts, bits, cost }: KnowledgeCell): string {
  const words = knowledgeWords();
  const worth = [counted(Math.round(facts), 'fact'), ...(bits === null ? [] : [words.bits(whole(bits))])];
  return words.finding({
    ...{ form, rank, recall: withInterval(trained, 'accuracy'), worth: listed(worth) },
    text: level === 'original' ? words.originalText : shortLevel(level),
    price: cost === null ? '' : words.price(riseWords(cost.generalRise)),
  });
}

/** What the base and an adapter of other documents answer. */
function besideSentences(best: KnowledgeCell, { floor, ceiling, others }: Knowledge): string[] {
  const read = ceiling.get(best.level);
  const other = others.get(best.form);
  const words = knowledgeWords();
  const base = [
    ...(floor === null ? [] : [words.withoutText(percent(floor.mean))]),
    ...(read === undefined ? [] : [words.withText(percent(read.mean))]),
  ];
  return [
    ...(base.length === 0 ? [] : [words.baseAnswers(base)]),
    ...(other === undefined ? [] : [words.otherDocuments(percent(other.recall.mean), best.form, other.rank)]),
  ];
}

/** Why this one: it recalls most; how many others that does not tell it from. */
function choiceSentences(best: KnowledgeCell, knowledge: Knowledge): string[] {
  const { cells } = knowledge;
  if (cells.length < 2) return [];
  const beside = besideBest(best, knowledge).length;
  const words = knowledgeWords();
  const close = beside === 0 ? '' : words.close(counted(beside, 'other'));
  return [words.choice(whole(cells.length), close)];
}

/** The other forms at the best one's place. */
function formSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const told = cells
    .filter((cell) => isLike(best, cell, ['level', 'rank', 'items']))
    .map((cell) => recallAt(cell.form, cell));
  return told.length < 2 ? [] : [knowledgeWords().byForm(listed(told))];
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
    knowledgeWords().untaught(most.form, most.rank, withInterval(most.recall.untaught, 'accuracy')),
    ...(contrast === undefined ? [] : [againstRaw(contrast)]),
  ];
}

function againstRaw(contrast: Contrast): string {
  const words = knowledgeWords();
  const numbers = contrastText(contrast);
  if (!contrast.detectable) return words.likeRaw(numbers);
  return contrast.difference > 0 ? words.moreThanRaw(numbers) : words.lessThanRaw(numbers);
}

/** Recall over levels; then what the texts kept, and what of that was learnt. */
function levelSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = lineThrough(best, cells, ['form', 'rank', 'items', 'exposures']);
  const [first] = line;
  if (first === undefined || line.length < 2) return [];
  const words = knowledgeWords();
  const kept = line.filter(({ retention }) => retention !== null);
  return [
    words.byLevel(first.form, first.rank, listed(line.map((cell) => recallAt(shortLevel(cell.level), cell)))),
    ...(kept.length < 2
      ? []
      : [
          words.kept(
            listed(kept.map(({ retention }) => percent(retention))),
            listed(kept.map(({ learnt }) => percent(learnt))),
          ),
        ]),
  ];
}

function rankSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = lineThrough(best, cells, ['form', 'level', 'items', 'exposures']);
  const [first] = line;
  const words = knowledgeWords();
  const told = [...line].sort((a, b) => a.rank - b.rank).map((cell) => recallAt(numberWords().rank(cell.rank), cell));
  return [
    ...(first === undefined || line.length < 2
      ? []
      : [words.byRank(first.form, shortLevel(first.level), listed(told))]),
    ...(best.bitsPerParameter === null ? [] : [words.bitsEach(best.rank, bitsEach(best.bitsPerParameter))]),
  ];
}

/** Recall of the fewest and of the most items. */
function itemsSentences(best: KnowledgeCell, { cells }: Knowledge): string[] {
  const line = lineThrough(best, cells, ['form', 'level', 'rank', 'exposures']);
  const sorted = [...line].sort((a, b) => a.items - b.items);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const told = [first, last].map((cell) => recallAt(counted(cell.items, 'item'), cell));
  return [knowledgeWords().byItems(first.form, shortLevel(first.level), first.rank, listed(told))];
}

/** The cells that differ from one in one place alone: the longest such line, of equals the best one's, then one of most items. */
function lineThrough(best: KnowledgeCell, cells: readonly KnowledgeCell[], places: readonly Place[]): KnowledgeCell[] {
  const lineOf = (head: KnowledgeCell) => cells.filter((cell) => isLike(head, cell, places));
  const heads = [...cells].sort((a, b) => b.items - a.items);
  return heads.map(lineOf).reduce((longest, line) => (line.length > longest.length ? line : longest), lineOf(best));
}

type Place = 'level' | 'form' | 'rank' | 'items' | 'exposures';

function isLike(best: KnowledgeCell, cell: KnowledgeCell, places: readonly Place[]): boolean {
  return places.every((place) => cell[place] === best[place]);
}

/** An adapter that knows nearly as much for less. */
function cheaperSentences(best: KnowledgeCell, knowledge: Knowledge): string[] {
  const cheaper = cheaperCell(best, knowledge);
  if (cheaper?.cost == null) return [];
  const price = signedBits(cheaper.cost.generalRise.mean);
  return [knowledgeWords().cheaper(adapterName(cheaper), percent(cheaper.trained.mean), price)];
}

function evidenceOf(contrast: Contrast, { dataset }: Knowledge): string {
  const { kind, cell, group } = contrast;
  const [numbers, count] = [contrastText(contrast), contrastCount(contrast)];
  return knowledgeWords().line({ dataset, adapter: adapterName(cell), kind, group, numbers, count });
}

function cautionsOf(best: KnowledgeCell, knowledge: Knowledge, foreign: readonly Contrast[]): string[] {
  const { asked, known } = knowledge;
  return [
    ...controlCautions(knowledge, foreign),
    ...(known > 0 ? [knowledgeWords().known(whole(known), counted(asked, 'question'))] : []),
    ...(best.seeds.length === 1 ? [knowledgeWords().oneSeed] : []),
  ];
}

function controlCautions({ others }: Knowledge, foreign: readonly Contrast[]): string[] {
  if (others.size === 0) return [knowledgeWords().noOthers];
  return foreign.length > 0 ? [] : [knowledgeWords().othersElsewhere];
}
