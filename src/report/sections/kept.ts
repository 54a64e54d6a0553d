/** What each level kept, before anything was trained: the table, the spread of TRR, and one item side by side with its facts marked. */
import { counted, minus, percent, shortLevel, whole } from '../../analysis/wording.js';
import { distributionChart } from '../charts/distribution.js';
import { NARROW, WIDE } from '../charts/frame.js';
import type { AuditedItem, AuditedLevel, AuditedTruncation, AuditSummary } from '../data.js';
import { html, NOTHING, trusted, type Html, type HtmlValue } from '../html.js';
import { clipped } from '../../text/visible.js';
import { table, type Column } from './table.js';

/** Items shown side by side for each data set. */
const SHOWN_ITEMS = 2;
/** Characters shown of each text: the long histories would drown the page. */
const SHOWN_CHARACTERS = 6000;

export function auditSection(audits: readonly AuditSummary[]): Html {
  if (audits.length === 0) return NOTHING;
  return html`<section id="audit">
    <h2>What each level kept</h2>
    ${audits.map(auditOf)}
  </section>`;
}

function auditOf(audit: AuditSummary): Html {
  const { dataset, items, questions, tokenizer, maxLength, levels, views } = audit;
  const limit = maxLength === null ? '' : ` Context limit: ${whole(maxLength)} tokens.`;
  return html`<h3>${dataset}</h3>
    <p class="note">
      ${counted(items, 'item')}, ${counted(questions, 'question')}; tokens counted by tokenizer
      <code>${tokenizer.slice(0, 12)}</code>.${limit}
    </p>
    ${table(columnsOf(levels), levels, { noun: 'level' })}
    <ul class="inwords">
      ${levels.map(({ level, verdict }) => html`<li><b>${shortLevel(level)}</b>: ${verdict}</li> `)}
    </ul>
    <div class="spread">
      <div class="wide">${trusted(distributionChart(levels, WIDE))}</div>
      <div class="narrow">${trusted(distributionChart(levels, NARROW))}</div>
      <p class="note">
        Items by tokens saved, each row to its own height; the stroke is the median; orange: texts longer than their
        source.
      </p>
    </div>
    ${views.slice(0, SHOWN_ITEMS).map(sideBySide)}`;
}

function columnsOf(levels: readonly AuditedLevel[]): readonly Column<AuditedLevel>[] {
  return [
    { name: 'Level', value: ({ level }) => shortLevel(level), order: (level) => levels.indexOf(level) },
    ...COLUMNS,
  ];
}

const COLUMNS: readonly Column<AuditedLevel>[] = [
  { name: 'Items', kind: 'number', folds: true, value: ({ n }) => whole(n) },
  { name: 'Tokens', kind: 'number', value: ({ tokens }) => whole(tokens.mean), hint: 'Mean tokens of a text' },
  { name: 'TRR macro', kind: 'number', value: ({ trr }) => percent(trr.macro, 2), hint: 'Mean of the items’ rates' },
  { name: 'TRR micro', kind: 'number', value: ({ trr }) => percent(trr.micro, 2), hint: 'Of all tokens together' },
  {
    name: 'TRR of samples',
    kind: 'number',
    value: ({ sampleTrr }) => percent(sampleTrr?.macro ?? null, 2),
    hint: 'Macro, of whole samples: template, text, question and answer',
  },
  { name: 'Grew', kind: 'number', value: ({ grew }) => whole(grew.count), hint: 'Texts longer than their source' },
  { name: 'Answers kept', kind: 'number', value: ({ retention }) => percent(retention.answers.share) },
  { name: 'Names kept', kind: 'number', value: ({ retention }) => percent(retention.entities.share) },
  { name: 'Numbers kept', kind: 'number', value: ({ retention }) => percent(retention.numbers.share) },
  { name: 'Dates kept', kind: 'number', folds: true, value: ({ retention }) => percent(retention.dates.share) },
  {
    name: 'Facts per 1,000 tokens',
    kind: 'number',
    value: ({ density }) => minus(density.factsPer1000Tokens, 1),
    hint: 'Answers found in the text',
  },
  { name: 'Bits per token', kind: 'number', value: ({ density }) => minus(density.bitsPerToken, 2) },
  { name: 'Truncation', folds: true, value: ({ truncation }) => truncationWords(truncation) },
];

