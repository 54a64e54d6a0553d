/** The whole report in Chinese: page, charts, browser of answers and terminal hold no word of English but names and terms. */
import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { knownStudy, type TruthOptions } from '../../bench/support/null-study.js';
import { analyse } from '../../src/analysis/analyse.js';
import { runsOfRows } from '../../src/analysis/run-summary.js';
import type { Row } from '../../src/core/records.js';
import type { ReportData } from '../../src/report/data.js';
import { renderReport } from '../../src/report/page.js';
import { terminalSummary } from '../../src/report/terminal.js';
import { demoStudy } from '../analysis/fixtures.js';
import { madeTextStudy } from '../analysis/text-study.js';
import { demoReport, reportData, reportedReport } from './fixtures.js';

/** Names, and terms that Chinese texts about models leave as they are. */
const ALLOWED = new Set(
  [
    'LoRA alpha rank TRR token Token bit nat kappa PEFT JavaScript JSON json lightmem Li made zwei wikiupdate longmemeval',
    'ext hybrid exact lexical llm raw mix rewrite study',
    'testItems testPrompt controls node epochs maxSteps batchTokens evaluate maxNewTokens',
  ].flatMap((line) => line.split(' ')),
);

/** What others wrote, or names that are kept: questions, answers, texts, identities, settings, messages of the machine. */
const FOREIGN = [
  'script, style, code, pre, bdi, .prompt, .text, .failures, del, .over a',
  '#reproduce dd, #reproduce details, #answers [name=dataset] option, #answers .question .over, .matrix button, mark',
].join(', ');

interface Told {
  readonly name: string;
  readonly data: ReportData;
}

const plain = (truth: TruthOptions): { rows: Row[]; runs: ReturnType<typeof runsOfRows> } => {
  const rows = knownStudy(truth);
  return { rows, runs: runsOfRows(rows) };
};
const usual = { items: 40, questions: 4, noise: 0, generator: 1, seeds: 2 };

function stories(): Told[] {
  const falls = plain({ ...usual, losses: [0, 0, 0, 0.4, 0.4, 0.6, 0.9] });
  const rises = plain({ ...usual, twoWay: true, seeds: 1, losses: [0.9, 0.9, 0, 0, 0, 0.6, 0.9] });
  const wrong = plain({ ...usual, items: 4, seeds: 1 });
  const two = [...plain(usual).rows, ...plain({ ...usual, dataset: 'zwei', seeds: 1 }).rows].map((row) =>
    row.question === '3' ? { ...row, abstention: true } : row,
  );
  return [
    { name: 'a study with all there is', data: demoReport() },
    { name: 'a study of three seeds', data: reportData(demoStudy({ seeds: [0, 1, 2], items: 40 })) },
    { name: 'the study’s own numbers', data: reportedReport() },
    { name: 'a text book', data: reportData(madeTextStudy(0.3), { audits: [] }) },
    { name: 'rows of a fall', data: reportData(falls, { audits: [], reading: { rule: 'trr' } }) },
    { name: 'rows of a rise', data: reportData(rises, { audits: [] }) },
    { name: 'too few items', data: reportData(wrong, { audits: [] }) },
    { name: 'two data sets', data: reportData({ rows: two, runs: runsOfRows(two) }, { audits: [] }) },
    {
      name: 'answers that are all wrong',
      data: reportData(
        { ...wrong, rows: wrong.rows.map((row) => ({ ...row, score: 1, correct: false })) },
        { audits: [] },
      ),
    },
    { name: 'nothing at all', data: reportData({ rows: [], runs: [] }, { audits: [] }) },
  ];
}

/** Names of runs, items, models and people, and what the judge said. */
const NAMES = /\S*\/\S*|[\w.]+(?:-[\w.]+)+|is "\w+"|onnxruntime-node/g;

/** The words in Latin letters that a text has, but for names and those allowed. */
function leftWords(shown: string): string[] {
  const text = shown.replace(NAMES, ' ');
  return (text.match(/\p{Script=Latin}[\p{Script=Latin}\p{M}’'-]+/gu) ?? []).filter((word) => !ALLOWED.has(word));
}

/** Every text of a page that a reader sees or hears, each element's own. */
function shownTexts(page: string): string[] {
  const { document } = new JSDOM(page, { runScripts: 'dangerously', pretendToBeVisual: true }).window;
  document.querySelectorAll(FOREIGN).forEach((element) => {
    element.remove();
  });
  document.querySelectorAll('svg [aria-label]').forEach((part) => {
    part.removeAttribute('aria-label'); // within an image none of its parts is read out
  });
  const elements = [...document.body.querySelectorAll('*')];
  return elements.flatMap((element) => [
    ...[...element.childNodes].flatMap((node) => (node.nodeType === 3 ? [node.textContent ?? ''] : [])),
    element.getAttribute('title') ?? '',
    element.getAttribute('aria-label') ?? '',
  ]);
}

describe('a report in Chinese', () => {
  it.each(stories())('holds no English beside names and terms: $name', ({ data }) => {
    const asked: ReportData = { ...data, title: '研究', language: 'zh' };
    const levels = data.audits.flatMap(({ dataset, levels }) =>
      levels.map(({ level, words, description }) => ({ dataset, level, words, description })),
    );
    const analysis = analyse(data.rows, data.runs, { ...data.reading, levels, draws: 500, language: 'zh' });
    const { sentences, evidence, cautions } = analysis.recommendation;
    const texts = [
      ...[...sentences, ...evidence, ...cautions],
      ...shownTexts(renderReport(asked, analysis)),
      terminalSummary(asked, { analysis, width: 250 }),
    ];
    expect(texts.join('').length).toBeGreaterThan(100);
    const left = texts.filter((text) => leftWords(text).length > 0);
    expect(left.map((text) => `${leftWords(text).join(' ')}: ${text.trim().slice(0, 160)}`)).toEqual([]);
  });
});
