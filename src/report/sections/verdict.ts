/** The verdict on top of the page: what to use on each data set, in numbers and sentences, its cautions and its evidence. */
import type { Analysis } from '../../analysis/analyse.js';
import { estimateOf, type Cell } from '../../analysis/group.js';
import { signedBits } from '../../analysis/knowledge/words.js';
import type { Measure } from '../../analysis/measure.js';
import type { DatasetRecommendation } from '../../analysis/verdict.js';
import { amount, bookName, percent, sentenceCase, shortLevel, whole, withInterval } from '../../analysis/wording.js';
import type { ReportFiles } from '../data.js';
import { fileLink, html, NOTHING, type Html } from '../html.js';

export function verdictSection(analysis: Analysis, files?: ReportFiles): Html {
  const { recommendation } = analysis;
  const cards = recommendation.datasets.map((found) => card(found, analysis, files));
  return html`<section id="verdict" aria-label="Verdict">
    ${cards.length > 0 ? cards : html`<p class="headline">${recommendation.sentences}</p>`}
    ${cautions(recommendation.cautions)} ${evidence(recommendation.evidence)}
  </section>`;
}

function card(found: DatasetRecommendation, analysis: Analysis, files?: ReportFiles): Html {
  const reading = analysis.datasets.find(({ dataset }) => dataset === found.dataset);
  const isRefused = found.refusals.length > 0;
  return html`<article class="verdict${isRefused ? ' refused' : ''}">
    <p class="over">
      ${found.dataset} · ${bookName(found.book)}${reading === undefined ? '' : ` · judge ${reading.judge}`}
    </p>
    <p class="headline">${withoutName(found)}</p>
    ${isRefused ? NOTHING : numberList(found.book === 'text' ? textNumbers(found, analysis) : numbers(found, analysis))}
    ${adapter(found, files)}
    <ul class="sentences">
      ${found.sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
  </article>`;
}

/** A name with its value; null is left out. */
type Numbers = readonly (readonly [name: string, value: string | null])[];

/** What a text book's best adapter is, knows and costs, in numbers. */
function textNumbers({ dataset, run }: DatasetRecommendation, { knowledge }: Analysis): Numbers {
  const own = knowledge.find((each) => each.dataset === dataset);
  const cell = own?.cells.find(({ runs }) => run !== null && runs.includes(run));
  if (cell === undefined) return [];
  const { level, rank, form, trained, facts, bits, cost } = cell;
  return [
    ['Level', shortLevel(level)],
    ['Rank', String(rank)],
    ['Form', form],
    ['Recall without the text', withInterval(trained, 'accuracy')],
    ['Facts', whole(facts)],
    ['Bits', bits === null ? null : whole(bits)],
    ['Loss on other text', cost === null ? null : signedBits(cost.generalRise.mean)],
    ['Known facts lost', cell.known.asked === 0 ? null : `${whole(cell.known.lost)} of ${whole(cell.known.asked)}`],
  ];
}

/** What is recommended, in numbers. */
function numbers(found: DatasetRecommendation, { cells, datasets }: Analysis): Numbers {
  const measure = datasets.find(({ dataset }) => dataset === found.dataset)?.measure ?? 'accuracy';
  const other = measure === 'score' ? 'accuracy' : 'score';
  const cell = cells.find(({ runs }) => found.run !== null && runs.includes(found.run));
  const base = baseOf(found, cells);
  return [
    ['Level', found.level === null || found.level === 'none' ? null : shortLevel(found.level)],
    ['Rank', found.rank === null ? null : String(found.rank)],
    ['Tokens saved', cell?.trr == null ? null : percent(cell.trr, 0)],
    [measureTitle(measure), cell === undefined ? null : withInterval(estimateOf(cell, measure), measure)],
    [measureTitle(other), cell === undefined ? null : amount(estimateOf(cell, other).mean, other)],
    [
      base === undefined ? '' : baseName(base, found),
      base === undefined ? null : amount(estimateOf(base, measure).mean, measure),
    ],
  ];
}

function numberList(known: Numbers): Html {
  return html`<dl class="numbers">
    ${known.map(([name, value]) =>
      value === null
        ? NOTHING
        : html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
    )}
  </dl>`;
}

function measureTitle(measure: Measure): string {
  return measure === 'score' ? 'Mean score' : 'Correct';
}

function adapter({ adapterPath, run }: DatasetRecommendation, files?: ReportFiles): Html {
  if (adapterPath === null || run === null) return NOTHING;
  const path = files?.runs.get(run)?.adapter ?? null;
  const place = path === null ? html`<code>${adapterPath}</code>` : fileLink(`${path}/`, html`<code>${path}</code>`);
  return html`<p class="adapter">Adapter (PEFT): ${place}</p>`;
}

function baseName({ level }: Cell, found: DatasetRecommendation): string {
  if (level === 'none') return 'Base model';
  return level === found.level ? 'Base model, same text' : `Base model, ${shortLevel(level)}`;
}

/** The base model at the level recommended, or where else it was asked. */
function baseOf({ dataset, book, level }: DatasetRecommendation, cells: readonly Cell[]): Cell | undefined {
  const bases = cells.filter((cell) => cell.dataset === dataset && cell.book === book && cell.rank === 0);
  return bases.find((cell) => cell.level === level) ?? bases[0];
}

/** The headline without the data set's name, which stands above it. */
function withoutName({ headline, dataset }: DatasetRecommendation): string {
  const rest = headline.startsWith(`${dataset}: `) ? headline.slice(dataset.length + 2) : headline;
  return sentenceCase(rest);
}

function cautions(lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  return html`<aside class="cautions">
    <h2>What speaks against trusting this</h2>
    <ul>
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </aside>`;
}

function evidence(lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  return html`<details>
    <summary>Evidence: ${lines.length} estimates and comparisons</summary>
    <p class="note">
      Comparisons are paired on the same questions. Their intervals count the items and the noise between seeds, and
      hold at 95 % for all comparisons of the study together: where nothing differs, one study in twenty names a
      difference. A difference is called detectable when its interval excludes zero.
    </p>
    <ul class="evidence">
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </details>`;
}