function truncationWords(truncation: AuditedTruncation | null): string {
  if (truncation === null) return 'not audited';
  const { samples, shortened, lostEvidence, lostQuestion, lostAnswer, impossible } = truncation;
  const losses = [
    ...(lostEvidence > 0 ? [`${whole(lostEvidence)} lose evidence`] : []),
    ...(lostQuestion > 0 ? [`${whole(lostQuestion)} lose the question`] : []),
    ...(lostAnswer > 0 ? [`${whole(lostAnswer)} lose the answer`] : []),
    ...(impossible > 0 ? [`${whole(impossible)} cannot fit`] : []),
  ];
  if (shortened === 0 && losses.length === 0) return 'none';
  return `${whole(shortened)} of ${whole(samples)} shortened${losses.length > 0 ? `: ${losses.join(', ')}` : ', no evidence lost'}`;
}

function sideBySide(view: AuditedItem): Html {
  return html`<details class="item">
    <summary>${clipped(view.item, 80)} at every level: kept and lost facts</summary>
    <p class="note">
      <mark class="fact">Answers</mark> and <mark>other facts</mark> of the original that are still there; below each
      text, the answers lost.
    </p>
    <div class="levels">${view.levels.map((level) => levelCard(view, level))}</div>
  </details>`;
}

function levelCard({ facts }: AuditedItem, level: AuditedItem['levels'][number]): Html {
  const lost = level.lost.flatMap((index) => facts[index] ?? []);
  const lostAnswers = lost.filter(({ kind }) => kind === 'answers');
  const others = lost.length - lostAnswers.length;
  return html`<article>
    <h4>${shortLevel(level.level)}</h4>
    <p class="note">${counted(level.tokens, 'token')}${level.trr === null ? '' : `, TRR ${percent(level.trr)}`}</p>
    <p class="text">${marked(level.text, level.spans, facts)}</p>
    ${
      lost.length === 0
        ? html`<p class="kept">Every fact is kept.</p>`
        : html`<p class="lost"><strong>Lost:</strong> ${lostWords(lostAnswers, others)}</p>`
    }
  </article>`;
}

/** The answers lost by name, the other facts by number. */
function lostWords(answers: AuditedItem['facts'], others: number): HtmlValue[] {
  const names = answers.map(({ label }) => html`<del>${clipped(label, 120)}</del> `);
  if (others === 0) return names;
  const rest = counted(others, names.length > 0 ? 'other fact' : 'fact');
  return names.length > 0 ? [...names, `and ${rest}`] : [`no answer, ${rest}`];
}

/** The text with its facts in marks: cut at every span's edge, so that spans may overlap. */
function marked(text: string, spans: AuditedItem['levels'][number]['spans'], facts: AuditedItem['facts']): Html[] {
  const shown = text.slice(0, SHOWN_CHARACTERS);
  const edges = new Set([0, shown.length]);
  for (const { start, end } of spans) {
    edges.add(Math.min(start, shown.length));
    edges.add(Math.min(end, shown.length));
  }
  const cuts = [...edges].sort((a, b) => a - b);
  const pieces = cuts.slice(0, -1).map((from, i) => {
    const piece = shown.slice(from, cuts[i + 1]);
    const over = spans.filter(({ start, end }) => start <= from && end >= (cuts[i + 1] ?? from));
    if (over.length === 0) return html`${piece}`;
    const isAnswer = over.some(({ fact }) => facts[fact]?.kind === 'answers');
    return isAnswer ? html`<mark class="fact">${piece}</mark>` : html`<mark>${piece}</mark>`;
  });
  const rest = text.length - shown.length;
  return rest > 0 ? [...pieces, html` <span class="note">… (${whole(rest)} more characters)</span>`] : pieces;
}
