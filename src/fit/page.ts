/** The page of a fit: one HTML file that needs nothing else, the choice first. */
import { whole } from '../analysis/wording.js';
import { durationText } from '../text/duration.js';
import { fileLink, html, type Html } from '../report/html.js';
import { pageHead } from '../report/page-head.js';
import { amountText } from './budget.js';
import { FIT_FILES } from './fit-layout.js';
import { percent, type FitOutcome, type TriedRow } from './outcome.js';
import { bits, recallText, summaryLines } from './summary.js';

/** Wider than any line: the page breaks lines itself. */
const WIDE = 10_000;

/** The whole page as text. */
export function fitPage(outcome: FitOutcome): string {
  const { model, tried, left, forgetting, budget, measured, command } = outcome;
  const sentences = summaryLines({ ...outcome, tried: [] }, WIDE);
  return `<!doctype html>\n${
    html`<html lang="en">
      ${pageHead('lightmem fit')}
      <body>
        <header>
          <h1>lightmem fit</h1>
          <p class="about">
            Model ${model} · ${measured.documents} documents, ${measured.questions} questions ·
            ${amountText(budget.unit, budget.spent)} of ${budget.text}
          </p>
        </header>
        <main>
          <section>
            <h2>What to use</h2>
            ${sentences.slice(0, sentences.indexOf('')).map((sentence) => html`<p>${sentence}</p>`)}
            <p>
              ${fileLink(FIT_FILES.adapter, 'The adapter')} (PEFT) ·
              ${fileLink(`${FIT_FILES.final}/report.html`, 'what it knows and costs')} ·
              ${fileLink(`${FIT_FILES.pilots}/report.html`, 'all trials')}
            </p>
          </section>
          <section>
            <h2>What was tried</h2>
            ${table(
              ['Candidate', 'Exposures', 'Recall', 'Forgets, bits a token', 'Tokens trained', 'Time', ''],
              tried.map(cellsOf),
            )}
          </section>
          ${
            left.length === 0
              ? ''
              : html`<section>
                  <h2>What was not tried</h2>
                  ${table(
                    ['Candidate', 'Why'],
                    left.map(({ name, reason }) => [name, reason]),
                  )}
                </section>`
          }
          <section>
            <h2>The adapter at other strengths and ranks</h2>
            ${table(
              ['Strength', 'Rank', 'Recall', 'Forgets, bits a token'],
              forgetting.variants.map(({ scale, rank, recall, rise }) => [
                String(scale),
                String(rank),
                recall === null ? '–' : percent(recall),
                bits(rise),
              ]),
            )}
          </section>
          <section>
            <h2>How to reproduce</h2>
            <pre>${command}</pre>
          </section>
        </main>
      </body>
    </html>`.text
  }\n`;
}

function cellsOf({ name, exposures, recall, forgetting, tokens, seconds, became }: TriedRow): string[] {
  return [
    ...[name, String(exposures), recallText(recall), bits(forgetting)],
    ...[tokens === null ? '–' : whole(tokens), seconds === null ? '–' : durationText(seconds)],
    became,
  ];
}

function table(names: readonly string[], rows: readonly (readonly string[])[]): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${names.map((name) => html`<th>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((value) => html`<td>${value}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
