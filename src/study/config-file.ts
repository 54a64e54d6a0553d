/** Reading a study file: YAML whose problems are told all at once, each with file, line and key. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isNode, LineCounter, parse, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { distinct } from '../core/collections.js';
import { isModulePath } from '../compress/methods/user-module.js';
import { messageOf, UserError, UserErrors } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import { isRepositoryName } from '../models/hub/hub-cache.js';
import { BUNDLED } from '../models/load.js';
import { studySchema, trainSchema, type StudyConfig } from './config.js';
import { inOurSpelling, keysAt } from './json-schema.js';
import type { ServerConfig } from './server-config.js';
import type { TextSpec } from './texts-config.js';

/** Largest study file read, in bytes: a grid is a page, not a data set. */
const MAX_BYTES = 1 << 20;

/** A key that is to stand otherwise than in the file: `train`, `learningRate`; `grid`, `0`, `ranks`. */
export interface Change {
  readonly keys: readonly string[];
  readonly value: unknown;
}

/** A change as it is written: `train.learningRate=1e-3`, the value as in a study file. Throws UserError for what is none. */
export function changeFrom(text: string): Change {
  const at = text.indexOf('=');
  const keys = text.slice(0, Math.max(0, at)).split('.');
  if (at < 1 || keys.includes(''))
    throw new UserError(`invalid "${text}": write KEY=VALUE, e.g. train.learningRate=1e-3 or engine=peft`);
  try {
    return { keys, value: parse(text.slice(at + 1)) as unknown };
  } catch (error) {
    throw new UserError(`invalid "${text}": ${firstLine(messageOf(error))}: write the value as in a study file`);
  }
}

/** Reads and checks a study file with some keys changed; its own paths are taken from its folder. Throws UserErrors with every problem's line and key. */
export function readStudyFile(path: string, changes: readonly Change[] = []): StudyConfig {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UserError(missing ? `no such file: ${path}: check the path` : `cannot read ${path}: ${messageOf(error)}`);
  }
  if (source.length > MAX_BYTES) throw new UserError(`${path} is no study file: it has ${source.length} characters`);
  return withPathsFrom(dirname(path), parseStudy(source, path, changes));
}

/** The configuration with the paths of its model and data sets taken from a folder; `out` stays under the current one. */
export function withPathsFrom(folder: string, config: StudyConfig): StudyConfig {
  const datasets = Object.entries(config.datasets).map(([name, dataset]) => [
    name,
    {
      ...dataset,
      ...(dataset.file !== undefined && { file: resolve(folder, dataset.file) }),
      ...(dataset.testFile !== undefined && { testFile: resolve(folder, dataset.testFile) }),
    },
  ]);
  const texts = Object.entries(config.texts).map(([level, spec]) => [level, specFrom(folder, spec)]);
  const { local } = config.compress;
  return {
    ...config,
    texts: Object.fromEntries(texts) as StudyConfig['texts'],
    compress: { ...config.compress, ...(local !== undefined && { local: modelFrom(folder, local) }) },
    ...(config.server !== undefined && { server: serverFrom(folder, config.server) }),
    model: typeof config.model === 'string' ? modelFrom(folder, config.model) : config.model,
    datasets: Object.fromEntries(datasets) as StudyConfig['datasets'],
  };
}

/** A server with the path of a base that is opened here taken from a folder, where there is one. */
function serverFrom(folder: string, server: ServerConfig): ServerConfig {
  const { model, endpoint } = server;
  if (model === undefined || endpoint !== undefined) return server;
  const path = resolve(folder, model);
  return existsSync(path) ? { ...server, model: path } : server;
}

/** A level's entry with the paths of a module and of recorded texts taken from a folder. */
function specFrom(folder: string, spec: TextSpec): TextSpec {
  const { method } = spec;
  const file = spec['file'];
  return {
    ...spec,
    ...(method !== undefined && isModulePath(method) && { method: resolve(folder, method) }),
    ...(method === 'recorded' && typeof file === 'string' && { file: resolve(folder, file) }),
  };
}

