/** The verdict on top of the page: what to use on each data set, in numbers and sentences, its cautions and its evidence. */
import type { Analysis } from '../../analysis/analyse.js';
import { estimateOf, type Cell } from '../../analysis/group.js';
import { signedBits } from '../../analysis/knowledge/words.js';
import type { TopicSentences } from '../../analysis/topics.js';
import type { DatasetRecommendation } from '../../analysis/verdict.js';
import { amount, bookName, percent, sentenceCase, shortLevel, whole, withInterval } from '../../analysis/wording.js';
import { pageWords } from '../../words/page.js';
import { verdictWords } from '../../words/verdict.js';
import type { ReportFiles } from '../data.js';
import { fileLink, html, NOTHING, type Html } from '../html.js';

export function verdictSection(analysis: Analysis, files?: ReportFiles): Html {
  const { recommendation } = analysis;
  const cards = recommendation.datasets.map((found) => card(found, analysis, files));
  return html`<section id="verdict" aria-label="${pageWords().verdict}">
    ${cards.length > 0 ? cards : html`<p class="headline">${recommendation.sentences}</p>`}
    ${cautions(recommendation.cautions)} ${evidence(recommendation.evidence)}
  </section>`;
}

function card(found: DatasetRecommendation, analysis: Analysis, files?: ReportFiles): Html {
  const reading = analysis.datasets.find(({ dataset }) => dataset === found.dataset);
  const isRefused = found.refusals.length > 0;
  return html`<article class="verdict${isRefused ? ' refused' : ''}">
    <p class="over">
      ${found.dataset} · ${bookName(found.book)}${reading === undefined ? '' : ` · ${pageWords().judge(reading.judge)}`}
    </p>
    <p class="headline">${withoutName(found)}</p>
    ${isRefused ? NOTHING : numberList(found.book === 'text' ? textNumbers(found, analysis) : numbers(found, analysis))}
    ${adapter(found, files)} ${found.topics.map(aboutTopic)}
  </article>`;
}

function aboutTopic({ topic, sentences }: TopicSentences): Html {
  const name = topic === 'finding' ? NOTHING : html`<h3 class="topic">${pageWords().topic[topic]}</h3>`;
  return html`${name}
    <ul class="sentences">
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>`;
}

/** A name with its value; null is left out. */
type Numbers = readonly (readonly [name: string, value: string | null])[];

/** What a text book's best adapter is, knows and costs, in numbers. */
function textNumbers({ dataset, run }: DatasetRecommendation, { knowledge }: Analysis): Numbers {
  const own = knowledge.find((each) => each.dataset === dataset);
  const cell = own?.cells.find(({ runs }) => run !== null && runs.includes(run));
  if (cell === undefined) return [];
  const { level, rank, form, trained, facts, bits, cost } = cell;
  const words = pageWords();
  return [
    [words.level, shortLevel(level)],
    [words.rank, String(rank)],
    [words.form, form],
    [words.recall, withInterval(trained, 'accuracy')],
    [words.facts, whole(facts)],
    [words.bits, bits === null ? null : whole(bits)],
    [words.otherLoss, cost === null ? null : signedBits(cost.generalRise.mean)],
    [words.knownLost, cell.known.asked === 0 ? null : words.of(whole(cell.known.lost), whole(cell.known.asked))],
  ];
}

/** What is recommended, in numbers. */
function numbers(found: DatasetRecommendation, { cells, datasets }: Analysis): Numbers {
  const measure = datasets.find(({ dataset }) => dataset === found.dataset)?.measure ?? 'accuracy';
  const other = measure === 'score' ? 'accuracy' : 'score';
  const cell = cells.find(({ runs }) => found.run !== null && runs.includes(found.run));
  const base = baseOf(found, cells);
  const words = pageWords();
  return [
    [words.level, found.level === null || found.level === 'none' ? null : shortLevel(found.level)],
    [words.rank, found.rank === null ? null : String(found.rank)],
    [words.saved, cell?.trr == null ? null : percent(cell.trr, 0)],
    [words.measure[measure], cell === undefined ? null : withInterval(estimateOf(cell, measure), measure)],
    [words.measure[other], cell === undefined ? null : amount(estimateOf(cell, other).mean, other)],
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

function adapter({ adapterPath, run }: DatasetRecommendation, files?: ReportFiles): Html {
  if (adapterPath === null || run === null) return NOTHING;
  const path = files?.runs.get(run)?.adapter ?? null;
  const place = path === null ? html`<code>${adapterPath}</code>` : fileLink(`${path}/`, html`<code>${path}</code>`);
  return html`<p class="adapter">${pageWords().adapter}${place}</p>`;
}

function baseName({ level }: Cell, found: DatasetRecommendation): string {
  const words = pageWords();
  if (level === 'none') return words.base;
  return level === found.level ? words.baseSameText : words.baseAt(shortLevel(level));
}

/** The base model at the level recommended, or where else it was asked. */
function baseOf({ dataset, book, level }: DatasetRecommendation, cells: readonly Cell[]): Cell | undefined {
  const bases = cells.filter((cell) => cell.dataset === dataset && cell.book === book && cell.rank === 0);
  return bases.find((cell) => cell.level === level) ?? bases[0];
}

/** The headline without the data set's name, which stands above it. */
function withoutName({ headline, dataset }: DatasetRecommendation): string {
  const name = verdictWords().ofDataset(dataset);
  const rest = headline.startsWith(name) ? headline.slice(name.length) : headline;
  return sentenceCase(rest);
}

function cautions(lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  return html`<aside class="cautions">
    <h2>${pageWords().againstTrust}</h2>
    <ul>
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </aside>`;
}

function evidence(lines: readonly string[]): Html {
  if (lines.length === 0) return NOTHING;
  return html`<details>
    <summary>${pageWords().evidence(lines.length)}</summary>
    <p class="note">${pageWords().evidenceNote}</p>
    <ul class="evidence">
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>
  </details>`;
}
