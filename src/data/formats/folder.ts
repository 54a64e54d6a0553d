/** A folder of .txt and .md files: NAME.txt is an item, NAME.summ_l2.txt its text at a level, NAME.questions.jsonl (or .json) its questions. */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { isLevel, LEVELS, type Level } from '../../core/levels.js';
import type { Item, LevelText, Question } from '../../core/records.js';
import { decode } from '../containers/json-text.js';
import { detectContainer, readRecords } from '../containers/source.js';
import type { ProblemLog } from '../problems.js';
import { check, noteOddities, soundText } from '../schema.js';
import { mergeAnswers, recordedText, type ReadContext } from './format.js';
import { readQuestion } from './items.js';

const TEXT_EXTENSIONS = ['.txt', '.md'];
const QUESTIONS = /\.questions\.jsonl?$/;

/** The files that make one item. */
interface Group {
  readonly name: string;
  readonly texts: Map<Level, string>;
  readonly questions: string[];
}

/** Items of a folder and its sub-folders, by name; links are not followed. */
export async function* folderItems(
  root: string,
  log: ProblemLog,
  context: Omit<ReadContext, 'place' | 'log'>,
): AsyncGenerator<Item> {
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
  for (const file of files) {
    const part = partOf(file);
    if (!part) {
      log.note('a file is neither text nor questions; passed over', { file });
      continue;
    }
    const group = groups.get(part.name) ?? { name: part.name, texts: new Map<Level, string>(), questions: [] };
    groups.set(part.name, group);
    addPart(group, part.level, file, log);
  }
  return [...groups.values()];
}

function addPart(group: Group, level: string | undefined, file: string, log: ProblemLog): void {
  if (level === undefined) group.questions.push(file);
  else if (!isLevel(level))
    log.add({ file, field: '', what: `"${level}" is no known level`, fix: `use ${LEVELS.join(', ')}`, scope: 'item' });
  else if (group.texts.has(level))
    log.add({ file, field: '', what: `is a second ${level} text of ${group.name}`, fix: 'keep one', scope: 'item' });
  else group.texts.set(level, file);
}

/** The item's name a file belongs to, and the level of its text; no level for questions. */
function partOf(file: string): { name: string; level: string | undefined } | undefined {
  if (QUESTIONS.test(file)) return { name: file.replace(QUESTIONS, ''), level: undefined };
  const extension = extname(file).toLowerCase();
  if (!TEXT_EXTENSIONS.includes(extension)) return undefined;
  const stem = file.slice(0, -extension.length);
  const level = extname(stem).slice(1);
  if (isLevel(level) || level.startsWith('summ_')) return { name: stem.slice(0, -level.length - 1), level };
  return { name: stem, level: 'original' };
}

async function readGroup(
  root: string,
  group: Group,
  log: ProblemLog,
  context: Omit<ReadContext, 'place' | 'log'>,
): Promise<Item | undefined> {
  const before = log.countOf('item');
  const texts: Partial<Record<Level, LevelText>> = {};
  for (const level of LEVELS) {
    const file = group.texts.get(level);
    if (file === undefined) continue;
    const text = await readText(root, file, log);
    if (text !== undefined) texts[level] = recordedText(text, 'folder', file.slice(group.name.length));
  }
  const questions: Question[] = [];
  for (const file of group.questions) questions.push(...(await readQuestionFile(root, file, log, context)));
  if (group.texts.size === 0) {
    const [file = group.name] = group.questions;
    log.add({ file, field: '', what: 'has no text beside it', fix: `add ${group.name}.txt`, scope: 'item' });
  }
  if (questions.length === 0) log.note('a text has no questions beside it', { file: group.name });
  if (log.countOf('item') > before) return undefined;
  return { id: group.name, dataset: context.dataset, texts, questions: mergeAnswers(questions) };
}

async function readText(root: string, file: string, log: ProblemLog): Promise<string | undefined> {
  const place = { file, line: 1 };
  const decoded = decode(await readFile(join(root, file)), place, log);
  const text = decoded?.startsWith('\uFEFF') ? decoded.slice(1) : decoded;
  if (text === undefined) return undefined;
  noteOddities(text, '', { place, log });
  return check(soundText, text, { place, log }, 'item');
}

async function readQuestionFile(
  root: string,
  file: string,
  log: ProblemLog,
  context: Omit<ReadContext, 'place' | 'log'>,
): Promise<Question[]> {
  const path = join(root, file);
  const questions: Question[] = [];
  const container = await detectContainer(path, file);
  for await (const { value, place } of readRecords(path, file, container, log)) {
    const question = readQuestion(value, questions.length, [], { ...context, place, log });
    if (question) questions.push(question);
  }
  return questions;
}