/** A model as it was named: `bundled`, a path from a folder where one is there, a name on the hub (`owner/name`), or else a path. */
export function modelFrom(folder: string, model: string): string {
  const path = resolve(folder, model);
  const isOnHub = model.includes('/') && isRepositoryName(model) && !existsSync(path);
  return model === BUNDLED || isOnHub ? model : path;
}

/** Checks the text of a study file; `path` is named in messages. */
export function parseStudy(source: string, path: string, changes: readonly Change[] = []): StudyConfig {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const heading = `${path} cannot be used:`;
  if (document.errors.length > 0)
    throw new UserErrors(
      heading,
      document.errors.map(({ message, linePos }) => `line ${linePos?.[0].line ?? 1}: ${firstLine(message)}`),
    );
  for (const change of changes) apply(document, change);
  const parsed = studySchema.safeParse(toValue(document, path), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new UserErrors(
    heading,
    problemsOf(parsed.error, (keys) => lineOf(document, lines, keys)),
  );
}

/** Checks settings given as values, as code does; throws UserErrors with every problem's key. */
export function studyConfig(value: unknown, name = 'the study'): StudyConfig {
  const parsed = studySchema.safeParse(inOurSpelling(value), { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new UserErrors(
    `${name} cannot be used:`,
    problemsOf(parsed.error, () => undefined),
  );
}

/** Checks settings of training given as values; throws UserErrors with every problem's key. */
export function trainConfig(value: unknown): StudyConfig['train'] {
  const parsed = trainSchema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new UserErrors(
    'the settings of training cannot be used:',
    problemsOf(parsed.error, () => undefined),
  );
}

/** Throws UserError where what is above the key has no keys of its own, or no such entry. */
function apply(document: Document.Parsed, { keys, value }: Change): void {
  try {
    document.setIn(keys, document.createNode(value));
  } catch {
    throw new UserError(
      `${keys.join('.')} cannot be set: what the file has at ${keys.slice(0, -1).join('.')} has no keys`,
    );
  }
}

function toValue(document: Document.Parsed, path: string): unknown {
  try {
    return inOurSpelling(document.toJS({ maxAliasCount: 50 }) ?? {});
  } catch (error) {
    throw new UserError(`${path} cannot be used: ${messageOf(error)}`);
  }
}

type Keys = readonly PropertyKey[];

function problemsOf(error: z.ZodError, line: (keys: Keys) => number | undefined): string[] {
  return distinct(error.issues.flatMap((issue) => flatten(issue)).map((issue) => problemText(issue, line)));
}

interface Problem {
  readonly path: Keys;
  readonly message: string;
}

/** Of a union, the branch that came nearest, or whose form the value has, is the one meant; unknown keys are told one by one. */
function flatten(issue: z.core.$ZodIssue, above: Keys = []): Problem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const nearest = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
    if (depth(nearest) > 0) return nearest.flatMap((inner) => flatten(inner, path));
    const refined = issue.errors.find((issues) => issues.length > 0 && issues.every(({ code }) => code === 'custom'));
    if (refined !== undefined) return refined.flatMap((inner) => flatten(inner, path));
  }
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(key, keysAt(path)) }));
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input'))
    return [{ path, message: issue.input === undefined ? 'is missing' : `must be ${issue.expected}` }];
  return [{ path, message: issue.message }];
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return `is not known here: ${meant === undefined ? 'check its spelling or remove it' : `did you mean ${meant}?`}`;
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length));
}

function problemText({ path, message }: Problem, line: (keys: Keys) => number | undefined): string {
  const at = line(path);
  const key = path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}${text === '' ? '' : '.'}${String(part)}`),
    '',
  );
  return `${at === undefined ? '' : `line ${at}, `}${key === '' ? 'the file' : key}: ${message}`;
}

/** The line of the node at a path, or of the nearest one above it that is there. */
function lineOf(document: Document.Parsed, lines: LineCounter, keys: Keys): number {
  for (let length = keys.length; length > 0; length--) {
    const node: unknown = document.getIn(keys.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? text).replace(/ at line \d+, column \d+:?$/, '');
}
