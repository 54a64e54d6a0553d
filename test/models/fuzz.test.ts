import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { loadChatTemplate } from '../../src/models/text/chat-template.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { GgufFile } from '../../src/models/formats/gguf.js';
import { hubFiles } from '../../src/models/hub/hub-files.js';
import { loadModel } from '../../src/models/load.js';
import { openSafetensors, writeSafetensors } from '../../src/models/formats/safetensors.js';
import { loadTokenizer } from '../../src/models/text/tokenizer.js';
import { mutated, type JsonPart } from './support/mutate.js';

/** Damaged files of each kind; set LIGHTMEM_FUZZ_CASES for a long run, LIGHTMEM_FUZZ_SEED for another one. */
const CASES = Number(process.env['LIGHTMEM_FUZZ_CASES'] ?? 1000);
const SEED = Number(process.env['LIGHTMEM_FUZZ_SEED'] ?? 1);
const SLOWEST_MS = 2000;
/** Memory beyond what there was before; a declared size that is believed takes far more. */
const MOST_BYTES = 512 << 20;

const golden = new URL('../golden/', import.meta.url).pathname;
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'lightmem-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Target {
  readonly name: string;
  /** The file that is damaged. */
  readonly path: string;
  /** Bytes from the start in which the structure lies. */
  readonly head: number;
  readonly json: JsonPart;
  readonly open: () => void;
}

function readAll(source: { names: readonly string[]; read: (name: string) => Float32Array }): void {
  for (const name of source.names) source.read(name);
}

const at = (path: string): string => join(golden, path);
const headOf = (path: string): number => 8 + Number(readFileSync(path).readBigUInt64LE());
const firstTensor = (path: string): number =>
  Math.min(...[...new GgufFile(path).tensors.values()].map(({ start }) => start));

/** A copy of a golden file that may be damaged. */
function copied(file: string, as: string): string {
  const path = join(folder, as);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(at(file), path);
  return path;
}

/** A whole model in two shards, with its tokenizer. */
function writeModel(): string {
  const path = join(folder, 'model');
  mkdirSync(path);
  for (const [name, text] of Object.entries(hubFiles(loadModel(at('models/qwen2.gguf')))))
    writeFileSync(join(path, name), text);
  const source = openSafetensors(at('decoder/qwen2/model.safetensors'));
  const half = source.names.length >> 1;
  const map: Record<string, string> = {};
  for (const [i, names] of [source.names.slice(0, half), source.names.slice(half)].entries()) {
    const shard = `model-0000${i + 1}-of-00002.safetensors`;
    const tensors = names.map((name) => ({ name, shape: source.shape(name), data: source.read(name) }));
    writeSafetensors(join(path, shard), tensors, { metadata: { format: 'pt' } });
    for (const name of names) map[name] = shard;
  }
  const index = { metadata: { total_size: 0 }, weight_map: map };
  writeFileSync(join(path, 'model.safetensors.index.json'), JSON.stringify(index));
  return path;
}

const model = writeModel();
const config = readModelConfig(model);
const text = 'Mäuse, 12 345 and <|im_end|>\n\tthe  mayor of 武汉';

function jsonTarget(name: string, path: string, open: () => void): Target {
  return { name, path, head: statSync(path).size, json: 'whole', open };
}

function safetensorsTarget(name: string, path: string, open: () => void): Target {
  return { name, path, head: headOf(path), json: 'header', open };
}

function ggufTarget(name: string, path: string, open: () => void): Target {
  return { name, path, head: firstTensor(path), json: 'none', open };
}

const types = copied('models/types.safetensors', 'types.safetensors');
const plain = copied('decoder/qwen2/model.safetensors', 'plain.safetensors');
const formats = copied('models/formats.gguf', 'formats.gguf');
const llama = copied('models/llama.gguf', 'llama.gguf');
const adapterConfig = copied('decoder/qwen2/adapter/adapter_config.json', 'adapter/adapter_config.json');
const adapterTensors = copied('decoder/qwen2/adapter/adapter_model.safetensors', 'adapter/adapter_model.safetensors');
// That of the golden folder starts from B = 0, as PEFT's do.
const openAdapter = (): unknown => readAdapter(dirname(adapterConfig), config, { allowUntrained: true });

const TARGETS: readonly Target[] = [
  safetensorsTarget('safetensors of five types', types, () => {
    const source = openSafetensors(types);
    const names = source.names.filter((name) => source.dtype(name) !== 'I64');
    readAll({ names, read: (name) => source.read(name) });
  }),
  safetensorsTarget('safetensors of a model', plain, () => readAll(openSafetensors(plain))),
  ggufTarget('GGUF of eleven formats', formats, () => {
    const file = new GgufFile(formats);
    readAll({ names: [...file.tensors.keys()], read: (name) => file.read(name) });
  }),
  ggufTarget('GGUF of a model', llama, () => readAll(loadModel(llama).weights)),
  jsonTarget('config.json', join(model, 'config.json'), () => readAll(loadModel(model).weights)),
  jsonTarget('index of shards', join(model, 'model.safetensors.index.json'), () => readAll(openSafetensors(model))),
  jsonTarget('tokenizer.json', join(model, 'tokenizer.json'), () => {
    const tokenizer = loadTokenizer(model);
    tokenizer.decode(tokenizer.encode(text));
  }),
  jsonTarget('tokenizer_config.json', join(model, 'tokenizer_config.json'), () =>
    loadChatTemplate(model).render([{ role: 'user', content: text }]),
  ),
  jsonTarget('adapter_config.json', adapterConfig, openAdapter),
  safetensorsTarget('safetensors of an adapter', adapterTensors, openAdapter),
];

interface Outcome {
  readonly crash?: string;
  readonly read: boolean;
  readonly milliseconds: number;
}

function attempt(target: Target): Outcome {
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  try {
    target.open();
    return { read: true, milliseconds: elapsed() };
  } catch (error) {
    const crash =
      error instanceof UserError ? {} : { crash: error instanceof Error ? (error.stack ?? '') : String(error) };
    return { ...crash, read: false, milliseconds: elapsed() };
  }
}

describe('damaged model files are read or refused, never a crash, in time', () => {
  it.each(TARGETS)(`${CASES} of $name`, { timeout: 60_000 + 100 * CASES }, (target) => {
    const original = readFileSync(target.path);
    target.open();
    const before = process.memoryUsage.rss();
    let [read, slowest, most] = [0, 0, 0];
    for (let i = 0; i < CASES; i++) {
      writeFileSync(target.path, mutated(original, target.head, new Random(SEED, target.name, i), target.json));
      const outcome = attempt(target);
      expect(outcome.crash, `case ${i} of seed ${SEED}`).toBeUndefined();
      read += outcome.read ? 1 : 0;
      slowest = Math.max(slowest, outcome.milliseconds);
      if (i % 50 === 0) most = Math.max(most, process.memoryUsage.rss() - before);
    }
    writeFileSync(target.path, original);
    console.info(
      `${target.name}: ${CASES} damaged, ${CASES - read} refused, ${read} read, slowest ${slowest.toFixed(0)} ms, ${(most / 2 ** 20).toFixed(0)} MiB more`,
    );
    expect(slowest).toBeLessThan(SLOWEST_MS);
    expect(most).toBeLessThan(MOST_BYTES);
    expect(read).toBeLessThan(CASES);
  });
});
