import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { FAMILIES, familyByGguf, type FamilyName } from '../../src/models/families/families.js';
import { GGML_TYPES } from '../../src/models/formats/ggml-types.js';
import { GgufFile } from '../../src/models/formats/gguf.js';
import { openGguf } from '../../src/models/formats/gguf-model.js';
import { loadModel } from '../../src/models/load.js';
import { readModelConfig } from '../../src/models/formats/hub-config.js';
import { openSafetensors } from '../../src/models/formats/safetensors.js';
import { GgufBuilder } from './support/gguf-builder.js';
import { scratchFolder } from './support/scratch.js';

const folder = scratchFolder();
const golden = new URL('../golden/', import.meta.url).pathname;
let files = 0;

function write(bytes: Buffer): string {
  const path = join(folder, `${files++}.gguf`);
  writeFileSync(path, bytes);
  return path;
}

describe('the number formats of GGUF', () => {
  const file = new GgufFile(join(golden, 'models/formats.gguf'));
  const expected = openSafetensors(join(golden, 'models/formats.safetensors'));

  it.each([...GGML_TYPES.values()])('$name means what the Python package gguf says, bit for bit', ({ name }) => {
    const values = file.read(name);
    expect(file.tensor(name).shape).toEqual(expected.shape(name));
    expect(Buffer.from(values.buffer).equals(Buffer.from(expected.read(name).buffer))).toBe(true);
  });

  it('are eleven', () => expect(GGML_TYPES.size).toBe(11));

  it('come with metadata of every type', () => {
    const names = [
      'u8',
      'i8',
      'u16',
      'i16',
      'u32',
      'i32',
      'f32',
      'yes',
      'no',
      'text',
      'u64',
      'i64',
      'f64',
      'list',
      'words',
    ];
    expect(names.map((name) => file.metadata.get(name))).toEqual([
      250, -5, 65000, -300, 2 ** 32 - 1, -(2 ** 31), 0.5, true, false, 'πé🙂\ufeff', 2n ** 63n, -(2n ** 60n), 0.1, [1, 2, 3], ['a', ''],
    ]); // prettier-ignore
  });
});

const OWN = Object.keys(FAMILIES).filter(
  (name) => familyByGguf(FAMILIES[name as FamilyName].gguf.architecture) === name,
);

describe.each(OWN)('a tiny %s as GGUF', (family) => {
  const path = join(golden, `models/${family}.gguf`);

  it('is the model of its Hugging Face folder: names, shapes, values and configuration', () => {
    const model = loadModel(path);
    const original = openSafetensors(join(golden, `decoder/${family}`));
    expect([...model.weights.names].sort()).toEqual([...original.names].sort());
    for (const name of original.names) {
      expect(model.weights.shape(name), name).toEqual(original.shape(name));
      expect([...model.weights.read(name)], name).toEqual([...original.read(name)]);
    }
    const config = readModelConfig(join(golden, `decoder/${family}`));
    const llama3 = config.ropeScaling
      ? { ropeTheta: 500_000, ropeScaling: { ...config.ropeScaling, originalMaxPositions: 8192 } }
      : {};
    expect(model.config).toEqual({ ...config, ...llama3, rmsNormEpsilon: Math.fround(1e-6) });
    expect(model.name).toBe(family);
  });

  it('brings its tokenizer and chat template', () => {
    const { tokenizer, template } = loadModel(path);
    const prompt = template.render([{ role: 'user', content: 'b a' }]);
    expect(prompt).toBe('<|begin|>b a<|end|><|begin|>');
    const letter = 'b'.charCodeAt(0) - 33 + 3;
    expect(tokenizer.encodePrompt(prompt)).toEqual([1, letter, 88, 2, 1]);
    expect(tokenizer.decode([1, letter, 88, 2, 500])).toBe('<|begin|>b a<|end|>\uFFFD');
    expect(template.endOfTurn).toBe('<|end|>');
  });
});

