/** The report: one HTML file that needs nothing else, verdict first. */
import type { Analysis } from '../analysis/analyse.js';
import { distinct } from '../core/collections.js';
import { counted, whole } from '../analysis/wording.js';
import { inLanguage } from '../words/language.js';
import { pageWords } from '../words/page.js';
import { analyseReport } from './analyse-report.js';
import { browseScript } from './browse-script.js';
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

/** The whole page as text. `analysis` is `analyseReport(data)` unless it was computed before. */
export function renderReport(data: ReportData, analysis: Analysis = analyseReport(data)): string {
  return inLanguage(data.language ?? 'en', () => pageOf(data, analysis));
}

function pageOf(data: ReportData, analysis: Analysis): string {
  const words = pageWords();
  const script = `${TABLE_SCRIPT}${browseScript()}`;
  const sections: [string, string, Html][] = [
    ['knowledge', words.section.knowledge, knowledgeSection(analysis, knowledgeFigures(analysis))],
    ['figures', words.section.figures, figuresSection(analysis, data.losses)],
    ['audit', words.section.audit, auditSection(data.audits)],
    ['capacity', words.section.capacity, capacitySection(analysis)],
    ['runs', words.section.runs, runsSection(analysis, data.files)],
    ['answers', words.section.answers, browseSection(analysis, data)],
    ['reproduce', words.section.reproduce, reproduceSection(data, analysis)],
  ];
  const shown = sections.filter(([, , section]) => section.text !== '');
  return `<!doctype html>\n${
    html`<html lang="${words.htmlLanguage}">
      ${pageHead(data.title, script)}
      <body>
        <header>
          <h1>${data.title}</h1>
          <p class="about">${about(data, analysis)}</p>
          <nav aria-label="${words.sections}">${shown.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
        </header>
        <main>${verdictSection(analysis, data.files)} ${shown.map(([, , section]) => section)}</main>
        <p class="note paper">${words.notOnPaper}</p>
        ${inline('script', script)}
      </body>
    </html>`.text
  }\n`;
}

function about({ created, model, runs }: ReportData, { rows, datasets }: Analysis): string {
  const trained = runs.filter(({ rank, status }) => rank > 0 && status === 'done').length;
  const day = created.slice(0, 16).replace('T', ' ');
  const judges = distinct(datasets.map(({ judge }) => judge)).join(', ');
  const words = pageWords();
  const made = words.trained(counted(trained, 'adapter'));
  return [words.model(model), made, words.judged(whole(rows.length), judges), day].join(' · ');
}
