/** Every question with its reference and the answers of all runs as a matrix of texts and ranks, filtered, paged and opened by the page's script. */
import type { Analysis } from '../../analysis/analyse.js';
import { counted, whole } from '../../analysis/wording.js';
import { browseWords } from '../../words/browse.js';
import { knowledgeWords } from '../../words/knowledge.js';
import { TEXT_GROUPS } from '../../core/records.js';
import { browsedAnswers } from '../answers.js';
import type { ReportData, ReportFiles } from '../data.js';
import { fileLink, html, NOTHING, scriptJson, trusted, type Html } from '../html.js';

/** What a page knows beside the rows. */
type Beside = Pick<ReportData, 'files' | 'shown' | 'mostQuestions'>;

export function browseSection(
  { rows, cells, knowledge }: Analysis,
  { files, shown, mostQuestions }: Beside = {},
): Html {
  if (rows.length === 0) return NOTHING;
  const ordered = [...cells].sort((a, b) => Number(a.book === 'closed') - Number(b.book === 'closed'));
  const order = [...knowledge.flatMap((own) => own.cells), ...ordered].flatMap(({ runs }) => runs);
  const answers = browsedAnswers(rows, {
    ...{ order, ...(files && { files }), ...(shown && { shown }) },
    ...(mostQuestions !== undefined && { mostQuestions }),
  });
  const words = browseWords();
  const omitted = answers.omitted > 0 ? words.omitted(counted(answers.omitted, 'question')) : '';
  const questions = counted(answers.questions.length + answers.omitted, 'question');
  return html`<section id="answers">
    <h2>${words.heading}</h2>
    <p class="note">${words.note(whole(rows.length), questions)}${omitted} ${rowLinks(files)}</p>
    <noscript><p>${words.noScript}</p></noscript>
    ${browser(rows.some(({ book }) => book === 'text'))}
    <script type="application/json" id="answers-data">
      ${trusted(scriptJson(answers))}
    </script>
  </section>`;
}

/** What the page's script fills: filters, pages, questions. */
function browser(hasText: boolean): Html {
  const words = browseWords();
  return html`<div id="browser" class="screen" hidden>
    <form class="filters">
      <label
        >${words.dataset}
        <select name="dataset"></select
      ></label>
      <label
        >${words.show}
        <select name="show">
          <option value="all">${words.all}</option>
          <option value="verdict" selected>${words.verdictChanged}</option>
          <option value="answer">${words.answerChanged}</option>
          <option value="wrong">${words.wrongEverywhere}</option>
          <option value="unscored">${words.unscored}</option>
        </select></label
      >
      <label
        >${words.run}
        <select name="first"></select
      ></label>
      <label
        >${words.against}
        <select name="second"></select
      ></label>
      ${hasText ? textFilters() : NOTHING}
      <label>${words.words} <input name="words" type="search" autocomplete="off" /></label>
    </form>
    <p class="pages">
      <button type="button" name="previous">${words.previous}</button>
      <button type="button" name="next">${words.next}</button>
      <span class="count" aria-live="polite"></span>
    </p>
    <div class="questions"></div>
  </div>`;
}

/** Filters that a text book has beside the others. */
function textFilters(): Html {
  const words = browseWords();
  return html`<label
      >${words.trainedAs}
      <select name="trained"></select
    ></label>
    <label
      >${words.questionWas}
      <select name="group">
        <option value="0">${words.any}</option>
        ${TEXT_GROUPS.map((group, i) => html`<option value="${i + 1}">${knowledgeWords().group(group)}</option>`)}
      </select></label
    >`;
}

function rowLinks(files?: ReportFiles): Html {
  if (files === undefined || files.rows.length === 0) return NOTHING;
  const { allRows, allRowsEnd } = browseWords();
  return html`${allRows}${files.rows.map((path, i) => html`${i > 0 ? ', ' : ''}${fileLink(path, path)}`)}${allRowsEnd}`;
}
