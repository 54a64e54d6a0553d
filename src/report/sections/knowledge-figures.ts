/** The figures of a text book: recall over level, over tokens, against forgetting, and over ranks that an adapter is cut to. */
import { distinct, groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { bestCell } from '../../analysis/knowledge/best-cell.js';
import type { Knowledge, KnowledgeCell } from '../../analysis/knowledge/knowledge.js';
import { adapterName, recallAt, riseText } from '../../analysis/knowledge/words.js';
import { counted, listed, percent, sentenceCase, shortLevel, whole } from '../../analysis/wording.js';
import { figureWords, spanWords } from '../../words/charts.js';
import { forgettingChart, type Forgetting } from '../charts/knowledge/forgetting.js';
import { recallItemsChart } from '../charts/knowledge/recall-items.js';
import { recallLevelsChart } from '../charts/knowledge/recall-levels.js';
import { recallTokensChart, shortCount } from '../charts/knowledge/recall-tokens.js';
import { truncationChart, type RankRecall, type Truncation } from '../charts/knowledge/truncation.js';
import type { Figure } from './figure.js';

/** Those of all text books that have something to draw. */
export function knowledgeFigures({ knowledge, datasets }: Pick<Analysis, 'knowledge' | 'datasets'>): Figure[] {
  return knowledge.flatMap((own) => {
    const judge = datasets.find(({ dataset }) => dataset === own.dataset)?.judge ?? '';
    return [
      ...levelsFigure(own, judge),
      ...itemsFigure(own, judge),
      ...tokensFigure(own, judge),
      ...forgettingFigure(own),
      ...truncationFigure(own),
    ];
  });
}

/** The adapters of most items, at the rank that was tried at most levels and in most forms (of equals the largest), of each level and form the one of most exposures. */
function widest({ cells }: Knowledge): KnowledgeCell[] {
  const own = cells.filter((cell) => cell.items === mostItems(cells));
  const rank = rankOfMost(own, ({ level, form }) => JSON.stringify([level, form]));
  const places = groupBy(
    own.filter((cell) => cell.rank === rank),
    ({ level, form }) => JSON.stringify([level, form]),
  );
  return [...places.values()].flatMap((cells) => cells.slice(-1));
}

function levelsFigure(knowledge: Knowledge, judge: string): Figure[] {
  const cells = widest(knowledge);
  const best = bestCell({ cells });
  const line = cells.filter(({ form }) => form === best.form);
  if (line.length < 2) return [];
  const told = listed(line.map((cell) => recallAt(shortLevel(cell.level), cell)));
  const kept = listed(line.map(({ retention }) => percent(retention)));
  return [
    {
      name: `${knowledge.dataset}-text-levels`,
      title: figureWords().recallLevels(knowledge.dataset, best.rank),
      finding: figureWords().recallLevelsFinding(best.form, told, kept),
      notes: [...countNotes(cells, judge), figureWords().recallLevelsNote],
      draw: (size) => recallLevelsChart(cells, knowledge, size),
    },
  ];
}

const mostItems = (cells: readonly KnowledgeCell[]): number => Math.max(...cells.map(({ items }) => items));

/** The rank whose cells have most different places; of equals the largest. */
function rankOfMost(cells: readonly KnowledgeCell[], placeOf: (cell: KnowledgeCell) => string | number): number {
  const ranks = [...groupBy(cells, ({ rank }) => rank)].map(([rank, own]) => ({
    rank,
    places: distinct(own.map(placeOf)).length,
  }));
  ranks.sort((a, b) => b.places - a.places || b.rank - a.rank);
  return ranks[0]?.rank ?? 0;
}

/** Of the form that recalls most, at the first level, as often exposed. */
function itemsFigure(knowledge: Knowledge, judge: string): Figure[] {
  const [level] = knowledge.levels;
  const best = bestCell(knowledge);
  const cells = knowledge.cells.filter(
    ({ level: own, form, exposures }) => own === level && form === best.form && exposures === best.exposures,
  );
  const rank = rankOfMost(cells, ({ items }) => items);
  const line = cells.filter((cell) => cell.rank === rank).sort((a, b) => a.items - b.items);
  if (level === undefined || line.length < 2) return [];
  const told = [...line.slice(0, 1), ...line.slice(-1)].map((cell) => recallAt(counted(cell.items, 'item'), cell));
  return [
    {
      name: `${knowledge.dataset}-text-items`,
      title: figureWords().recallItems(knowledge.dataset, shortLevel(level)),
      finding: figureWords().recallItemsFinding(best.form, rank, listed(told)),
      notes: countNotes(cells, judge),
      draw: (size) => recallItemsChart(cells, knowledge, size),
    },
  ];
}

/** At the first level and of most items, at the rank that was tried with most numbers of tokens. */
function tokensFigure(knowledge: Knowledge, judge: string): Figure[] {
  const [level] = knowledge.levels;
  const items = mostItems(knowledge.cells);
  const own = knowledge.cells.filter((cell) => cell.level === level && cell.items === items && cell.tokens !== null);
  const rank = rankOfMost(own, ({ tokens }) => tokens ?? 0);
  const cells = own.filter((cell) => cell.rank === rank);
  if (distinct(cells.map(({ tokens }) => tokens)).length < 2) return [];
  const ends = [...groupBy(cells, ({ form }) => form).values()].flatMap((own) => own.slice(-1));
  const told = ends.map((cell) => figureWords().withTokens(recallAt(cell.form, cell), shortCount(cell.tokens ?? 0)));
  return [
    {
      name: `${knowledge.dataset}-text-tokens`,
      title: figureWords().recallTokens(knowledge.dataset, shortLevel(level ?? 'none'), rank),
      finding: figureWords().recallTokensFinding(listed(told)),
      notes: countNotes(cells, judge),
      draw: (size) => recallTokensChart(cells, knowledge, size),
    },
  ];
}

/** Of most items. */
function forgettingFigure(knowledge: Knowledge): Figure[] {
  const items = mostItems(knowledge.cells);
  const points = knowledge.cells.filter((cell) => cell.items === items).flatMap(forgettingOf);
  const [first, ...others] = points;
  if (first === undefined || (others.length === 0 && first.strengths.length < 2)) return [];
  const words = figureWords();
  const most = points.reduce((a, b) => (b.recall > a.recall ? b : a));
  return [
    {
      name: `${knowledge.dataset}-text-forgetting`,
      title: words.forgetting(knowledge.dataset),
      finding: words.forgettingFinding(adapterName(most.cell), percent(most.recall), riseText(most.rise)),
      notes: [
        words.forgettingNote,
        ...(points.some(({ strengths }) => strengths.length > 1) ? [words.strengths] : []),
        words.probe,
      ],
      draw: (size) => forgettingChart(points, knowledge, size),
    },
  ];
}

function forgettingOf(cell: KnowledgeCell): Forgetting[] {
  const { cost, rank } = cell;
  if (cost?.recall == null) return [];
  const strengths = cost.variants.flatMap((variant) =>
    variant.rank === rank && variant.recall !== null
      ? [{ scale: variant.scale, recall: variant.recall, rise: variant.generalRise.mean }]
      : [],
  );
  return [{ cell, recall: cost.recall, rise: cost.generalRise, strengths }];
}

/** Lines of more forms cannot be told apart: each has two. */
const MOST_CUT = 3;

function truncationFigure(knowledge: Knowledge): Figure[] {
  const all = widest(knowledge).flatMap((cell) => truncationOf(cell, knowledge));
  all.sort((a, b) => most(b.cut) - most(a.cut));
  const [best] = all;
  if (best === undefined) return [];
  const lines = all.filter(({ level }) => level === best.level).slice(0, MOST_CUT);
  const left = all.filter(({ level }) => level === best.level).length - lines.length;
  return [
    {
      name: `${knowledge.dataset}-text-ranks`,
      title: figureWords().truncation(knowledge.dataset, shortLevel(best.level)),
      finding: truncationFinding(best),
      notes: [
        figureWords().truncationNote,
        ...(left > 0 ? [figureWords().formsLeft(counted(left, 'form'))] : []),
        figureWords().probe,
      ],
      draw: (size) => truncationChart(lines, knowledge, size),
    },
  ];
}

const most = (recalls: readonly RankRecall[]): number => Math.max(...recalls.map(({ recall }) => recall));

function truncationOf(cell: KnowledgeCell, { cells }: Knowledge): (Truncation & Pick<KnowledgeCell, 'level'>)[] {
  const { form, level, items, exposures, cost } = cell;
  const cut = (cost?.variants ?? [])
    .flatMap(({ scale, rank, recall }): RankRecall[] => (scale === 1 && recall !== null ? [{ rank, recall }] : []))
    .sort((a, b) => a.rank - b.rank);
  if (cut.length < 2) return [];
  const trained = cells.flatMap((other): RankRecall[] => {
    const isBeside =
      other.form === form && other.level === level && other.items === items && other.exposures === exposures;
    const recall = other.cost?.recall ?? null;
    return isBeside && recall !== null ? [{ rank: other.rank, recall }] : [];
  });
  return [{ form, level, cut, trained }];
}

/** The smallest rank that was both cut to and trained at; without one, the smallest cut to. */
function truncationFinding({ form, cut, trained }: Truncation): string {
  const largest = cut.at(-1);
  const smaller = cut.slice(0, -1);
  const pair = smaller.find(({ rank }) => trained.some((other) => other.rank === rank)) ?? smaller[0];
  const beside = trained.find(({ rank }) => rank === pair?.rank);
  const words = figureWords();
  const told = [
    words.ofRank(largest?.rank ?? 0, form, percent(largest?.recall ?? null)),
    words.cutTo(pair?.rank ?? 0, percent(pair?.recall ?? null)),
    ...(beside === undefined ? [] : [words.trainedAt(beside.rank, percent(beside.recall))]),
  ];
  return sentenceCase(words.sentence(told));
}

function countNotes(cells: readonly KnowledgeCell[], judge: string): string[] {
  const seeds = Math.max(...cells.map((cell) => cell.seeds.length));
  const words = figureWords();
  return [
    words.textCounts({
      ...{ judge, questions: span(cells.map(({ trained }) => trained.n)) },
      items: span(cells.map(({ trained }) => trained.clusters)),
      pooled: seeds > 1 ? counted(seeds, 'seed') : null,
    }),
    words.textBars,
  ];
}

function span(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return spanWords(whole(low), whole(high));
}
