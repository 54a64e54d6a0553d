/** What `lightmem doctor` prints for people. */
import type { Examination } from '../doctor/examine.js';
import { NEEDED, type Finding, type Status } from '../doctor/finding.js';
import type { LargestModel } from '../doctor/largest-models.js';
import { bytesText } from '../text/bytes.js';
import { foldedLine, terminalTable, type TerminalColumn } from '../text/terminal-table.js';
import { visibleLine } from '../text/visible.js';
import { colors, terminalWidth } from './terminal.js';

const PAINTS: Readonly<Record<Status, (text: string) => string>> = {
  ok: colors.green,
  missing: colors.red,
  note: colors.yellow,
};
const STATUS_WIDTH = 9;
const NAME_WIDTH = 13;

/** Lines of all findings, a table of what can be trained, and whether training works here. */
export function examinationText({ lightmem, node, works, findings }: Examination): string {
  const training = findings.find(({ check }) => check === 'training')?.facts?.['largest'];
  const largest = Array.isArray(training) ? (training as readonly LargestModel[]) : [];
  return [
    `lightmem ${lightmem}, Node ${node}`,
    '',
    ...findings.flatMap(findingLines),
    ...(largest.length === 0 ? [] : ['', ...largestLines(largest)]),
    '',
    works ? 'Training on this machine works.' : `Training on this machine does not work: mend ${lacking(findings)}.`,
    '',
  ].join('\n');
}

function lacking(findings: readonly Finding[]): string {
  return findings
    .filter(({ check, status }) => status === 'missing' && NEEDED.includes(check))
    .map(({ check }) => check)
    .join(', ');
}

/** A step to mend stands on a line of its own, unbroken, so that it can be copied. */
function findingLines({ check, status, says, mend }: Finding): string[] {
  const margin = ' '.repeat(STATUS_WIDTH + NAME_WIDTH);
  const head = `${status.padEnd(STATUS_WIDTH)}${check.padEnd(NAME_WIDTH)}`;
  const [first = '', ...rest] = foldedLine(visibleLine(says), terminalWidth() - margin.length).split('\n');
  return [
    `${PAINTS[status](head.slice(0, STATUS_WIDTH))}${head.slice(STATUS_WIDTH)}${first}`,
    ...rest.map((line) => `${margin}${line}`),
    ...(mend === null ? [] : [`${margin}${colors.bold(visibleLine(mend))}`]),
  ];
}

const COLUMNS: readonly TerminalColumn<LargestModel>[] = [
  { name: 'engine', value: ({ engine }) => engine, spare: 4 },
  { name: 'on', value: ({ device }) => device, spare: 3 },
  { name: 'base held in', value: ({ base }) => (base === 'nf4' ? 'NF4' : base) },
  {
    name: 'layers',
    value: ({ gradientCheckpointing }) => (gradientCheckpointing ? 'computed again' : 'kept'),
    spare: 1,
  },
  { name: 'largest model', value: ({ model }) => model ?? 'none' },
  { name: 'memory', align: 'right', value: ({ memoryBytes }) => (memoryBytes === null ? '' : bytesText(memoryBytes)) },
  {
    name: 'tokens/s',
    align: 'right',
    value: ({ tokensPerSecond }) => (tokensPerSecond === null ? '' : `≈ ${tokensPerSecond}`),
  },
  { name: 'also asked', value: ({ asks }) => (asks ? 'yes' : 'no: that takes f32'), spare: 2 },
];

function largestLines(largest: readonly LargestModel[]): string[] {
  const heading = 'What can be trained here, batches of 1,024 tokens at rank 16 (estimates):';
  return [foldedLine(heading, terminalWidth()), terminalTable(COLUMNS, largest, terminalWidth())];
}
