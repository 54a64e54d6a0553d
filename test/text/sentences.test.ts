/** Sentences of any script: where they end, and how some of them are put together as a text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asSentence, joinedSentences, sentencesOf } from '../../src/text/sentences.js';

const TEXTS: readonly (readonly string[])[] = [
  ['He left at 3 p.m. on Monday. ', 'Mr. Smith stayed. ', '(Why? ', 'Nobody knows.) ', '“Go,” he said.'],
  ['北京市图书馆于1987年迁入新楼。', '馆长李明华每周二开放旧书库。', '谁来？', '都来！'],
  ['他来了。', '“走吧。”', '她说。', '（完）'],
  ['私は学生です。', '「行きます。」', '次！', '終わり｡', 'もう。'],
  ['यह एक है। ', 'वह दो है। ', 'तीन।'],
  ['انتقلت المكتبة. ', 'أين هي؟ ', 'هنا.'],
  ['ห้องสมุดย้ายเข้าอาคารใหม่ในปี 1987 ', 'ผู้อำนวยการคือสมชาย ใจดี ', 'ผู้เยี่ยมชมต้องจองล่วงหน้าหนึ่งสัปดาห์'],
];

describe('sentences', () => {
  it.each(TEXTS)('end where their script ends them: %s', (...sentences) => {
    expect(sentencesOf(sentences.join(''))).toEqual(sentences);
  });

  it.each(TEXTS)('put together are the text they came from: %s', (...sentences) => {
    expect(joinedSentences(sentences)).toBe(sentences.join(''));
  });

  it('lose nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aA. 。！「」“”\n北ก1?') }), (text) => {
        expect(sentencesOf(text).join('')).toBe(text);
      }),
    );
  });

  it('stand apart by what the source has between them, or their script wants', () => {
    expect(joinedSentences(['北京。', '上海。'])).toBe('北京。上海。');
    expect(joinedSentences(['“走。”', '他说。'])).toBe('“走。”他说。');
    expect(joinedSentences(['北京。 ', '上海。'])).toBe('北京。 上海。');
    expect(joinedSentences(['北京。\n', '上海。'])).toBe('北京。\n上海。');
    expect(joinedSentences(['One.', 'Two.'])).toBe('One. Two.');
    expect(joinedSentences(['One.\n\n', 'Two.'])).toBe('One.\nTwo.');
    expect(joinedSentences(['หนึ่ง', 'สอง'])).toBe('หนึ่ง สอง');
  });

  it('are made of statements by the stop of their script', () => {
    const statements = ['Li runs it', 'Li runs it!', '李明华是馆长', '他说：“走。”', 'यह है', 'มาแล้ว', 'هو هنا'];
    expect(statements.map(asSentence)).toEqual([
      ...['Li runs it.', 'Li runs it!', '李明华是馆长。', '他说：“走。”'],
      ...['यह है।', 'มาแล้ว', 'هو هنا.'],
    ]);
  });
});
