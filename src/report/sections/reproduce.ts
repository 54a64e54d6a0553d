/** How to make the same study again: command, settings, identities, versions, and the numbers behind the intervals. */
import type { Analysis } from '../../analysis/analyse.js';
import { minus } from '../../analysis/wording.js';
import { numberWords } from '../../words/numbers.js';
import { pageWords } from '../../words/page.js';
import { distinct } from '../../core/collections.js';
import type { Json } from '../../core/json.js';
import type { ReportData } from '../data.js';
import { html, NOTHING, type Html } from '../html.js';
import { clipped } from '../../text/visible.js';

export function reproduceSection(data: ReportData, { datasets, agreement, rows }: Analysis): Html {
  const seeds = distinct(rows.filter(({ rank }) => rank > 0).map(({ seed }) => seed)).sort((a, b) => a - b);
  const words = pageWords();
  return html`<section id="reproduce">
    <h2>${words.reproduce}</h2>
    <p>${words.reproduceNote}</p>
    <pre class="command">${data.command}</pre>
    ${facts(words.measuredWith, {
      [words.baseModel]: data.model,
      [words.seeds]: seeds.join(', '),
      ...Object.fromEntries(
        datasets.map(({ dataset, judge, measure }) => [
          words.judgeOf(dataset),
          numberWords().beside(judge, words.measureName[measure]),
        ]),
      ),
    })}
    ${agreementTable(agreement)} ${facts(words.identities, named(data.identities))}
    ${facts(words.versions, named(data.versions))} ${facts(words.ranOn, named(data.environment))}
    ${settings(data.settings)}
  </section>`;
}

/** Entries under the names that the language has for them. */
function named(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [pageWords().thing(name), value]));
}

function facts(heading: string, entries: Readonly<Record<string, string>>): Html {
  const known = Object.entries(entries).filter(([, value]) => value !== '');
  if (known.length === 0) return NOTHING;
  return html`<h3>${heading}</h3>
    <dl class="facts">
      ${known.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${clipped(value, 500)}</dd>`,
      )}
    </dl>`;
}

function agreementTable(agreement: Analysis['agreement']): Html {
  if (agreement.length === 0) return NOTHING;
  const [words, shared] = [pageWords(), numberWords()];
  const entries = agreement.map(({ dataset, judges, kappa }): [string, string] => [
    shared.named(dataset, words.both(judges)),
    words.kappa(
      shared.beside(minus(kappa.kappa, 2), shared.interval(minus(kappa.low, 2), minus(kappa.high, 2))),
      kappa.n,
    ),
  ]);
  return facts(words.agreement, Object.fromEntries(entries));
}

function settings(value: ReportData['settings']): Html {
  const entries = flat(value, '');
  if (entries.length === 0) return NOTHING;
  return html`<details>
    <summary>${pageWords().settingsOf}</summary>
    ${facts(pageWords().settings, Object.fromEntries(entries))}
  </details>`;
}

/** Nested settings as `train.lora.rank: 8`; short lists in one line. */
function flat(value: Json, path: string): [string, string][] {
  if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object'))
    return [[path, value.map(String).join(', ')]];
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path === '' ? key : `${path}.${key}`));
}
