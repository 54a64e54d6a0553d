/** What others wrote, made visible: the one cleaner for terminal, page and prompts. */
import { describe, expect, it } from 'vitest';
import { clipped, visibleLine, visibleText } from '../../src/text/visible.js';

const CASES: readonly (readonly [name: string, text: string, dropped: string, marked?: string])[] = [
  ['plain text', 'plain', 'plain'],
  ['a colour', 'a\u001b[31mred\u001b[0mb', 'aredb'],
  ['a cleared screen', '\u001b[2J\u001b[Hgone', 'gone'],
  ['a window title', '\u001b]0;title\u0007text', 'text'],
  ['a link', '\u001b]8;;http://x\u001b\\shown\u001b]8;;\u001b\\', 'shown'],
  ['a sequence cut off', 'text\u001b[3', 'text'],
  ['a sequence with a C1 control', 'a\u009b31mb', 'ab'],
  ['an escape alone', 'a\u001b', 'a', 'a\ufffd'],
  ['line ends', '\r\nwindows\rold', '\nwindows\nold'],
  ['backspaces', 'abc\u0008\u0008x', 'abcx', 'abc\ufffd\ufffdx'],
  ['a right-to-left override', 'user\u202etxt.exe', 'usertxt.exe', 'user\ufffdtxt.exe'],
  ['isolates', '\u2066a\u2069', 'a', '\ufffda\ufffd'],
  ['a line separator', 'a\u2028b', 'ab', 'a\ufffdb'],
  ['a zero-width blank', 'zero\u200bwidth', 'zerowidth', 'zero\ufffdwidth'],
  ['a byte order mark', '\ufeffa', 'a', '\ufffda'],
  ['tags', 'a\u{e0041}b', 'ab', 'a\ufffdb'],
  ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ['tab, newline and other scripts', 'a\tb\nñ 汉字 שלום 🙂', 'a\tb\nñ 汉字 שלום 🙂'],
  ['joiners that emoji and scripts need', '👩‍👩‍👧 می‌شود مرحبا', '👩‍👩‍👧 می‌شود مرحبا'],
];

describe('text made visible', () => {
  it(`drops, or marks, what a terminal, a page or a prompt would obey (${CASES.length} cases)`, () => {
    for (const [name, text, dropped, marked = dropped] of CASES) {
      expect(visibleText(text), name).toBe(dropped);
      expect(visibleText(text, '\ufffd'), name).toBe(marked);
    }
  });

  it('has no control left in anything', () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('x');
    expect(visibleText(all)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  });

  it('is one line where asked, and cut with a count where it is long', () => {
    expect(visibleLine(' a\n\n b\tc ')).toBe('a b c');
    expect(clipped('abcdef', 3)).toBe('abc … (3 more characters)');
    expect(clipped('ab🎉cd', 3)).toBe('ab\ufffd … (3 more characters)');
  });
});
