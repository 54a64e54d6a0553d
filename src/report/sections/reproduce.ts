/** How to make the same study again: command, settings, identities, versions, and the numbers behind the intervals. */
import type { Analysis } from '../../analysis/analyse.js';
import { minus } from '../../analysis/wording.js';
import { distinct } from '../../core/collections.js';
import type { Json } from '../../core/json.js';
import type { ReportData } from '../data.js';
import { html, NOTHING, type Html } from '../html.js';
import { clipped } from '../../text/visible.js';

export function reproduceSection(data: ReportData, { datasets, agreement, rows }: Analysis): Html {
  const seeds = distinct(rows.filter(({ rank }) => rank > 0).map(({ seed }) => seed)).sort((a, b) => a - b);
  return html`<section id="reproduce">
    <h2>How to reproduce this</h2>
    <p>The same command with the same settings, texts and seeds gives the same runs; finished runs are reused.</p>
    <pre class="command">${data.command}</pre>
    ${facts('Measured with', {
      'base model': data.model,
      seeds: seeds.join(', '),
      ...Object.fromEntries(
        datasets.map(({ dataset, judge, measure }) => [`judge, ${dataset}`, `${judge} (${measure})`]),
      ),
    })}
    ${agreementTable(agreement)} ${facts('Identities', data.identities)} ${facts('Versions', data.versions)}
    ${facts('Ran on', data.environment)} ${settings(data.settings)}
  </section>`;
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
  const entries = agreement.map(({ dataset, judges, kappa }): [string, string] => [
    `${dataset}: ${judges.join(' and ')}`,
    `${minus(kappa.kappa, 2)} (${minus(kappa.low, 2)} to ${minus(kappa.high, 2)}), on ${kappa.n} answers`,
  ]);
  return facts('Agreement of judges (quadratic-weighted kappa)', Object.fromEntries(entries));
}

function settings(value: ReportData['settings']): Html {
  const entries = flat(value, '');
  if (entries.length === 0) return NOTHING;
  return html`<details>
    <summary>Settings of the study</summary>
    ${facts('Settings', Object.fromEntries(entries))}
  </details>`;
}

/** Nested settings as `train.lora.rank: 8`; short lists in one line. */
function flat(value: Json, path: string): [string, string][] {
  if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object'))
    return [[path, value.map(String).join(', ')]];
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path === '' ? key : `${path}.${key}`));
}
