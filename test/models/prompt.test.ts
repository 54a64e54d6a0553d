import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import type { Sample } from '../../src/core/records.js';
import { chatTemplate, loadChatTemplate } from '../../src/models/text/chat-template.js';
import { bundledModelPath } from '../../src/models/load.js';
import { DEFAULT_PROMPT_STYLE, promptLimit, PromptRenderer, type PromptStyle } from '../../src/models/text/prompt.js';
import { loadTokenizer } from '../../src/models/text/tokenizer.js';

const tokenizer = loadTokenizer(bundledModelPath());
const template = loadChatTemplate(bundledModelPath());
const renderer = new PromptRenderer({ tokenizer, template });

const sample = (more: Partial<Sample> = {}): Sample => ({
  id: 'ada/0',
  item: 'ada',
  question: '0',
  context: 'Ada Moss lives in Turin. She was born in 1934.',
  prompt: 'Where does Ada Moss live?',
  answer: 'Turin',
  ...more,
});

const closed = (): Sample => {
  const { context: _, ...rest } = sample();
  return _ === undefined ? sample() : rest;
};

describe('a prompt', () => {
  it("is the context and the question in the model's own template, or the question alone", () => {
    expect(renderer.render(sample())).toEqual({
      prompt:
        '<|im_start|>user\nText: Ada Moss lives in Turin. She was born in 1934.\n\nWhere does Ada Moss live?<|im_end|>\n<|im_start|>assistant\n',
      answer: 'Turin<|im_end|>',
    });
    expect(renderer.render(closed()).prompt).toBe(
      '<|im_start|>user\nWhere does Ada Moss live?<|im_end|>\n<|im_start|>assistant\n',
    );
  });

  it('begins with a system message where the style has one', () => {
    const brief = new PromptRenderer({ tokenizer, template }, { ...DEFAULT_PROMPT_STYLE, system: 'Answer briefly.' });
    expect(brief.render(closed()).prompt).toMatch(
      /^<\|im_start\|>system\nAnswer briefly\.<\|im_end\|>\n<\|im_start\|>user\nWhere/,
    );
  });

  it('takes contexts and questions literally', () => {
    const context = "$& $1 $' {question} {context} {} {{ bos_token }} \\n <b>";
    const { prompt } = renderer.render(sample({ context, prompt: 'What is $& {context}?' }));
    expect(prompt).toBe(
      `<|im_start|>user\nText: ${context}\n\nWhat is $& {context}?<|im_end|>\n<|im_start|>assistant\n`,
    );
  });

  it('has braces as text in question, context and answer', () => {
    const { prompt, answer } = renderer.render(
      sample({ context: 'f({}) {context}', prompt: 'What is {}?', answer: '{}' }),
    );
    expect(prompt).toContain('Text: f({}) {context}\n\nWhat is {}?');
    expect(answer).toBe('{}<|im_end|>');
  });

  it('has an identity of style, template and tokenizer', () => {
    const style: PromptStyle = { ...DEFAULT_PROMPT_STYLE, closed: 'Q: {question}' };
    const others = [
      new PromptRenderer({ tokenizer, template }, style),
      new PromptRenderer({ tokenizer, template: chatTemplate('x', '', '') }),
      new PromptRenderer({ tokenizer: { ...tokenizer, identity: 'another' }, template }),
    ];
    expect(new Set([renderer, ...others].map(({ identity }) => identity)).size).toBe(4);
    expect(new PromptRenderer({ tokenizer, template }).identity).toBe(renderer.identity);
  });
});

