/** Every question with its reference and the answers of all runs as a matrix of texts and ranks, filtered, paged and opened by the page's script. */
import type { Analysis } from '../../analysis/analyse.js';
import { counted, whole } from '../../analysis/wording.js';
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
  const omitted =
    answers.omitted > 0
      ? ` ${counted(answers.omitted, 'question')} left out to keep the page small; the exported rows hold all.`
      : '';
  return html`<section id="answers">
    <h2>Answers</h2>
    <p class="note">
      ${whole(rows.length)} answers to ${counted(answers.questions.length + answers.omitted, 'question')}; a line for
      each text, a column for each rank. A click on an answer shows what the model was given and what the judge
      said.${omitted} ${rowLinks(files)}
    </p>
    <noscript><p>This part needs JavaScript; the rows are in the exported files too.</p></noscript>
    ${browser(rows.some(({ book }) => book === 'text'))}
    <script type="application/json" id="answers-data">
      ${trusted(scriptJson(answers))}
    </script>
  </section>`;
}

/** What the page's script fills: filters, pages, questions. */
function browser(hasText: boolean): Html {
  return html`<div id="browser" class="screen" hidden>
    <form class="filters">
      <label
        >Data set
        <select name="dataset"></select
      ></label>
      <label
        >Show
        <select name="show">
          <option value="all">all questions</option>
          <option value="verdict" selected>verdict changed between runs</option>
          <option value="answer">answer changed between runs</option>
          <option value="wrong">wrong in every run</option>
          <option value="unscored">unscored</option>
        </select></label
      >
      <label
        >Run
        <select name="first"></select
      ></label>
      <label
        >against
        <select name="second"></select
      ></label>
      ${hasText ? textFilters() : NOTHING}
      <label>Words <input name="words" type="search" autocomplete="off" /></label>
    </form>
    <p class="pages">
      <button type="button" name="previous">Previous</button> <button type="button" name="next">Next</button>
      <span class="count" aria-live="polite"></span>
    </p>
    <div class="questions"></div>
  </div>`;
}

/** Filters that a text book has beside the others. */
function textFilters(): Html {
  return html`<label
      >Trained as, or control
      <select name="trained"></select
    ></label>
    <label
      >Question was
      <select name="group">
        <option value="0">any</option>
        ${TEXT_GROUPS.map((group, i) => html`<option value="${i + 1}">${group}</option>`)}
      </select></label
    >`;
}

function rowLinks(files?: ReportFiles): Html {
  if (files === undefined || files.rows.length === 0) return NOTHING;
  return html`All rows: ${files.rows.map((path, i) => html`${i > 0 ? ', ' : ''}${fileLink(path, path)}`)}.`;
}
