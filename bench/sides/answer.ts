/** Our side of `bench/answer`, a process of its own: answers prompts given as tokens, prints seconds and answers as JSON. */
import { readFileSync } from 'node:fs';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { adapterSource } from '../../src/generate/adapted.js';
import { Generator, type Prompt } from '../../src/generate/generator.js';
import { loadModel } from '../../src/models/load.js';

/** A prompt as tokens, and the article it belongs to. */
export interface Asked {
  readonly item: string;
  readonly tokens: readonly number[];
}

/** What our side is given. */
export interface Workload {
  readonly model: string;
  readonly adapter: string;
  readonly maxNewTokens: number;
  readonly threads: number;
  /** Runs, timed one by one. */
  readonly ours: readonly (readonly Asked[])[];
}

const workload = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Workload;
const model = loadModel(workload.model);
const loading = performance.now();
const generator = await Generator.create({
  engine: onnxRuntimeEngine({ device: 'cpu', threads: workload.threads }),
  config: model.config,
  tokenizer: model.tokenizer,
  ...adapterSource(model, workload.adapter),
});
process.stderr.write(`ours: loaded in ${((performance.now() - loading) / 1000).toFixed(1)} s\n`);
const settings = { maxNewTokens: workload.maxNewTokens, temperature: 0, seed: 0, stop: [] };

async function run(given: readonly Asked[]) {
  const prompts: Prompt[] = given.map(({ item, tokens }, i) => ({ id: String(i), group: item, tokens }));
  const [started, used] = [performance.now(), process.cpuUsage()];
  const answers = await generator.generate(prompts, settings);
  const { user, system } = process.cpuUsage(used);
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(`ours: ${prompts.length} prompts, ${seconds.toFixed(1)} s\n`);
  return { seconds, processorSeconds: (user + system) / 1e6, answers: answers.map(({ tokens }) => tokens) };
}

await run(workload.ours[0]?.slice(0, 2) ?? []); // what is compiled on the first call is not counted
const results = [];
for (const prompts of workload.ours) results.push(await run(prompts));
process.stdout.write(JSON.stringify(results));
await generator.dispose();