describe('tokens', () => {
  it('of prompt and answer are encoded apart, the end of the turn included', () => {
    const [tokens] = renderer.tokenize([sample()], 200);
    const { prompt, answer } = renderer.render(sample());
    expect(tokens).toEqual({
      id: 'ada/0',
      item: 'ada',
      prompt: tokenizer.encodePrompt(prompt),
      answer: tokenizer.encodePrompt(answer),
      contextTruncated: false,
    });
    expect(tokens?.answer.at(-1)).toBe(tokenizer.tokenId('<|im_end|>'));
  });

  it('asked with are those trained with', () => {
    const [trained] = renderer.tokenize([sample()], 200);
    const [asked] = renderer.promptTokens([sample()], 200);
    expect(asked?.prompt).toEqual(trained?.prompt);
    expect(asked).not.toHaveProperty('answer');
  });

  const long = sample({
    context: Array.from({ length: 60 }, (_, i) => `Person ${i} met 🙂 Zoë in 19${10 + i}.`).join(' '),
  });
  const limits = Array.from({ length: 40 }, (_, i) => 60 + 40 * i);

  it('beyond the limit cost the context its end, never the question or the answer', () => {
    const least = renderer.tokenize([sample({ context: '' })], 1000)[0];
    let whole = 0;
    for (const limit of limits) {
      const [tokens] = renderer.tokenize([long], limit);
      const length = tokens?.prompt.length ?? 0;
      expect(length, `limit ${limit}`).toBeLessThanOrEqual(limit);
      const text = tokenizer.decode(tokens?.prompt ?? []);
      const context = /Text: ([^]*)\n\nWhere does Ada Moss live\?<\|im_end\|>\n<\|im_start\|>assistant\n$/.exec(
        text,
      )?.[1];
      expect(long.context?.startsWith(context ?? 'absent'), `limit ${limit}: ${context}`).toBe(true);
      expect(tokens?.answer).toEqual(least?.answer);
      expect(tokens?.contextTruncated).toBe(context !== long.context);
      if (tokens?.contextTruncated)
        expect(length, `limit ${limit}`).toBeGreaterThan(limit - 8); // a cut character goes whole
      else whole++;
    }
    expect([limits.length, whole > 0, whole < limits.length]).toEqual([40, true, true]);
  });

  it('show as much of a text whatever the answer, and leave room for an answer to come', () => {
    const limit = promptLimit({ maxLength: 200, answerRoom: 50, maxPositions: 1024 });
    const [short, lengthy] = renderer.tokenize([long, { ...long, answer: 'word '.repeat(90) }], limit);
    expect(short?.prompt.length).toBeLessThanOrEqual(150);
    expect(short?.prompt.length).toBeGreaterThan(140);
    expect(lengthy?.prompt).toEqual(short?.prompt);
    expect(renderer.promptTokens([long], limit)[0]?.prompt).toEqual(short?.prompt);
  });

  it.each([
    [{ maxLength: 1024, maxPositions: 1024 }, 976],
    [{ maxLength: 512, maxPositions: 1024, maxNewTokens: 100 }, 464],
    [{ maxLength: 1024, maxPositions: 1024, maxNewTokens: 100 }, 924],
    [{ maxLength: 4096, maxPositions: 1024, answerRoom: 10 }, 1014],
  ])('may be as long as %j leaves', (limits, longest) => {
    expect(promptLimit(limits)).toBe(longest);
  });

  it('have no room where the answer takes it all', () => {
    expect(() => promptLimit({ maxLength: 48, maxPositions: 1024 })).toThrow(/no room for a prompt: of 48 tokens 48/);
  });

  it('may cost the context all of itself, and no more', () => {
    const [empty] = renderer.tokenize([sample({ context: '' })], 1000);
    const least = empty?.prompt.length ?? 0;
    const [cut] = renderer.tokenize([sample()], least);
    expect(tokenizer.decode(cut?.prompt ?? [])).toMatch(/Text: ?A?\n\nWhere does/);
    expect(() => renderer.tokenize([sample()], least - 1)).toThrow(
      /sample ada\/0: a question of \d+ tokens does not fit in the \d+ that a prompt may have: raise maxLength/,
    );
    expect(() => renderer.tokenize([closed()], 5)).toThrow(UserError);
  });
});
