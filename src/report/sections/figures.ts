/** The figures of the study: score over compression, over amount and over level by rank, loss over steps, each with its finding and its numbers of answers. */
import { distinct, groupBy } from '../../core/collections.js';
import type { Analysis } from '../../analysis/analyse.js';
import { baseCell, type Curve } from '../../analysis/curve.js';
import {
  amountFinding,
  curveFinding,
  rankFinding,
  retentionCorrelation,
  retentionFinding,
} from '../../analysis/findings.js';
import { estimateOf, type Cell } from '../../analysis/group.js';
import type { Measure } from '../../analysis/measure.js';
import type { RankChoice } from '../../analysis/rank.js';
import { recalledOf } from '../../analysis/saturation.js';
import { bookName, counted, sentenceCase, shortLevel, whole } from '../../analysis/wording.js';
import { spanWords, figureWords } from '../../words/charts.js';
import { findingWords } from '../../words/findings.js';
import { numberWords } from '../../words/numbers.js';
import { pageWords } from '../../words/page.js';
import { amountChart, type FittedLine } from '../charts/amount.js';
import { compressionChart } from '../charts/compression.js';
import { levelsChart } from '../charts/levels.js';
import { hasSizes, sizeChart } from '../charts/size.js';
import { html, NOTHING, type Html } from '../html.js';
import { figureHtml, type Figure } from './figure.js';
import { knowledgeFigures } from './knowledge-figures.js';
import { lossFigures, type LossCurves } from './loss-figures.js';

/** All figures but those of text books, numbered from the one behind those. */
export function figuresSection(analysis: Analysis, losses: LossCurves = new Map()): Html {
  const figures = otherFigures(analysis, losses);
  if (figures.length === 0) return NOTHING;
  const before = knowledgeFigures(analysis).length;
  return html`<section id="figures">
    <h2>${pageWords().section.figures}</h2>
    <div class="figures">${figures.map((figure, i) => figureHtml(figure, before + i + 1))}</div>
  </section>`;
}

/** All figures that the rows allow, in the page's order. */
export function studyFigures(analysis: Analysis, losses: LossCurves = new Map()): Figure[] {
  return [...knowledgeFigures(analysis), ...otherFigures(analysis, losses)];
}

function otherFigures(analysis: Analysis, losses: LossCurves): Figure[] {
  const ranks = distinct([...analysis.cells, ...analysis.runs].map(({ rank }) => rank)).filter((rank) => rank > 0);
  ranks.sort((a, b) => a - b);
  const order = analysis.recommendation.datasets.map(({ dataset }) => dataset);
  const curves = [...analysis.curves].sort((a, b) => order.indexOf(a.dataset) - order.indexOf(b.dataset));
  return [
    ...curves.map((curve) => compressionFigure(curve, analysis)),
    ...amountFigures(analysis, ranks),
    ...levelFigures(analysis, ranks),
    ...curves.flatMap((curve) => retentionFigure(curve, analysis)),
    ...lossFigures(analysis, losses, ranks),
  ];
}

function compressionFigure(curve: Curve, analysis: Analysis): Figure {
  const { dataset, book, rank, measure } = curve;
  return {
    name: `${dataset}-${book}-compression`,
    title: figureWords().overCompression(dataset, measureName(measure), placeOf(book, rank)),
    finding: curveFinding(curve),
    notes: [
      figureWords().marks,
      ...notesOn(
        curve.points.map(({ cell }) => cell),
        measure,
        judgeOf(dataset, analysis),
      ),
    ],
    draw: (size) => compressionChart(curve, size),
  };
}

/** The same scores over what the texts kept: for many data sets a better axis than length. */
function retentionFigure(curve: Curve, analysis: Analysis): Figure[] {
  const correlation = retentionCorrelation(curve);
  if (correlation === null) return [];
  const { dataset, book, rank, measure } = curve;
  return [
    {
      name: `${dataset}-${book}-retention`,
      title: figureWords().overKept(dataset, measureName(measure), placeOf(book, rank)),
      finding: retentionFinding(correlation),
      notes: notesOn(
        curve.points.map(({ cell }) => cell),
        measure,
        judgeOf(dataset, analysis),
      ),
      draw: (size) => compressionChart(curve, size, 'retention'),
    },
  ];
}

function amountFigures(analysis: Analysis, ranks: readonly number[]): Figure[] {
  const groups = groupBy(trained(analysis), ({ dataset, book, level }) => JSON.stringify([dataset, book, level]));
  return [...groups.values()].flatMap((cells): Figure[] => {
    const lines = groupBy(cells, ({ rank }) => String(rank));
    if (![...lines.values()].some((line) => line.length > 1)) return [];
    const { dataset, book, level } = cells[0] as Cell;
    // Recall counts facts, whatever unit the judge has elsewhere.
    const measure = book === 'closed' ? 'accuracy' : measureFor(dataset, analysis);
    const fitted = book === 'closed' ? fittedLines(analysis, dataset) : [];
    const words = figureWords();
    const place = numberWords().parts(bookName(book), ...(book === 'closed' ? [] : [shortLevel(level)]));
    const shown = book === 'closed' ? words.recall : measureName(measure);
    return [
      {
        name: `${dataset}-${book}-amount`,
        title: words.overItems(dataset, shown, place),
        finding: amountFinding(cells, measure, analysis.compare),
        notes: [...(fitted.length > 0 ? [words.fitted] : []), ...notesOn(cells, measure, judgeOf(dataset, analysis))],
        draw: (size) => amountChart({ cells, base: baseFor(cells[0] as Cell, analysis), measure, ranks, fitted }, size),
      },
    ];
  });
}

