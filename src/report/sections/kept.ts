/** What each level kept, before anything was trained: the table, the spread of TRR, and one item side by side with its facts marked. */
import { counted, minus, percent, shortLevel, whole } from '../../analysis/wording.js';
import { auditWords } from '../../words/audit.js';
import { pageWords } from '../../words/page.js';
import { columnWords } from '../../words/tables.js';
import { distributionChart } from '../charts/distribution.js';
import { NARROW, WIDE } from '../charts/frame.js';
import type { AuditedItem, AuditedLevel, AuditedTruncation, AuditSummary } from '../data.js';
import { spokenLanguage } from '../../words/language.js';
import { levelSentence } from '../../words/level-sentence.js';
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
    <h2>${pageWords().section.audit}</h2>
    ${audits.map(auditOf)}
  </section>`;
}

function auditOf(audit: AuditSummary): Html {
  const { dataset, items, questions, tokenizer, maxLength, levels, views } = audit;
  const words = auditWords();
  const limit = maxLength === null ? '' : words.limit(whole(maxLength));
  return html`<h3>${dataset}</h3>
    <p class="note">
      ${words.countedBy(counted(items, 'item'), counted(questions, 'question'))}
      <code>${tokenizer.slice(0, 12)}</code>${words.stop}${limit}
    </p>
    ${table(columnsOf(levels), levels, { noun: 'level' })}
    <ul class="inwords">
      ${levels.map((level) => html`<li><b>${shortLevel(level.level)}</b>${words.colon}${sentenceOf(level)}</li> `)}
    </ul>
    <div class="spread">
      <div class="wide">${trusted(distributionChart(levels, WIDE))}</div>
      <div class="narrow">${trusted(distributionChart(levels, NARROW))}</div>
      <p class="note">${words.spread}</p>
    </div>
    ${views.slice(0, SHOWN_ITEMS).map(sideBySide)}`;
}

/** The audit's own sentence, which is English; in another language, that language's. */
function sentenceOf(level: AuditedLevel): string {
  return spokenLanguage() === 'en' ? level.verdict : levelSentence(level);
}

function columnsOf(levels: readonly AuditedLevel[]): readonly Column<AuditedLevel>[] {
  return [
    { name: columnWords().level, value: ({ level }) => shortLevel(level), order: (level) => levels.indexOf(level) },
    ...auditColumns(),
  ];
}

function auditColumns(): readonly Column<AuditedLevel>[] {
  const words = columnWords();
  return [
    { name: words.items, kind: 'number', folds: true, value: ({ n }) => whole(n) },
    { name: words.tokens, kind: 'number', value: ({ tokens }) => whole(tokens.mean), hint: words.tokensHint },
    { name: words.trrMacro, kind: 'number', value: ({ trr }) => percent(trr.macro, 2), hint: words.trrMacroHint },
    { name: words.trrMicro, kind: 'number', value: ({ trr }) => percent(trr.micro, 2), hint: words.trrMicroHint },
    {
      name: words.trrSamples,
      kind: 'number',
      value: ({ sampleTrr }) => percent(sampleTrr?.macro ?? null, 2),
      hint: words.trrSamplesHint,
    },
    { name: words.grew, kind: 'number', value: ({ grew }) => whole(grew.count), hint: words.grewHint },
    { name: words.answersKept, kind: 'number', value: ({ retention }) => percent(retention.answers.share) },
    { name: words.namesKept, kind: 'number', value: ({ retention }) => percent(retention.entities.share) },
    { name: words.numbersKept, kind: 'number', value: ({ retention }) => percent(retention.numbers.share) },
    { name: words.datesKept, kind: 'number', folds: true, value: ({ retention }) => percent(retention.dates.share) },
    {
      name: words.density,
      kind: 'number',
      value: ({ density }) => minus(density.factsPer1000Tokens, 1),
      hint: words.densityHint,
    },
    { name: words.bitsPerToken, kind: 'number', value: ({ density }) => minus(density.bitsPerToken, 2) },
    { name: words.truncation, folds: true, value: ({ truncation }) => truncationWords(truncation) },
  ];
}

function truncationWords(truncation: AuditedTruncation | null): string {
  const words = auditWords();
  if (truncation === null) return words.notAudited;
  const { samples, shortened, lostEvidence, lostQuestion, lostAnswer, impossible } = truncation;
  const losses = [
    ...(lostEvidence > 0 ? [words.loseEvidence(whole(lostEvidence))] : []),
    ...(lostQuestion > 0 ? [words.loseQuestion(whole(lostQuestion))] : []),
    ...(lostAnswer > 0 ? [words.loseAnswer(whole(lostAnswer))] : []),
    ...(impossible > 0 ? [words.cannotFit(whole(impossible))] : []),
  ];
  if (shortened === 0 && losses.length === 0) return words.none;
  return words.shortened(whole(shortened), whole(samples), losses);
}

function sideBySide(view: AuditedItem): Html {
  const { sideBySide: title, answers, otherFacts, markNote } = auditWords();
  const [between, behind] = markNote;
  return html`<details class="item">
    <summary>${title(clipped(view.item, 80))}</summary>
    <p class="note"><mark class="fact">${answers}</mark>${between}<mark>${otherFacts}</mark>${behind}</p>
    <div class="levels">${view.levels.map((level) => levelCard(view, level))}</div>
  </details>`;
}

function levelCard({ facts }: AuditedItem, level: AuditedItem['levels'][number]): Html {
  const words = auditWords();
  const lost = level.lost.flatMap((index) => facts[index] ?? []);
  const lostAnswers = lost.filter(({ kind }) => kind === 'answers');
  const others = lost.length - lostAnswers.length;
  return html`<article>
    <h4>${shortLevel(level.level)}</h4>
    <p class="note">
      ${words.tokensAndTrr(counted(level.tokens, 'token'), level.trr === null ? null : percent(level.trr))}
    </p>
    <p class="text">${marked(level.text, level.spans, facts)}</p>
    ${
      lost.length === 0
        ? html`<p class="kept">${words.allKept}</p>`
        : html`<p class="lost"><strong>${words.lost}</strong> ${lostWords(lostAnswers, others)}</p>`
    }
  </article>`;
}

/** The answers lost by name, the other facts by number. */
function lostWords(answers: AuditedItem['facts'], others: number): HtmlValue[] {
  const names = answers.map(({ label }) => html`<del>${clipped(label, 120)}</del> `);
  if (others === 0) return names;
  const rest = counted(others, names.length > 0 ? 'other fact' : 'fact');
  return names.length > 0 ? [...names, auditWords().andRest(rest)] : [auditWords().noAnswer(rest)];
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
  return rest > 0 ? [...pieces, html` <span class="note">${auditWords().moreCharacters(whole(rest))}</span>`] : pieces;
}
