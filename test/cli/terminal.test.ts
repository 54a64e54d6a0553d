import { describe, expect, it } from 'vitest';
import { safe } from '../../src/cli/terminal.js';

describe('text made safe for a terminal', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a colour', 'a\u001b[31mred\u001b[0mb', 'aredb'],
    ['a cleared screen', '\u001b[2J\u001b[Hgone', 'gone'],
    ['a window title', '\u001b]0;title\u0007text', 'text'],
    ['a link', '\u001b]8;;http://x\u001b\\shown\u001b]8;;\u001b\\', 'shown'],
    ['a sequence cut off', 'text\u001b[3', 'text'],
    ['a C1 control', 'a\u009b31mb', 'a31mb'],
    ['a carriage return', 'right\rwrong', 'rightwrong'],
    ['backspaces', 'abc\u0008\u0008x', 'abcx'],
    ['a right-to-left override', 'user\u202etxt.exe', 'usertxt.exe'],
    ['isolates', '\u2066a\u2069', 'a'],
    ['tags', 'a\u{e0041}b', 'ab'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
    ['tab, newline and other scripts', 'a\tb\nñ 汉字 שלום 🙂', 'a\tb\nñ 汉字 שלום 🙂'],
  ];

  it(`keeps what is text and drops the rest in ${cases.length} cases`, () => {
    for (const [name, text, expected] of cases) expect(safe(text), name).toBe(expected);
  });
});