describe('a GGUF file is refused', () => {
  const builder = () => new GgufBuilder();
  const f32 = (sizes: (number | bigint)[], offset: number | bigint = 0, type = 0) => ({
    name: 'w',
    sizes,
    type,
    offset,
  });
  const cases: [name: string, bytes: () => Buffer, message: RegExp][] = [
    ['of another kind', () => Buffer.from('GGML rest of it'), /not a GGUF file/],
    ['of version 1', () => builder().build({ version: 1 }), /version 1 is not read/],
    ['of the other byte order', () => builder().build({ version: 0x03000000 }), /big-endian/],
    ['with more tensors than can follow', () => builder().build({ tensorCount: 2n ** 63n }), /declares 9223372036854775808 tensors, but only/],
    ['with more keys than can follow', () => builder().build({ keyCount: 2n ** 64n - 1n }), /declares 18446744073709551615 keys/],
    ['with a string longer than the file', () => builder().raw('s', 8, u64(2n ** 60n)).build(), /bytes of a value, but only/],
    ['with an array longer than the file', () => builder().raw('a', 9, Buffer.concat([u32(4), u64(2n ** 62n)])).build(), /values in an array, but only/],
    ['with an array of arrays of arrays', () => builder().raw('a', 9, nested(3)).build(), /nests arrays more than 2 deep/],
    ['with an array of arrays longer than the file', () => builder().raw('a', 9, Buffer.concat([u32(9), u64(10n ** 9n)])).build(), /values in an array, but only/],
    ['with a value of an unknown type', () => builder().raw('a', 13, u32(0)).build(), /unknown type 13/],
    ['with an array of an unknown type', () => builder().raw('a', 9, Buffer.concat([u32(77), u64(1n), u32(0)])).build(), /array of the unknown type 77/],
    ['with a truth value of 2', () => builder().raw('b', 7, Buffer.of(2)).build(), /truth value 2/],
    ['with a key twice', () => builder().string('k', 'a').string('k', 'b').build(), /key "k" twice/],
    ['with text that is no UTF-8', () => builder().raw('s', 8, Buffer.concat([u64(2n), Buffer.of(0xff, 0xfe)])).build(), /no UTF-8/],
    ['with an alignment of 0', () => builder().u32('general.alignment', 0).build(), /alignment 0/],
    ['with an alignment of 24', () => builder().u32('general.alignment', 24).build(), /alignment 24/],
    ['with an alignment that is text', () => builder().string('general.alignment', '32').build(), /alignment 32/],
    ['with an alignment beyond reason', () => builder().u32('general.alignment', 2 ** 31).build(), /alignment 2147483648/],
    ['with a tensor of no dimension', () => builder().tensor(f32([])).build(64), /has 0 dimensions/],
    ['with a tensor of five dimensions', () => builder().tensor(f32([1, 1, 1, 1, 1])).build(64), /has 5 dimensions/],
    ['with a tensor of four billion dimensions', () => builder().tensor({ ...f32([4]), dimensions: 2 ** 32 - 1 }).build(64), /has 4294967295 dimensions/],
    ['with a size of 0', () => builder().tensor(f32([0, 4])).build(64), /has the sizes 0, 4/],
    ['whose sizes overflow', () => builder().tensor(f32([2n ** 32n, 2n ** 32n])).build(64), /has the sizes/],
    ['whose sizes wrap around to a small number', () => builder().tensor(f32([2n ** 63n, 2n])).build(64), /has the sizes/],
    ['with a tensor beyond the file', () => builder().tensor(f32([1024])).build(64), /ends beyond the file/],
    ['with an offset beyond the file', () => builder().tensor(f32([4], 2n ** 63n)).build(64), /beyond the file's end/],
    ['with an offset that is not aligned', () => builder().tensor(f32([4], 8)).build(64), /no multiple of 32/],
    ['with a number format that is not read', () => builder().tensor(f32([256], 0, 10)).build(256), /format number 10: only F32/],
    ['with a number format that does not exist', () => builder().tensor(f32([256], 0, 2 ** 31)).build(256), /format number 2147483648/],
    ['with rows of broken blocks', () => builder().tensor(f32([48], 0, 8)).build(64), /no whole blocks of Q8_0/],
    ['with a tensor twice', () => builder().tensor(f32([4])).tensor(f32([4], 32)).build(64), /is there twice/],
    ['with tensors over each other', () => builder().tensor(f32([16])).tensor({ ...f32([4], 32), name: 'v' }).build(64), /lies over the one before/],
    ['with a tensor name of 65 bytes', () => builder().tensor({ ...f32([4]), name: 'n'.repeat(65) }).build(64), /bytes of a tensor name, more than the 64/],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, bytes, message) => {
    const path = write(bytes());
    expect(() => new GgufFile(path)).toThrow(message);
    expect(() => new GgufFile(path)).toThrow(UserError);
    expect(() => new GgufFile(path)).toThrow(path);
  });

  it('cut at any of 200 bytes', () => {
    const whole = readFileSync(join(golden, 'models/qwen2.gguf'));
    const header = 2200;
    const path = join(folder, 'cut.gguf');
    for (let i = 0; i < 200; i++) {
      const length = Math.floor(i < 100 ? (i * header) / 100 : ((i - 100) * whole.length) / 101);
      writeFileSync(path, whole.subarray(0, length));
      expect(() => loadModel(path), `${length} bytes`).toThrow(UserError);
    }
  });

  it('where its weights are not finite, with the tensor named', () => {
    const bytes = builder()
      .tensor(f32([4]))
      .build(64);
    bytes.writeUInt32LE(0x7fc00000, bytes.length - 64 + 4);
    expect(() => new GgufFile(write(bytes)).read('w')).toThrow(/"w" holds NaN at position 1/);
  });
});

