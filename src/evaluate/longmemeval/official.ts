/** LongMemEval's own judge script, where the user has it: run as a child process, its result file read back. */
import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { parseResults, toJsonLines, type EvaluationResult, type Hypothesis } from './records.js';

export interface OfficialOptions {
  /** Path of `evaluate_qa.py`. */
  readonly script: string;
  /** The judge by the script's own name for it: `gpt-4o`, `gpt-4o-mini`, `llama-3.1-70b-instruct`. */
  readonly metricModel: string;
  readonly hypotheses: readonly Hypothesis[];
  /** The benchmark's file with questions and answers. */
  readonly referencePath: string;
  /** Default `python3`. */
  readonly python?: string;
  /** Default: this process's. The script reads key and address from it: OPENAI_API_KEY, OPENAI_BASE_URL. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
}

/** Lines of the script's own messages that are shown where it fails. */
const SHOWN_LINES = 5;

/** The script's labels. Throws UserError where it is absent, fails, or judges fewer answers than it was given. */
export async function officialEvaluation(options: OfficialOptions): Promise<EvaluationResult[]> {
  await access(options.script).catch(() => {
    throw new UserError(`no file ${options.script}: give the path of LongMemEval's evaluate_qa.py`);
  });
  const folder = await mkdtemp(join(tmpdir(), 'lightmem-official-'));
  try {
    const path = join(folder, 'hypotheses.jsonl');
    await writeFile(path, toJsonLines(options.hypotheses));
    const messages = await runScript(options, path);
    return await readBack(`${path}.eval-results-${options.metricModel}`, options.hypotheses.length, messages);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the script; its last messages, so that they can be shown. */
async function runScript(options: OfficialOptions, hypotheses: string): Promise<string> {
  const { script, metricModel, referencePath, python = 'python3', environment = process.env, signal } = options;
  const child = spawn(python, [script, metricModel, hypotheses, referencePath], {
    env: scriptEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString('utf8')).slice(-10_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(new UserError(`could not run ${python} ${script}: ${error.message}`)));
    child.on('close', resolve);
  });
  const messages = lastLines(said, environment);
  if (code !== 0) throw new UserError(`${script} ended with ${code ?? 'a signal'}: ${messages}`);
  return messages;
}

async function readBack(path: string, expected: number, messages: string): Promise<EvaluationResult[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UserError(`the script wrote no results; it said: ${messages}`);
  });
  const results = parseResults(text, path);
  if (results.length < expected)
    throw new UserError(`the script judged ${results.length} of ${expected} answers; it said: ${messages}`);
  return results;
}

/**
 * The script passes OPENAI_ORGANIZATION where the key belongs, and falls back to OPENAI_API_KEY only where that is unset:
 * it is left out where there is a key.
 */
function scriptEnvironment(environment: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const { OPENAI_ORGANIZATION: organization, ...rest } = environment;
  const keyed = rest['OPENAI_API_KEY'] !== undefined || organization === undefined;
  return { ...rest, ...(keyed ? {} : { OPENAI_ORGANIZATION: organization }), PYTHONUNBUFFERED: '1' };
}

function lastLines(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  const keys = [environment['OPENAI_API_KEY'], environment['OPENAI_ORGANIZATION']];
  const masked = keys.reduce<string>((left, key) => (key ? left.replaceAll(key, '***') : left), text);
  return masked.trim().split('\n').slice(-SHOWN_LINES).join(' | ') || 'nothing';
}
