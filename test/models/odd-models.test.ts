/** Model folders that are not quite what they say: tensors that nothing uses, files that stand in for others, turns that never end, thoughts that are open. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { bundledModelPath, loadModel } from '../../src/models/load.js';
import { readAdapter } from '../../src/models/adapter/adapter.js';
import { openSafetensors, writeSafetensors, type NamedTensor } from '../../src/models/formats/safetensors.js';
import { chatTemplate } from '../../src/models/text/chat-template.js';
import { PromptRenderer } from '../../src/models/text/prompt.js';
import { scratchFolder } from './support/scratch.js';

const base = bundledModelPath();
const folder = scratchFolder();
const weights = openSafetensors(base);
let made = 0;

interface Changes {
  readonly config?: object;
  readonly generation?: object;
  readonly tokenizer?: (json: { added_tokens: object[]; model: { vocab: Record<string, number> } }) => void;
  readonly tokenizerConfig?: object;
  readonly template?: string;
}

/** A folder with the bundled model, some of its files changed. */
function model({ config, generation, tokenizer, tokenizerConfig, template }: Changes): string {
  const path = join(folder, `model-${made++}`);
  mkdirSync(path);
  symlinkSync(join(base, 'model.safetensors'), join(path, 'model.safetensors'));
  const change = (name: string, more: object) => {
    const json = JSON.parse(readFileSync(join(base, name), 'utf8')) as object;
    writeFileSync(join(path, name), JSON.stringify({ ...json, ...more }));
  };
  change('config.json', config ?? {});
  change('tokenizer_config.json', { ...tokenizerConfig, ...(template !== undefined && { chat_template: template }) });
  const json = JSON.parse(readFileSync(join(base, 'tokenizer.json'), 'utf8')) as Parameters<
    NonNullable<typeof tokenizer>
  >[0];
  tokenizer?.(json);
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(json));
  if (generation) writeFileSync(join(path, 'generation_config.json'), JSON.stringify(generation));
  return path;
}

/** The same with the weights given anew, tensors added to them. */
function weighted(added: readonly NamedTensor[], config: object = {}): string {
  const path = join(folder, `model-${made++}`);
  mkdirSync(path);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(join(base, name), join(path, name));
  const json = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8')) as object;
  writeFileSync(join(path, 'config.json'), JSON.stringify({ ...json, ...config }));
  const own = weights.names.map((name) => ({ name, shape: weights.shape(name), data: () => weights.read(name) }));
  writeSafetensors(join(path, 'model.safetensors'), [...own, ...added], { dtype: 'F16' });
  return path;
}

const zeros = (name: string, ...shape: number[]): NamedTensor => ({
  name,
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
});

