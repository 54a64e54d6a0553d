import { lexer, type Token, type Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { joinedUnits, markdownUnits } from '../../src/text/markdown.js';
import { compress } from '../../src/index.js';
import { loadTokenizer } from '../../src/models/text/tokenizer.js';
import { bundledTokenizerFolder } from '../../src/models/text/bundled-tokenizer.js';

const MANUAL = `---
title: Pump P-200
tags: [pump, service]
---

# Pump P-200

The pump P-200 moves 40 litres per minute. It was built in Husum in 1998. See [the sheet][sheet] for more.

## Settings

| Setting | Default | Range |
| --- | --- | ---: |
| pressure | 4 bar | 1–8 bar |
| timeout | 30 s | 5–120 s |

### Start

1. Open the valve.
2. Press **Start**. The lamp turns green.
   1. Hold it for 3 s.
   2. Let go.
3. Wait 30 s.

- The filter is changed every 6 months.
  - Use filter F-12 only.
- The seal lasts two years.

\`\`\`sh
pumpctl start --pressure 4

# Wait. Then check.
pumpctl status
\`\`\`

> Never open the lid while the pump runs. It hurts.

Setext
------

Nordwind keeps it going. Their number is 0431 99.

[sheet]: https://example.org/p200.pdf
`;

const kinds = (text: string): string[] =>
  lexer(text.replace(/^---\n[\s\S]*?\n---\n/, '')).flatMap(({ type }) => (type === 'space' ? [] : [type]));
const words = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

describe('a Markdown text', () => {
  it('is made of units that give it back whole when all are kept', () => {
    const units = markdownUnits(MANUAL) ?? [];
    const whole = joinedUnits(units, new Set(units.keys()));
    expect(kinds(whole)).toEqual(kinds(MANUAL));
    expect(words(whole)).toEqual(words(MANUAL));
    expect(whole).toContain('   1. Hold it for 3 s.\n   2. Let go.\n3. Wait');
  });

  it.each([
    'Plain prose. Nothing else, twice.',
    'A line\nand another.\n\nA paragraph.',
    '    four blanks before it',
    '',
  ])('is none where nothing is marked up: %j', (text) => expect(markdownUnits(text)).toBeNull());

  it('stays Markdown at every amount, under the headings it had, with its tables, lists and code whole', async () => {
    const tokenizer = loadTokenizer(bundledTokenizerFolder());
    const ratios = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99];
    const item = {
      id: 'm',
      dataset: 'd',
      texts: { original: { text: MANUAL, method: 'recorded', provenance: {} } },
      questions: [],
    };
    const [made] = await compress([item], { levels: ratios.map((ratio) => ({ level: `select=${ratio}` })), tokenizer });
    const original = MANUAL.split('\n').map((line) => line.trim());
    let before = 0;
    for (const ratio of ratios) {
      const text = made?.texts[`select=${ratio}`]?.text ?? '';
      expect(text.length, String(ratio)).toBeGreaterThanOrEqual(before * 0.8);
      before = text.length;
      const tokens = lexer(text.replace(/^---\n[\s\S]*?\n---\n*/, ''));
      for (const token of tokens) expectWhole(token, tokens);
      expect((text.match(/```/g) ?? []).length % 2).toBe(0);
      // Every line that is no part of a paragraph stands in the source as it is.
      for (const line of text.split('\n').filter((each) => /^\s*(#|\||-|\d+\.|>|pumpctl)/.test(each)))
        expect(original).toContain(line.trim());
    }
  });
});

function expectWhole(token: Token, all: readonly Token[]): void {
  if (token.type === 'table') expect((token as Tokens.Table).rows.length).toBeGreaterThan(0);
  if (token.type === 'code') expect((token as Tokens.Code).text).toContain('pumpctl status');
  if (token.type === 'heading' && (token as Tokens.Heading).depth > 1) expect(all[0]?.type).toBe('heading');
  if (token.type === 'paragraph') expect((token as Tokens.Paragraph).text).not.toMatch(/^\||\n\|/);
}
