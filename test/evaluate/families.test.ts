/** Families of models by name: kin are found, strangers and nameless ones are not. */
import { describe, expect, it } from 'vitest';
import { familyOf, kinshipWarning } from '../../src/evaluate/families.js';

const NAMES: readonly (readonly [name: string, family: string | null])[] = [
  ['qwen-plus', 'Qwen'],
  ['Qwen/Qwen2.5-3B-Instruct', 'Qwen'],
  ['qwq-32b', 'Qwen'],
  ['gpt-4o-2024-08-06', 'GPT'],
  ['o3-mini', 'GPT'],
  ['SmolLM2-135M-Instruct', 'SmolLM'],
  ['meta-llama/Llama-3.2-1B', 'Llama'],
  ['deepseek-r1-distill-qwen-7b', 'DeepSeek'],
  ['mixtral-8x7b', 'Mistral'],
  ['microsoft/phi-4', 'Phi'],
  ['tiny at qwen.example', null],
  ['lexical', null],
  ['yes-no', null],
  ['delphi', null],
];

describe('the family of a model', () => {
  it.each(NAMES)('of %s is %s', (name, family) => {
    expect(familyOf(name)).toBe(family);
  });

  it('is warned about where judge and judged share it, and only there', () => {
    expect(kinshipWarning('qwen-plus', 'Qwen2.5-3B at localhost')).toContain('both of the Qwen family');
    expect(kinshipWarning('gpt-4o', 'Qwen2.5-3B')).toBeNull();
    expect(kinshipWarning('lexical', 'base')).toBeNull();
  });
});