describe('tensors of a model folder', () => {
  const embeddings = () => weights.read('model.embed_tokens.weight');
  const head = (data: Float32Array): NamedTensor => ({ name: 'lm_head.weight', shape: [2560, 192], data });
  const frequencies = Float32Array.from({ length: 16 }, (_, i) => 10_000 ** ((-2 * i) / 32));
  const rotary = (data: Float32Array): NamedTensor => ({
    name: 'model.layers.0.self_attn.rotary_emb.inv_freq',
    shape: [16],
    data,
  });

  it.each([
    [
      'a bias',
      [zeros('model.layers.0.self_attn.o_proj.bias', 192)],
      /o_proj.bias" has no place in a qwen2 model of 4 layers/,
    ],
    ['a norm', [zeros('model.layers.3.self_attn.q_norm.weight', 32)], /q_norm.weight" has no place/],
    [
      'a further layer',
      [zeros('model.layers.4.mlp.up_proj.weight', 512, 192)],
      /layers.4.mlp.up_proj.weight" has no place/,
    ],
    ['a vision tower', [zeros('visual.proj', 4)], /"visual.proj" has no place/],
    [
      'another head under tied embeddings',
      [head(embeddings().map((value) => value * 2))],
      /lm_head.weight" is other than the embeddings, though "tie_word/,
    ],
    ['other rotary frequencies', [rotary(frequencies.map((value) => value / 2))], /inv_freq" has no place/],
  ] as const)('that nothing uses are refused by name: %s', (_what, added, said) => {
    expect(() => loadModel(weighted(added))).toThrow(said);
  });

  it('that say again what the model has are passed over', () => {
    expect(loadModel(weighted([head(embeddings()), rotary(frequencies)])).config.layers).toBe(4);
  });

  it('in shards that the index does not name are refused', () => {
    const path = weighted([]);
    const map = Object.fromEntries(weights.names.map((name) => [name, 'a.safetensors']));
    copyFileSync(join(path, 'model.safetensors'), join(path, 'a.safetensors'));
    const index = join(path, 'model.safetensors.index.json');
    writeFileSync(index, JSON.stringify({ weight_map: map }));
    expect(openSafetensors(index).names).toHaveLength(weights.names.length);
    const [first = '', ...others] = Object.entries(map);
    writeFileSync(index, JSON.stringify({ weight_map: Object.fromEntries(others) }));
    expect(() => openSafetensors(index)).toThrow(new RegExp(`tensor "${first[0]}" of a.safetensors is not listed`));
  });
});

describe('what config.json leaves out', () => {
  it.each([
    ['architectures: null', { architectures: null }],
    ['no architectures', { architectures: undefined }],
    ['an empty list', { architectures: [] }],
    ['ids of −1', { bos_token_id: -1, pad_token_id: -1, eos_token_id: [2, -1] }],
    ['types of layers that are plain', { layer_types: Array<string>(4).fill('full_attention') }],
  ])('is told from the rest: %s', (_what, config) => {
    expect(loadModel(model({ config })).config).toMatchObject({ family: 'qwen2', eosTokenIds: [2] });
  });

  it.each([
    [
      'another type',
      { architectures: null, model_type: 'gpt_neox' },
      /names no architecture, and its model_type "gpt_neox" is not supported: use one of Qwen2/,
    ],
    [
      'no type',
      { architectures: null, model_type: null },
      /says neither by "architectures" nor by "model_type" what model it is/,
    ],
    ['a size', { hidden_size: undefined }, /hidden_size: is missing/],
    ['a size as text', { hidden_size: '192' }, /hidden_size: is "192", not of the type number/],
    [
      'layers of another type',
      { layer_types: ['full_attention', 'linear_attention'] },
      /layers of the type "linear_attention" are not supported/,
    ],
  ])('is said plainly where it cannot be: %s', (_what, config, said) => {
    expect(() => loadModel(model({ config }))).toThrow(said);
  });
});

describe('files of a model that are others', () => {
  const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:9f0c\nsize 98000000\n';
  const FILES = [
    'config.json',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'chat_template.jinja',
    'model.safetensors',
  ];
  const CONTENTS: readonly [content: string, said: RegExp][] = [
    [LFS, /is a Git LFS pointer/],
    ['', /is empty \(0 bytes\)/],
    ['<!DOCTYPE html><html></html>', /is a web page \(HTML\)/],
    ['Entry not found', /is an error message, as a failed download leaves it/],
    ['/annex/objects/SHA256E-s1--x', /is a git-annex pointer/],
  ];

  it.each(FILES)('are named: %s', (name) => {
    for (const [content, said] of CONTENTS) {
      const path = weighted.length > 0 ? model({ generation: {} }) : '';
      const file = join(path, name);
      const own = join(folder, `own-${made++}`);
      mkdirSync(own);
      for (const each of FILES.filter((other) => other !== name && other !== 'chat_template.jinja'))
        symlinkSync(join(path, each), join(own, each));
      writeFileSync(join(own, name), content);
      expect(() => loadModel(own), file).toThrow(said);
      expect(() => loadModel(own)).toThrow(UserError);
    }
  });

  it('are named in the place of weights: GGUF, shards, adapters, cut and dangling files', () => {
    const gguf = join(folder, 'lfs.gguf');
    writeFileSync(gguf, LFS);
    expect(() => loadModel(gguf)).toThrow(/is a Git LFS pointer/);
    const path = model({});
    const adapter = join(folder, 'adapter');
    mkdirSync(adapter);
    writeFileSync(join(adapter, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 4, lora_alpha: 8 }));
    writeFileSync(join(adapter, 'adapter_model.safetensors'), LFS);
    expect(() => readAdapter(adapter, loadModel(path).config)).toThrow(/is a Git LFS pointer/);
    writeFileSync(join(path, 'tokenizer.json'), readFileSync(join(base, 'tokenizer.json')).subarray(0, 5000));
    expect(() => loadModel(path)).toThrow(/tokenizer.json.*(cut short|not a tokenizer)/);
    const dangling = join(folder, 'dangling');
    mkdirSync(dangling);
    symlinkSync('../.git/annex/objects/aa/bb', join(dangling, 'config.json'));
    expect(() => loadModel(dangling)).toThrow(
      /config.json is a link to .*annex.*, which is not there: run git annex get/,
    );
  });
});

const T = (start: string, end: string): string =>
  `{% for m in messages %}{{ '${start}' + m['role'] + '\\n' + m['content'] + '${end}' }}{% endfor %}{% if add_generation_prompt %}{{ '${start}assistant\\n' }}{% endif %}`;

describe("the end of a model's turn", () => {
  const CASES: readonly [what: string, changes: Changes, end: string | RegExp, note?: RegExp][] = [
    ['its own token', {}, '<|im_end|>'],
    ['behind a line break', { template: T('<|im_start|>', '\\n<|im_end|>\\n') }, '<|im_end|>'],
    ['behind a mark of text', { template: T('<|im_start|>', '</answer><|im_end|>\\n') }, '</answer><|im_end|>'],
    ['no token', { template: T('<|turn|>', '<|turn_end|>\\n') }, /answers end by "<\|turn_end\|>", which is no token/],
    ['a tag that is no token', { template: T('<turn>', '</turn>\\n') }, /answers end by "<\/turn>", which is no token/],
    ['a bracket that is no token', { template: T('[INST]', '[/INST]') }, /answers end by "\[\/INST\]", which is no token/],
    ['nothing, with an end of the sequence', { template: T('### ', '\\n\\n') }, '<|im_end|>'],
    ['nothing, with its name only in config.json', { template: T('### ', '\\n\\n'), tokenizerConfig: { eos_token: null } }, '<|im_end|>'],
    ['nothing, with its name only in generation_config.json', { template: T('### ', '\\n\\n'), tokenizerConfig: { eos_token: null }, config: { eos_token_id: null }, generation: { eos_token_id: [0] } }, '<|endoftext|>'],
    ['nothing at all', { template: T('### ', '\\n\\n'), tokenizerConfig: { eos_token: null }, config: { eos_token_id: null } }, /no token ends an answer/],
    ['an end of the sequence that is no token', { template: T('### ', '\\n\\n'), tokenizerConfig: { eos_token: '</s>' }, config: { eos_token_id: null } }, /answers end by "<\/s>", which is no token/],
    ['another than config.json names', { config: { eos_token_id: 0 } }, '<|im_end|>', /ends answers by "<\|im_end\|>", and the model's files name "<\|endoftext\|>"/],
    ['another than generation_config.json names', { generation: { eos_token_id: 0 } }, '<|im_end|>', /the model's files name "<\|endoftext\|>"/],
    ['no token, in a template for one answer alone', { template: `{% if messages|length > 1 %}{{ raise_exception('one') }}{% endif %}${T('<|im_start|>', '<|turn_end|>')}` }, /answers end by "<\|turn_end\|>"/],
    ['one of those that generation_config.json names', { config: { eos_token_id: 0 }, generation: { eos_token_id: [0, 2] } }, '<|im_end|>'],
    ['one beside an id of no token', { config: { eos_token_id: [2, 2559] }, tokenizer: (json) => void delete json.model.vocab[Object.keys(json.model.vocab).find((key) => json.model.vocab[key] === 2559) ?? ''] }, '<|im_end|>'],
  ]; // prettier-ignore

  it.each(CASES)('is %s', (_what, changes, end, note) => {
    const path = model(changes);
    if (end instanceof RegExp) return expect(() => loadModel(path)).toThrow(end);
    const loaded = loadModel(path);
    expect(loaded.template.endOfTurn).toBe(end);
    const [last = -1] = new PromptRenderer(loaded).answerTokens('word').slice(-1);
    expect(loaded.config.eosTokenIds).toContain(last);
    expect((loaded.notes ?? []).join()).toMatch(note ?? /^$|is no token of the tokenizer/);
  });
});

describe('a thought that a template opens', () => {
  it.each([
    ['<think>\\n', '<think>\n\n</think>\n\n'],
    ['<think>', '<think>\n\n</think>\n\n'],
    ['<thinking>\\n', '<thinking>\n\n</thinking>\n\n'],
    ['<seed:think>', '<seed:think>\n\n</seed:think>\n\n'],
    ['[THINK]', '[THINK]\n\n[/THINK]\n\n'],
    ['<|begin_of_thought|>\\n\\n', '<|begin_of_thought|>\n\n\n<|end_of_thought|>\n\n'],
    ['<|START_THINKING|>', '<|START_THINKING|>\n\n<|END_THINKING|>\n\n'],
    ['◁think▷', '◁think▷\n\n◁/think▷\n\n'],
  ])('by %s is closed at once, and told', (open, closed) => {
    const source = `${T('<|im_start|>', '<|im_end|>')}{% if add_generation_prompt %}{{ '${open}' }}{% endif %}`;
    const loaded = loadModel(model({ template: source }));
    const prompt = loaded.template.render([{ role: 'user', content: 'Who?' }]);
    expect(prompt.endsWith(`<|im_start|>assistant\n${closed}`)).toBe(true);
    expect(loaded.notes?.join()).toMatch(/opens a thought \(.*\) before the answer; it is closed at once/);
  });

  it('is none where it is closed already, or the question ends so', () => {
    const source = T('<|im_start|>', '<|im_end|>');
    const made = chatTemplate(`${source}{{ '<think>\\n\\n</think>\\n\\n' }}`, '', '<|im_end|>');
    expect(made.opensThought).toBeUndefined();
    expect(made.render([{ role: 'user', content: 'a' }]).endsWith('<think>\n\n</think>\n\n')).toBe(true);
    const plain = loadModel(model({ template: "{% for m in messages %}{{ m['content'] }}{% endfor %}" }));
    expect(new PromptRenderer(plain).render({ prompt: 'What is <think>', answer: '' }).prompt).toBe('What is <think>');
  });
});

describe('a token beyond the vocabulary', () => {
  const pad = {
    id: 2560,
    content: '<pad>',
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
  const padded = (changes: Changes = {}) => model({ ...changes, tokenizer: (json) => json.added_tokens.push(pad) });

  it('is named and left out while nothing uses it', () => {
    const loaded = loadModel(padded({ tokenizerConfig: { pad_token: '<pad>' }, config: { pad_token_id: 2560 } }));
    expect(loaded.notes).toEqual(['"<pad>" of the tokenizer is beyond the model\'s 2560 tokens; nothing uses it']);
    expect(Math.max(...loaded.tokenizer.encodePrompt('a <pad> b'))).toBeLessThan(2560);
  });

  it('is refused where the template writes it, or where it is one of the vocabulary itself', () => {
    expect(() => loadModel(padded({ template: T('<pad>', '<|im_end|>') }))).toThrow(
      /the chat template writes "<pad>", a token beyond the model's 2560/,
    );
    expect(() => loadModel(padded({ template: T('### ', '<pad>') }))).toThrow(/"<pad>"/);
    const grown = model({ tokenizer: ({ model: { vocab } }) => (vocab['zzzz'] = 2560) });
    expect(() => loadModel(grown)).toThrow(/the tokenizer has 2561 tokens and the model 2560/);
  });
});
