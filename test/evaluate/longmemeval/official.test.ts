/** The benchmark's script as a child process: a script of its form, run by the Python there is, read back or explained. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { officialEvaluation } from '../../../src/evaluate/longmemeval/official.js';

const folder = mkdtempSync(join(tmpdir(), 'lightmem-script-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Reads and writes what `evaluate_qa.py` does; its judge says yes where the hypothesis is the answer. */
const SCRIPT = `
import json, os, sys
model, hyp, ref = sys.argv[1:]
if model == "unknown":
    print("Requested metric model is not supported:", model)
    sys.exit()
if model == "broken":
    print("refused key", os.environ.get("OPENAI_API_KEY"), file=sys.stderr)
    sys.exit(3)
answers = {r["question_id"]: r["answer"] for r in json.load(open(ref))}
with open(hyp + ".eval-results-" + model, "w") as out:
    for line in open(hyp):
        entry = json.loads(line)
        if model == "lazy" and entry["question_id"] == "b":
            continue
        key = os.environ.get("OPENAI_ORGANIZATION") or os.environ.get("OPENAI_API_KEY")
        entry["autoeval_label"] = {"model": model + "/" + str(key), "label": entry["hypothesis"] == answers[entry["question_id"]]}
        print(json.dumps(entry), file=out)
`;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version']);
    return true;
  } catch {
    console.warn('skipped: the official script, for there is no python3');
    return false;
  }
}

describe.skipIf(!hasPython())('the official script', () => {
  const script = join(folder, 'evaluate_qa.py');
  const referencePath = join(folder, 'ref.json');
  writeFileSync(script, SCRIPT);
  writeFileSync(
    referencePath,
    JSON.stringify([
      { question_id: 'a', answer: 'x' },
      { question_id: 'b', answer: 'y' },
    ]),
  );
  const hypotheses = [
    { question_id: 'a', hypothesis: 'x' },
    { question_id: 'b', hypothesis: 'no' },
  ];
  const run = (metricModel: string, environment: Record<string, string> = {}) =>
    officialEvaluation({
      script,
      metricModel,
      hypotheses,
      referencePath,
      environment: { PATH: process.env['PATH'], ...environment },
    });

  it('is run on the hypotheses and its labels are read back', async () => {
    const results = await run('gpt-4o', { OPENAI_API_KEY: 'key', OPENAI_ORGANIZATION: 'org' });
    expect(results).toEqual([
      { question_id: 'a', autoeval_label: { model: 'gpt-4o/key', label: true } },
      { question_id: 'b', autoeval_label: { model: 'gpt-4o/key', label: false } },
    ]);
  });

  it('is explained where it fails, without the key', async () => {
    await expect(run('broken', { OPENAI_API_KEY: 'secret' })).rejects.toThrow('ended with 3: refused key ***');
    await expect(run('unknown')).rejects.toThrow('wrote no results; it said: Requested metric model is not supported');
    await expect(run('lazy')).rejects.toThrow('judged 1 of 2 answers');
  });

  it('is asked for where it is absent', async () => {
    const absent = { script: join(folder, 'absent.py'), metricModel: 'gpt-4o', hypotheses, referencePath };
    await expect(officialEvaluation(absent)).rejects.toThrow("give the path of LongMemEval's evaluate_qa.py");
  });
});
