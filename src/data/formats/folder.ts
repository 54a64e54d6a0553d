/** A folder of .txt and .md files: NAME.txt is an item, NAME.summ_l2.txt its text at a level, NAME.questions.jsonl (or .json) its questions. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { isFamiliarLevel, isLevel, levelName, type Level } from '../../core/levels.js';
import type { Item, LevelText, Question } from '../../core/records.js';
import { decodeFile } from '../containers/decode.js';
import { detectSource, readRecords } from '../containers/source.js';
import { stubOf } from '../../files/stub.js';
import type { ProblemLog } from '../problems.js';
import { check, noteOddities, soundText } from '../schema.js';
import { mergeAnswers, recordedText, type ReadContext } from './format.js';
import { readQuestion } from './questions.js';

const TEXT_EXTENSIONS = ['.txt', '.md'];
const QUESTIONS = /\.questions\.jsonl?$/;

/** What is known of a folder before its files are read. */
export interface FolderContext extends Omit<ReadContext, 'place' | 'log'> {
  /** Encoding of its files; default: UTF-8, or what a file's byte order mark says. */
  readonly encoding?: string | undefined;
}

/** The files that make one item. */
interface Group {
  readonly name: string;
  readonly texts: Map<Level, string>;
  readonly questions: string[];
}

/** Items of a folder and its sub-folders, by name; links are not followed. */
export async function* folderItems(root: string, log: ProblemLog, context: FolderContext): AsyncGenerator<Item> {
  const groups = groupFiles(await filesUnder(root), log);
  for (const group of groups) {
    const item = await readGroup(root, group, log, context);
    if (item) yield item;
  }
}

async function filesUnder(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

function groupFiles(files: readonly string[], log: ProblemLog): Group[] {
  const groups = new Map<string, Group>();
  const known = { texts: new Set(files.flatMap((file) => stemOf(file) ?? [])), asked: new Set(files.flatMap(askedOf)) };
  for (const file of files) {
    const part = partOf(file, known);
    if (!part) {
      log.note('a file is neither text nor questions; passed over', { file });
      continue;
    }
    if (part.level !== undefined && !isFamiliarLevel(part.level))
      log.note(`read as the text of ${part.name} at level ${part.level}; a text of its own needs another name`, {
        file,
      });
    const group = groups.get(part.name) ?? { name: part.name, texts: new Map<Level, string>(), questions: [] };
    groups.set(part.name, group);
    addPart(group, part.level, file, log);
  }
  return [...groups.values()];
}

function addPart(group: Group, level: Level | undefined, file: string, log: ProblemLog): void {
  if (level === undefined) group.questions.push(file);
  else if (group.texts.has(level))
    log.add({ file, field: '', what: `is a second ${level} text of ${group.name}`, fix: 'keep one', scope: 'item' });
  else group.texts.set(level, file);
}

/** A text file's path without its ending; undefined for other files. */
function stemOf(file: string): string | undefined {
  const extension = extname(file).toLowerCase();
  return TEXT_EXTENSIONS.includes(extension) ? file.slice(0, -extension.length) : undefined;
}

function askedOf(file: string): string[] {
  return QUESTIONS.test(file) ? [file.replace(QUESTIONS, '')] : [];
}

interface Part {
  readonly name: string;
  /** None for questions. */
  readonly level: Level | undefined;
}

/** Names in the folder: of texts, and of those that have questions beside them. */
interface Known {
  readonly texts: ReadonlySet<string>;
  readonly asked: ReadonlySet<string>;
}

/**
 * The item's name a file belongs to, and the level of its text; no level for questions. `NAME.LEVEL.txt` holds a level of
 * NAME where LEVEL is a familiar one, or where there is a text NAME and none of the file's whole name is asked about.
 */
function partOf(file: string, { texts, asked }: Known): Part | undefined {
  const [name] = askedOf(file);
  if (name !== undefined) return { name, level: undefined };
  const stem = stemOf(file);
  if (stem === undefined) return undefined;
  const splits = splitsOf(stem);
  const split =
    splits.find(({ level }) => isFamiliarLevel(level)) ??
    (asked.has(stem) ? undefined : splits.find((each) => isLevel(each.level) && texts.has(each.name)));
  return split ?? { name: stem, level: 'original' };
}

/** The ways to read a stem as NAME.LEVEL, the shortest name first. */
function splitsOf(stem: string): { name: string; level: string }[] {
  const start = stem.lastIndexOf('/') + 1;
  return [...stem.slice(start).matchAll(/(?<=.)\./g)].map(({ index }) => ({
    name: stem.slice(0, start + index),
    level: levelName(stem.slice(start + index + 1)),
  }));
}

async function readGroup(
  root: string,
  group: Group,
  log: ProblemLog,
  context: FolderContext,
): Promise<Item | undefined> {
  const before = log.countOf('item');
  const texts: Record<string, LevelText> = {};
  for (const [level, file] of originalFirst(group.texts)) {
    const text = await readText(root, file, log, context.encoding);
    if (text !== undefined) texts[level] = recordedText(text, 'folder', file.slice(group.name.length));
  }
  const asked: (readonly Question[])[] = [];
  for (const file of group.questions) asked.push(await readQuestionFile(root, file, log, context));
  const questions = asked.flat();
  if (group.texts.size === 0) {
    const [file = group.name] = group.questions;
    log.add({ file, field: '', what: 'has no text beside it', fix: `add ${group.name}.txt`, scope: 'item' });
  }
  if (questions.length === 0) log.note('a text has no questions beside it', { file: group.name });
  if (log.countOf('item') > before) return undefined;
  return { id: group.name, dataset: context.dataset, texts, questions: mergeAnswers(questions) };
}

function originalFirst(texts: ReadonlyMap<Level, string>): [Level, string][] {
  return [...texts].sort(([a], [b]) => Number(b === 'original') - Number(a === 'original'));
}

async function readText(root: string, file: string, log: ProblemLog, encoding?: string): Promise<string | undefined> {
  const place = { file, line: 1 };
  const bytes = await readFile(join(root, file));
  const stub = bytes.length > 0 && !isWebPage(bytes) ? stubOf(bytes) : undefined;
  if (stub) log.add({ file, field: '', ...stub, scope: 'item' });
  const text = stub ? undefined : decodeFile(bytes, encoding, place, log);
  if (text === undefined) return undefined;
  noteOddities(text, '', { place, log });
  return check(soundText, text, { place, log }, { scope: 'item' });
}

/** Whether a text is a web page: as a document it may well be one. */
const isWebPage = (bytes: Uint8Array): boolean => stubOf(bytes)?.what.includes('web page') ?? false;

async function readQuestionFile(
  root: string,
  file: string,
  log: ProblemLog,
  context: FolderContext,
): Promise<Question[]> {
  const path = join(root, file);
  const questions: Question[] = [];
  for await (const { value, place } of readRecords(await detectSource(path, file, context.encoding), log)) {
    const question = readQuestion(value, { index: questions.length }, { ...context, place, log });
    if (question) questions.push(question);
  }
  return questions;
}