/** The saturating curve of each rank as recall over items, floor and all. */
function fittedLines({ capacity }: Analysis, dataset: string): FittedLine[] {
  return capacity.flatMap(({ dataset: own, rank, points, saturation: { facts } }) => {
    const last = points.at(-1);
    if (own !== dataset || facts === null || last === undefined) return [];
    const perItem = last.facts / last.items;
    const valueAt = (items: number): number =>
      last.floor + ((1 - last.floor) * recalledOf(facts, perItem * items)) / (perItem * items);
    return [{ rank, valueAt }];
  });
}

function levelFigures(analysis: Analysis, ranks: readonly number[]): Figure[] {
  const open = trained(analysis).filter(({ book }) => book !== 'closed');
  const arms = groupBy(open, ({ dataset, book }) => JSON.stringify([dataset, book]));
  return [...arms.values()].flatMap((arm): Figure[] => {
    const cells = widestAmount(arm);
    const { dataset, book, items } = cells[0] as Cell;
    const choices = analysis.ranks.filter((c) => c.dataset === dataset && c.book === book && c.items === items);
    if (choices.length === 0 || distinct(cells.map(({ level }) => level)).length < 2) return [];
    const measure = measureFor(dataset, analysis);
    return [
      {
        name: `${dataset}-${book}-levels`,
        title: figureWords().overLevel(dataset, measureName(measure), bookName(book)),
        finding: rankFinding(choices),
        notes: notesOn(cells, measure, judgeOf(dataset, analysis)),
        draw: (size) => levelsChart({ cells, bases: basesOf(cells[0] as Cell, analysis), measure, ranks }, size),
      },
      ...(hasSizes(choices) ? [sizeFigure(choices, judgeOf(dataset, analysis))] : []),
    ];
  });
}

/** What a larger rank buys, over what it costs. */
function sizeFigure(choices: readonly RankChoice[], judge: string): Figure {
  const { dataset, book, measure } = choices[0] as RankChoice;
  return {
    name: `${dataset}-${book}-size`,
    title: figureWords().overSize(dataset, measureName(measure), bookName(book)),
    finding: numberWords().sentences(
      choices.map(({ level, rank, settled, largest }) => {
        const name = sentenceCase(shortLevel(level));
        const isEnough = settled || rank < largest;
        return isEnough ? findingWords().rankEnough(name, rank) : findingWords().rankOpen(name, largest);
      }),
    ),
    notes: notesOn(
      choices.flatMap(({ candidates }) => candidates.map(({ cell }) => cell)),
      measure,
      judge,
    ),
    draw: (size) => sizeChart(choices, size),
  };
}

/** The cells of the amount that most levels and ranks were trained on. */
function widestAmount(arm: readonly Cell[]): Cell[] {
  const amounts = [...groupBy(arm, ({ items }) => String(items)).values()];
  return amounts.sort((a, b) => b.length - a.length)[0] ?? [];
}

function trained({ cells }: Analysis): Cell[] {
  return cells.filter(({ rank, accuracy }) => rank > 0 && accuracy.n > 0);
}

function basesOf({ dataset, book }: Cell, { cells }: Analysis): Cell[] {
  return cells.filter((cell) => cell.dataset === dataset && cell.book === book && cell.rank === 0);
}

function baseFor(cell: Cell, analysis: Analysis): Cell | null {
  const bases = basesOf(cell, analysis);
  return bases.find(({ level }) => level === cell.level) ?? baseCell(bases);
}

function measureFor(dataset: string, { datasets }: Analysis): Measure {
  return datasets.find((reading) => reading.dataset === dataset)?.measure ?? 'accuracy';
}

function judgeOf(dataset: string, { datasets }: Analysis): string {
  return datasets.find((reading) => reading.dataset === dataset)?.judge ?? '';
}

function measureName(measure: Measure): string {
  return figureWords().measure[measure];
}

function placeOf(book: Curve['book'], rank: number): string {
  const words = numberWords();
  return words.parts(bookName(book), words.rank(rank));
}

function notesOn(cells: readonly Cell[], measure: Measure, judge: string): string[] {
  const numbers = cells.map((cell) => estimateOf(cell, measure));
  const unscored = cells.reduce((sum, cell) => sum + cell.unscored, 0);
  const seeds = Math.max(...cells.map(({ runs }) => runs.length));
  const words = figureWords();
  return [
    words.counts({
      ...{ judge, answers: span(numbers.map(({ n }) => n)), items: span(numbers.map(({ clusters }) => clusters)) },
      pooled: seeds > 1 ? counted(seeds, 'run') : null,
    }),
    words.bars,
    ...(unscored > 0 ? [words.unscored(counted(unscored, 'answer'))] : []),
    ...(cells.some(({ truncated }) => truncated > 0) ? [words.hollow] : []),
  ];
}

function span(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return spanWords(whole(low), whole(high));
}
