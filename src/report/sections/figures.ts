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
    <h2>Figures</h2>
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
    title: `${dataset}: ${measureName(measure)} over compression, ${bookName(book)}, rank ${rank}`,
    finding: curveFinding(curve),
    notes: [
      'Round: no detectable difference to the best level; triangle: detectably lower, both by paired comparison on the same questions.',
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
      title: `${dataset}: ${measureName(measure)} over answers kept in the text, ${bookName(book)}, rank ${rank}`,
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
    const place = book === 'closed' ? bookName(book) : `${bookName(book)}, ${shortLevel(level)}`;
    return [
      {
        name: `${dataset}-${book}-amount`,
        title: `${dataset}: ${book === 'closed' ? 'recall' : measureName(measure)} over items trained on, ${place}`,
        finding: amountFinding(cells, measure, analysis.compare),
        notes: [
          ...(fitted.length > 0 ? ['Thin and dashed: the saturating curve through a rank’s points.'] : []),
          ...notesOn(cells, measure, judgeOf(dataset, analysis)),
        ],
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
        title: `${dataset}: ${measureName(measure)} over level, one line for each rank, ${bookName(book)}`,
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
    title: `${dataset}: ${measureName(measure)} over the size of the adapter, ${bookName(book)}`,
    finding: choices
      .map(({ level, rank, settled, largest }) =>
        settled || rank < largest
          ? `${sentenceCase(shortLevel(level))}: rank ${rank} is enough.`
          : `${sentenceCase(shortLevel(level))}: whether less than rank ${largest} is enough is not settled.`,
      )
      .join(' '),
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
  return measure === 'score' ? 'score' : 'correct answers';
}

function notesOn(cells: readonly Cell[], measure: Measure, judge: string): string[] {
  const numbers = cells.map((cell) => estimateOf(cell, measure));
  const unscored = cells.reduce((sum, cell) => sum + cell.unscored, 0);
  const seeds = Math.max(...cells.map(({ runs }) => runs.length));
  return [
    `Judge: ${judge}. n = ${span(numbers.map(({ n }) => n))} answers on ${span(numbers.map(({ clusters }) => clusters))} items a point${seeds > 1 ? `, up to ${counted(seeds, 'run')} pooled` : ''}.`,
    'Bars: 95 % intervals of each mean by itself, clustered by item and widened by the noise between seeds; dashed, or crosses at levels of another kind: the untuned base model.',
    ...(unscored > 0 ? [`${counted(unscored, 'answer')} unscored and left out.`] : []),
    ...(cells.some(({ truncated }) => truncated > 0) ? ['Hollow: contexts were cut to the context length.'] : []),
  ];
}

function span(numbers: readonly number[]): string {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? whole(low) : `${whole(low)} to ${whole(high)}`;
}
