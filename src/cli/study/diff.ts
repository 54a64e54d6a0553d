/** `lightmem study diff`: two studies: what was set differently, and what came out differently. */
import type { Command } from 'commander';
import { counted, minus, shortLevel } from '../../analysis/wording.js';
import type { CellDiff, DiffPlace, QuestionChange, SettingChange } from '../../analysis/study-diff.js';
import type { MeanEstimate } from '../../core/statistics.js';
import type { Measure } from '../../analysis/measure.js';
import { diffStudies, type StudyDiff } from '../../study/diff-studies.js';
import { clipped, visibleLine } from '../../text/visible.js';
import { terminalTable, type TerminalColumn } from '../../text/terminal-table.js';
import { parseCount } from '../data-options.js';
import { colors, terminalWidth } from '../terminal.js';

/** Adds the command. */
export function register(study: Command): void {
  study
    .command('diff')
    .argument('<a>', "a study's folder")
    .argument('<b>', "another's")
    .option('--questions <n>', 'changed questions shown of each cell, the greatest changes first', '3')
    .option('--json', 'one JSON document on standard output, every changed question in it')
    .action(diff);
}

function diff(a: string, b: string, { questions, json }: { questions: string; json?: boolean }): void {
  const shown = parseCount('questions', questions);
  const found = diffStudies(a, b);
  process.stdout.write(json === true ? `${JSON.stringify(found)}\n` : `${diffLines(found, shown).join('\n')}\n`);
}

function diffLines(found: StudyDiff, shown: number): string[] {
  const { settings, judges, cells, onlyA, onlyB, a, b } = found;
  const judging = judges.a === judges.b ? `judged by ${judges.a}` : `judged by ${judges.a} and by ${judges.b}`;
  return [
    colors.bold('set differently'),
    ...(settings.length === 0 ? ['  nothing'] : settings.map(settingLine)),
    colors.bold(`came out, ${visibleLine(judging)}`),
    ...(cells.length === 0
      ? ['  no cell of one study has its like in the other']
      : [terminalTable(COLUMNS, cells, terminalWidth())]),
    ...(cells.length === 0
      ? []
      : ['difference: second less first, of the questions that both asked; intervals count items, not trainings']),
    ...cells.flatMap((cell) => changeLines(cell, shown)),
    ...onlyLines(a, onlyA),
    ...onlyLines(b, onlyB),
  ];
}

/** Longer values are cut. */
const MOST_VALUE = 80;

function settingLine({ key, a, b }: SettingChange): string {
  const [before, after] = [a, b].map((value) => (value === null ? '–' : clipped(JSON.stringify(value), MOST_VALUE)));
  return `  ${visibleLine(`${key}: ${before} → ${after}`)}`;
}

const COLUMNS: readonly TerminalColumn<CellDiff>[] = [
  { name: 'cell', value: ({ place }) => placeText(place) },
  { name: 'measure', spare: 1, value: ({ measure }) => (measure === 'score' ? 'score' : 'correct') },
  { name: 'first', align: 'right', value: ({ a, measure }) => estimateText(a, measure) },
  { name: 'second', align: 'right', value: ({ b, measure }) => estimateText(b, measure) },
  {
    name: 'difference',
    align: 'right',
    value: ({ difference, measure }) =>
      difference === null ? 'no common question' : estimateText(difference, measure),
  },
  { name: 'questions', align: 'right', spare: 3, value: ({ difference }) => difference?.n ?? 0 },
  { name: 'changed', align: 'right', spare: 2, value: ({ changed }) => changed.length },
];

function placeText({ dataset, book, level, rank, form, control, items, exposures }: DiffPlace): string {
  const parts = [
    ...[dataset, book, ...(level === 'none' ? [] : [shortLevel(level)])],
    ...(form === null ? [] : [form]),
    ...(exposures === undefined || exposures === null ? [] : [`${exposures} exposures`]),
    rank === 0 ? 'base' : `rank ${rank}`,
    ...(items === undefined ? [] : [`${items} items`]),
    ...(control === null ? [] : [control]),
  ];
  return visibleLine(parts.join(' '));
}

/** A mean with its interval, where there is one; shares in per cent. */
function estimateText({ mean, low, high }: MeanEstimate, measure: Measure): string {
  const [factor, decimals] = measure === 'score' ? [1, 2] : [100, 1];
  const text = (value: number): string => minus(factor * value, decimals);
  if (Number.isNaN(mean)) return '–';
  return Number.isNaN(low) ? text(mean) : `${text(mean)} (${text(low)} to ${text(high)})`;
}

function changeLines({ place, changed, measure }: CellDiff, shown: number): string[] {
  if (changed.length === 0 || shown === 0) return [];
  const left = changed.length - shown;
  return [
    `${placeText(place)}: ${counted(changed.length, 'question')} changed`,
    ...changed.slice(0, shown).flatMap((change) => questionLines(change, measure)),
    ...(left > 0 ? [`  … and ${left} more; --questions ${changed.length} or --json has them`] : []),
  ];
}

function questionLines(
  { prompt, reference, a, b, answers, item, question }: QuestionChange,
  measure: Measure,
): string[] {
  const value = (each: number): string => minus(measure === 'score' ? each : 100 * each, measure === 'score' ? 1 : 0);
  const unit = measure === 'score' ? '' : ' %';
  return [
    `  ${value(a)} → ${value(b)}${unit}  ${visibleLine(`${item}/${question}`)}: ${visibleLine(clipped(prompt, 160))}`,
    `    reference: ${visibleLine(clipped(reference, 120))}`,
    `    first:     ${visibleLine(clipped(answers.a, 120))}`,
    `    second:    ${visibleLine(clipped(answers.b, 120))}`,
  ];
}

function onlyLines(study: string, places: readonly DiffPlace[]): string[] {
  if (places.length === 0) return [];
  return [`only in ${visibleLine(study)}: ${places.map(placeText).join('; ')}`];
}
