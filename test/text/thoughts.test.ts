/** Answers with thoughts in them, as models of many makers leave them. */
import { describe, expect, it } from 'vitest';
import { withoutThoughts } from '../../src/text/thoughts.js';

const HARMONY =
  '<|channel|>analysis<|message|>User asks. London? No.<|end|><|start|>assistant<|channel|>final<|message|>Paris.<|return|>';

/** Each says `Paris.` beside its thoughts. */
const THOUGHTFUL = [
  '<think>London?</think>Paris.',
  '<think>\nHm, a < b.\n</think>\n\nParis.',
  '<THINK>London?</THINK> Paris.',
  '<think time="3">London?</think>Paris.',
  '<thinking>London?</thinking>\nParis.',
  '<reasoning>London?</reasoning>\nParis.',
  '<thought>London?</thought>Paris.',
  '<thoughts>London?</thoughts>Paris.',
  '<reflection>London?</reflection>Paris.',
  '<scratchpad>London?</scratchpad>Paris.',
  '<antThinking>London?</antThinking>Paris.',
  '<seed:think>London?</seed:think>Paris.',
  '<思考>London?</思考>Paris.',
  '[THINK]London?[/THINK]Paris.',
  '[REASONING]London?[/REASONING] Paris.',
  '◁think▷London?◁/think▷Paris.',
  '<|think|>London?<|/think|>Paris.',
  '<|begin_of_thought|>London?<|end_of_thought|><|begin_of_solution|>Paris.<|end_of_solution|>',
  '<|START_THINKING|>London?<|END_THINKING|><|START_RESPONSE|>Paris.<|END_RESPONSE|>',
  '<|channel>thought\nLondon?<channel|>Paris.',
  '<unused94>thought\nLondon?<unused95>Paris.',
  'Here are my reasoning steps:\nLondon?\n[BEGIN FINAL RESPONSE]\nParis.\n[END FINAL RESPONSE]',
  'Here is my thought process:\nLondon?\nHere is my response:\nParis.',
  '<think>London?</think><answer>Paris.</answer>',
  'London?</think>\nParis.',
  'London?[/THINK]Paris.',
  'London?</thought>Paris.',
  '<think>London?</think><think>Rome?</think>Paris.',
  '<think>London? <think>Rome?</think>Paris.',
  '<think>London?</thinking>Paris.',
  HARMONY,
  HARMONY.replace('<|return|>', ''),
  HARMONY.replace('<|channel|>', ''),
  `${HARMONY.split('<|start|>')[0]}<|start|>assistant<|channel|>commentary to=functions.x <|constrain|>json<|message|>{}<|call|>${HARMONY}`,
  '<|start|>assistant<|channel|>final <|constrain|>text<|message|>Paris.<|end|>',
  'analysisWe need the capital. London?assistantfinalParis.',
  'analysisUser asks.assistantcommentaryLooking.assistantfinalParis.',
];

/** Begun thoughts that never end, and what was said before them. */
const UNFINISHED: readonly (readonly [string, string])[] = [
  ['<think>London', ''],
  ['[THINK]London', ''],
  ['<reasoning>\nLondon', ''],
  ['<thought>London', ''],
  ['<|START_THINKING|>London', ''],
  ['<think>London?</think><think>Rome', ''],
  ['Paris.\n<think>London?', 'Paris.'],
  ['<|channel|>analysis<|message|>London', ''],
  ['<|channel|>analysis<|message|>London?<|end|>', ''],
  ['analysisWe need the capital.', ''],
];

/** Texts that only speak of marks, or of thoughts. */
const PLAIN = [
  'Paris.',
  'The tag `<think>` begins a thought and `</think>` ends it.',
  'The tag "<think>" begins a thought.',
  'It is written between `<|channel|>` and `<|message|>`.',
  'An <thought>idea</thought> in a document of its own, and more.',
  'A document.\n<reflection>Its own part.</reflection>\nMore.',
  'analysis of the river shows lead',
  'Thinking of Paris [think tank].',
  '<answer>Paris.</answer>',
  'a < b and c > d',
  '思考是重要的。',
];

describe('thoughts in an answer', () => {
  it.each(THOUGHTFUL)('are left out: %j', (answer) => {
    expect(withoutThoughts(answer)).toEqual({ text: 'Paris.', unfinished: false });
  });

  it.each(UNFINISHED)('are told where they never end: %j', (answer, text) => {
    expect(withoutThoughts(answer)).toEqual({ text, unfinished: true });
  });

  it.each(PLAIN)('are not seen where there are none: %j', (answer) => {
    expect(withoutThoughts(answer)).toEqual({ text: answer, unfinished: false });
  });

  it('are left out where the server gave them apart and again before the answer', () => {
    expect(withoutThoughts('London? No.\n\nParis.', 'London? No.\n')).toEqual({ text: 'Paris.', unfinished: false });
    expect(withoutThoughts('London? No.', 'London? No.').text).toBe('');
    expect(withoutThoughts('Paris.', 'London? No.').text).toBe('Paris.');
  });
});
