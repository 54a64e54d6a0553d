/** `lightmem exam`: questions about documents that have none, for a person to look over and a study to ask. */
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { spendForecast } from '../compress/spend-forecast.js';
import { UserError } from '../core/errors.js';
import type { Item } from '../core/records.js';
import { DROP_REASONS } from '../exam/check.js';
import { examParts, makeExam, type Exam, type ExamReport, type ExamSettings } from '../exam/exam.js';
import { modelWriter } from '../exam/model-writer.js';
import { ruleWriter } from '../exam/rules.js';
import { ExamStopped, type ExamWriter } from '../exam/writer.js';
import { writeWhole } from '../files/write-whole.js';
import type { TextModels } from '../generate/text-models.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import { visibleText } from '../text/visible.js';
import { addChatClientOptions, openTextModels, type ChatClientOptions } from './chat-client.js';
import { confirmed } from './confirm.js';
import { addDataOptions, type DataOptions, loadWithProgress, parseCount, reportLines } from './data-options.js';
import { interruption, Interruption } from './interrupt.js';
import { Progress } from './progress.js';
import { tokenCounter } from '../compress/token-counter.js';

interface Options extends DataOptions, ChatClientOptions {
  readonly out: string;
  readonly questions: string;
  readonly partTokens: string;
  readonly tokenizer: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  const command = addDataOptions(
    program.command('exam').argument('<documents>', 'a folder of .md or .txt files, or any data set with texts'),
  )
    .requiredOption('--out <file>', 'where the items with their questions go, as JSON lines')
    .option('--questions <n>', 'most new questions on a part of a document', '8')
    .option('--part-tokens <n>', 'longest part; longer documents are cut at headings and paragraphs', '600')
    .option('--tokenizer <name>', 'what tokens are counted with: qwen2.5, a model folder or a GGUF file', 'qwen2.5')
    .option('--yes', 'do not ask before large spends')
    .option('--json', 'one JSON document on standard output, no progress')
    .addHelpText('after', HELP)
    .action(run);
  addChatClientOptions(command);
}

const HELP = `
Without --model or --local, questions are made by rules: of tables, "key: value" lines, and of names, numbers and dates in sentences.
Every answer stands in its text; whatever a model answers that does not is dropped and counted. Each question has a second wording, which
is kept for asking and never trained. The file is a data set like any other: look it over, change what you like, and give it to a study.`;

async function run(documents: string, options: Options): Promise<void> {
  const counter = tokenCounter(options.tokenizer);
  const count = (text: string): number => counter.count(text);
  const sizes = {
    perPart: parseCount('questions', options.questions),
    partTokens: parseCount('part-tokens', options.partTokens),
  };
  const { items, report } = await loadWithProgress(documents, options);
  const journal = new SpendJournal(
    join(dirname(resolve(options.out)), 'lightmem-exam', 'spend.jsonl'),
    relative('.', resolve(options.out)),
  );
  const models = await openTextModels(options, journal);
  try {
    const exam = await writtenExam(items, { ...sizes, count }, models, options);
    writeWhole(options.out, exam.items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    const notes = reportLines(report).filter((line) => !line.includes('has no questions beside it'));
    for (const line of notes) process.stderr.write(`${line}\n`);
    tell(exam, options);
  } finally {
    await models.close();
  }
}

/** How an exam is written beside its sizes. */
export interface ExamChoices {
  /** Whether large spends are agreed to beforehand. */
  readonly yes?: boolean;
  /** Whether nothing is said while it is written. */
  readonly json?: boolean;
}

/** Writes an exam by the model that answers, else by rules, with progress. Throws UserError where there is no text or it stops. */
export async function writtenExam(
  items: readonly Item[],
  sizes: Omit<ExamSettings, 'writer'>,
  models: TextModels,
  options: ExamChoices,
): Promise<Exam> {
  const writer = models.hasChat ? modelWriter(models.chat(), sizes.count) : ruleWriter;
  const parts = examParts(items, sizes);
  if (parts.length === 0) throw new UserError('there is no text to ask about: give documents with an original text');
  if (models.hasChat)
    await agree(
      parts.map((part) => writer.estimate(part, sizes.perPart ?? 0)),
      models,
      options,
    );
  const signal = interruption();
  const progress = new Progress({ label: 'exam', total: parts.length, unit: 'parts', silent: options.json === true });
  const onProgress: ExamSettings['onProgress'] = ({ done, questions }) =>
    progress.update(done, `${questions} questions`);
  try {
    return await makeExam(items, { ...sizes, writer, signal, onProgress });
  } catch (error) {
    if (signal.reason instanceof Interruption) throw signal.reason;
    if (error instanceof ExamStopped)
      throw new UserError(`the exam stopped: ${error.message}; run it again, and it goes on from there`);
    throw error;
  } finally {
    progress.end();
  }
}

/** Asks before a large spend. Throws UserError where it is not agreed to. */
async function agree(
  asked: readonly ReturnType<ExamWriter['estimate']>[],
  models: TextModels,
  { yes = false, json = false }: ExamChoices,
): Promise<void> {
  const tokens = (pick: 'inputTokens' | 'outputTokens'): number =>
    asked.reduce((sum, each) => sum + (each?.[pick] ?? 0), 0);
  const calls = asked.length;
  const left = {
    texts: calls,
    kept: 0,
    missing: calls,
    calls,
    inputTokens: tokens('inputTokens'),
    outputTokens: tokens('outputTokens'),
  };
  const smaller = 'ask fewer questions with --questions, or limit it with --max-tokens';
  if (!(await confirmed(spendForecast(left, models), { yes, silent: json, smaller })))
    throw new UserError('nothing was asked or written');
}

function tell({ items, report }: Exam, { json, out }: Options): void {
  if (json === true) {
    process.stdout.write(`${JSON.stringify({ out, ...report })}\n`);
    return;
  }
  process.stdout.write(`${summary(report)}\n`);
  for (const { item, question } of samples(items))
    process.stdout.write(
      `\n${visibleText(item.id)}\n  question: ${visibleText(question.prompt)}\n  reworded: ${visibleText(question.testPrompt ?? '–')}\n  answer:   ${visibleText(question.answers[0] ?? '')}\n`,
    );
  process.stdout.write(`\nwritten to ${visibleText(out)}: look it over, it is a data set like any other\n`);
}

function summary({ documents, parts, questions, reworded, dropped, unread, without }: ExamReport): string {
  const reasons = DROP_REASONS.flatMap((reason) => (dropped[reason] === 0 ? [] : [`${dropped[reason]} ${reason}`]));
  return [
    `${documents} documents in ${parts} parts: ${questions} questions, ${reworded} with a second wording kept for asking`,
    ...(reasons.length === 0 ? [] : [`dropped: ${reasons.join(', ')}`]),
    ...(unread === 0 ? [] : [`${unread} lines of the answers were no question`]),
    ...(without.length === 0
      ? []
      : [`parts without a question: ${without.length}, first ${visibleText(without[0] ?? '')}`]),
  ].join('\n');
}

/** A look at three questions from all over. */
function samples(items: readonly Item[]) {
  const all = items.flatMap((item) => item.questions.map((question) => ({ item, question })));
  return [0, 0.5, 1]
    .flatMap((share) => all[Math.round(share * (all.length - 1))] ?? [])
    .filter((each, index, list) => list.indexOf(each) === index);
}