describe('a GGUF model is refused', () => {
  /** The tiny llama's metadata with some of them changed; the first tensors follow. */
  function changed(changes: (builder: GgufBuilder) => void): string {
    const original = new GgufFile(join(golden, 'models/llama.gguf'));
    const builder = GgufBuilder.copy(original);
    changes(builder);
    return write(builder.build());
  }

  const cases: [name: string, change: (builder: GgufBuilder) => void, message: RegExp][] = [
    ['of another architecture', (b) => b.string('general.architecture', 'mamba'), /architecture "mamba" is not supported: use one of qwen2, qwen3, llama/],
    ['that is an adapter', (b) => b.string('general.type', 'adapter'), /holds no model/],
    ['that is a part of one', (b) => b.u32('split.count', 3), /one of 3 parts/],
    ['with experts', (b) => b.u32('llama.expert_count', 8), /mixture of experts/],
    ['with YaRN', (b) => b.string('llama.rope.scaling.type', 'yarn'), /rope scaling "yarn" is not supported/],
    ['with a rotary embedding of half a head', (b) => b.u32('llama.rope.dimension_count', 4), /part of each head/],
    ['with other factors of rotary frequencies', (b) => b.number('llama.rope.freq_base', 777), /not Llama 3's/],
    ['of no layers at all', (b) => b.remove('llama.block_count'), /there is no llama.block_count/],
    ['of a billion layers', (b) => b.u32('llama.block_count', 1e9), /num_hidden_layers/],
    ['of more layers than it has', (b) => b.u32('llama.block_count', 3), /tensor "model.layers.2.input_layernorm.weight" is missing/],
    ['of fewer layers than it has', (b) => b.u32('llama.block_count', 1), /tensor "blk.1.attn_norm.weight" has no place in a llama model of 1 layers/],
    ['of another width', (b) => b.u32('llama.feed_forward_length', 64), /should be \[/],
    ['with a head count that is text', (b) => b.string('llama.attention.head_count', '4'), /no single number/],
    ['of Gemma 2, which holds no scale of queries', (b) => b.string('general.architecture', 'gemma2'), /architecture "gemma2" is not supported/],
    ['with a SentencePiece tokenizer', (b) => b.string('tokenizer.ggml.model', 'llama'), /kind "llama" is not supported in GGUF/],
    ['with an unknown pre-tokenizer', (b) => b.string('tokenizer.ggml.pre', 'tekken'), /pre-tokenizer "tekken" is not supported, only gpt-2, smollm/],
    ['without a chat template', (b) => b.remove('tokenizer.chat_template'), /there is no tokenizer.chat_template/],
    ['with a chat template that is none', (b) => b.string('tokenizer.chat_template', '{% for %}'), /no Jinja template/],
    ['with kinds for other tokens', (b) => b.raw('tokenizer.ggml.token_type', 9, Buffer.concat([u32(5), u64(1n), u32(1)])), /no list of 89 kinds/],
    ['with a merge that makes no token', (b) => b.strings('tokenizer.ggml.merges', ['x Ġ']), /makes no token/],
    ['with tokens that are numbers', (b) => b.raw('tokenizer.ggml.tokens', 9, Buffer.concat([u32(4), u64(1n), u32(1)])), /tokenizer.ggml.tokens is no list of strings/],
    ['with a setting that is not known', (b) => b.number('llama.logit_scale', 16), /its setting llama.logit_scale \(16\) is not known here/],
    ['with attention that sees what follows', (b) => b.raw('llama.attention.causal', 7, Buffer.of(0)), /llama.attention.causal \(false\) is not known here/],
    ['with an end of text beyond the vocabulary\'s reach', (b) => b.number('tokenizer.ggml.eos_token_id', -2), /eos_token_id/],
  ]; // prettier-ignore

  it.each(cases)('%s', (_, change, message) => {
    const path = changed(change);
    expect(() => loadModel(path)).toThrow(message);
    expect(() => loadModel(path)).toThrow(UserError);
  });

  it('while an unchanged copy is read', () => {
    expect(openGguf(changed(() => undefined)).weights.names).toHaveLength(21);
  });
});

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** An array of one array of one array … of no values. */
function nested(depth: number): Buffer {
  return depth === 0 ? Buffer.concat([u32(4), u64(0n)]) : Buffer.concat([u32(9), u64(1n), nested(depth - 1)]);
}
