/** Where answers of two sides first differ, and by how much the two best logits lie apart there, in our own model's eyes. */
import { readFileSync } from 'node:fs';
import { onnxRuntimeEngine } from '../../src/engine/onnxruntime.js';
import { adapterSource } from '../../src/generate/adapted.js';
import { Generator } from '../../src/generate/generator.js';
import { loadModel } from '../../src/models/load.js';

export interface Margins {
  readonly answers: number;
  /** Answers that are not the same token by token. */
  readonly different: number;
  /** Of those, the ones whose two best logits lie further apart than `TIE` where they first differ. */
  readonly apart: number;
  /** Gaps of the two best logits where answers first differ. */
  readonly gaps: readonly number[];
}

interface Given {
  readonly model: string;
  readonly adapter: string;
  readonly threads: number;
  readonly prompts: readonly { readonly tokens: readonly number[] }[];
  readonly ours: readonly (readonly number[])[];
  readonly theirs: readonly (readonly number[])[];
}

/** Logits nearer than this are a tie that rounding may decide. */
const TIE = 1e-3;

const given = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Given;
const model = loadModel(given.model);
const generator = await Generator.create({
  engine: onnxRuntimeEngine({ device: 'cpu', threads: given.threads }),
  config: model.config,
  tokenizer: model.tokenizer,
  ...adapterSource(model, given.adapter),
});

async function gapAfter(tokens: readonly number[]): Promise<number> {
  const logits = [...(await generator.nextLogits(tokens))].sort((a, b) => b - a);
  return (logits[0] ?? NaN) - (logits[1] ?? NaN);
}

const gaps: number[] = [];
for (const [i, { tokens }] of given.prompts.entries()) {
  const [ours, theirs] = [given.ours[i] ?? [], given.theirs[i] ?? []];
  const length = Math.max(ours.length, theirs.length);
  const at = Array.from({ length }, (_, place) => place).find((place) => ours[place] !== theirs[place]);
  if (at !== undefined) gaps.push(await gapAfter([...tokens, ...ours.slice(0, at)]));
}
const result: Margins = {
  answers: given.prompts.length,
  different: gaps.length,
  apart: gaps.filter((gap) => gap > TIE).length,
  gaps,
};
process.stdout.write(JSON.stringify(result));
await generator.dispose();
