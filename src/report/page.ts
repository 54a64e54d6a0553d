/** The report: one HTML file that needs nothing else, verdict first. */
import type { Analysis } from '../analysis/analyse.js';
import { distinct } from '../core/collections.js';
import { counted, whole } from '../analysis/wording.js';
import { analyseReport } from './analyse-report.js';
import { BROWSE_SCRIPT } from './browse-script.js';
import { TABLE_SCRIPT } from './table-script.js';
import type { ReportData } from './data.js';
import { html, type Html } from './html.js';
import { inline, pageHead } from './page-head.js';
import { auditSection } from './sections/kept.js';
import { browseSection } from './sections/browse.js';
import { capacitySection } from './sections/capacity.js';
import { figuresSection } from './sections/figures.js';
import { knowledgeFigures } from './sections/knowledge-figures.js';
import { knowledgeSection } from './sections/knowledge.js';
import { reproduceSection } from './sections/reproduce.js';
import { runsSection } from './sections/runs.js';
import { verdictSection } from './sections/verdict.js';

const SCRIPT = `${TABLE_SCRIPT}${BROWSE_SCRIPT}`;

/** The whole page as text. `analysis` is `analyseReport(data)` unless it was computed before. */
export function renderReport(data: ReportData, analysis: Analysis = analyseReport(data)): string {
  const sections: [string, string, Html][] = [
    ['knowledge', 'Knowledge', knowledgeSection(analysis, knowledgeFigures(analysis))],
    ['figures', 'Figures', figuresSection(analysis, data.losses)],
    ['audit', 'What each level kept', auditSection(data.audits)],
    ['capacity', 'Capacity', capacitySection(analysis)],
    ['runs', 'Runs', runsSection(analysis, data.files)],
    ['answers', 'Answers', browseSection(analysis, data)],
    ['reproduce', 'How to reproduce', reproduceSection(data, analysis)],
  ];
  const shown = sections.filter(([, , section]) => section.text !== '');
  return `<!doctype html>\n${
    html`<html lang="en">
      ${pageHead(data.title, SCRIPT)}
      <body>
        <header>
          <h1>${data.title}</h1>
          <p class="about">${about(data, analysis)}</p>
          <nav aria-label="Sections">${shown.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
        </header>
        <main>${verdictSection(analysis, data.files)} ${shown.map(([, , section]) => section)}</main>
        <p class="note paper">
          Left out on paper: evidence, texts side by side, single answers and settings. They stand in the page itself.
        </p>
        ${inline('script', SCRIPT)}
      </body>
    </html>`.text
  }\n`;
}

function about({ created, model, runs }: ReportData, { rows, datasets }: Analysis): string {
  const trained = runs.filter(({ rank, status }) => rank > 0 && status === 'done').length;
  const day = created.slice(0, 16).replace('T', ' ');
  const judges = distinct(datasets.map(({ judge }) => judge)).join(', ');
  const judged = `${whole(rows.length)} answers judged${judges === '' ? '' : ` by ${judges}`}`;
  return `Model ${model} · ${counted(trained, 'adapter')} trained · ${judged} · ${day}`;
}
