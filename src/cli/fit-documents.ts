/** The documents of a fit: read, with an exam written about them where they bring no questions, and kept in the fit's folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { hashJson } from '../core/hash.js';
import type { Item } from '../core/records.js';
import { questionRecord } from '../core/question.js';
import { FIT_FILES } from '../fit/fit-layout.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { jsonLines, readJsonLines } from '../files/json-lines.js';
import { writeWhole } from '../files/write-whole.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import type { Tokenizer } from '../models/model.js';
import { openTextModels, type ChatClientOptions } from './chat-client.js';
import { loadWithProgress, reportLines, type DataOptions } from './data-options.js';
import { writtenExam, type ExamChoices } from './exam.js';

export interface DocumentOptions extends DataOptions, ExamChoices {
  /** Most questions on a part of a document, where an exam is written. */
  readonly perPart: number;
  /** Who writes it; without a model, rules. */
  readonly chat: ChatClientOptions;
  /** Counts tokens. */
  readonly tokenizer: Tokenizer;
}

const sourceRecord = z.object({ hash: z.string() });
const itemRecord = z.looseObject({ id: z.string(), questions: z.array(questionRecord) });

/** Where the items with their questions lie in the folder, and the items; what an earlier call made of the same documents is taken as it is. */
export async function fitDocuments(
  documents: string,
  folder: string,
  options: DocumentOptions,
): Promise<{ readonly file: string; readonly items: readonly Item[] }> {
  const file = join(folder, FIT_FILES.items);
  const { items, report } = await loadWithProgress(documents, options);
  const asks = items.some(({ questions }) => questions.length > 0);
  const hash = sourceHash(items, options, asks);
  if (isMadeOf(folder, hash)) return { file, items: readJsonLines(file, itemRecord) as unknown as Item[] };
  const notes = reportLines(report).filter((line) => asks || !line.includes('has no questions beside it'));
  for (const note of options.json === true ? [] : notes) process.stderr.write(`${note}\n`);
  const made = (asks ? items : await examined(items, folder, options)).filter(({ questions }) => questions.length > 0);
  if (made.length === 0)
    throw new UserError(`${documents}: no question could be made: name a model that writes them (--writer or --local)`);
  writeWhole(file, [...jsonLines(made)].join(''));
  writeWhole(join(folder, FIT_FILES.source), jsonText({ hash }));
  return { file, items: made };
}

/** Of the documents, and where an exam is written, of who writes it. */
function sourceHash(
  items: readonly Item[],
  { perPart, chat: { model, local } }: DocumentOptions,
  asks: boolean,
): string {
  return hashJson([hashJson(items), asks ? null : [perPart, model ?? null, local ?? null]]);
}

function isMadeOf(folder: string, hash: string): boolean {
  const source = join(folder, FIT_FILES.source);
  if (!existsSync(source) || !existsSync(join(folder, FIT_FILES.items))) return false;
  return readJsonFile(source, sourceRecord, 'remove it and fit again').hash === hash;
}

async function examined(items: readonly Item[], folder: string, options: DocumentOptions): Promise<readonly Item[]> {
  const journal = new SpendJournal(join(folder, 'exam', 'spend.jsonl'), folder);
  const models = await openTextModels(options.chat, journal);
  const count = (text: string): number => options.tokenizer.encode(text).length;
  try {
    const exam = await writtenExam(items, { perPart: options.perPart, count }, models, options);
    const { documents, parts, questions } = exam.report;
    if (options.json !== true)
      process.stderr.write(`exam: ${documents} documents in ${parts} parts, ${questions} questions\n`);
    return exam.items;
  } finally {
    await models.close();
  }
}
