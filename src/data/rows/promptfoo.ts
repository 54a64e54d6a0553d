/** Results of promptfoo (`--output results.json`): one object with a result for each test, prompt and provider. */
import { isObject } from '../../core/json.js';
import { isLevel } from '../../core/levels.js';
import type { Fields, FoundAnswer, RowContext, RowForm } from './row-form.js';
import { tellField, textOf, verdictOf } from './row-values.js';

export const promptfooResults: RowForm = {
  name: 'promptfoo',
  matches: (record) => Array.isArray(resultsOf(record)),
  read: (record, context) => {
    const results = resultsOf(record);
    return Array.isArray(results)
      ? results.flatMap((result: unknown, i) =>
          answerOf(result, i, { ...context, place: { ...context.place, within: `results.results[${i}]` } }),
        )
      : [];
  },
};

/** The list, which stands in an object `results` of its own; the first versions wrote that object alone. */
function resultsOf(record: Fields): unknown {
  const { results } = record;
  if (isObject(results)) return results['results'];
  return Array.isArray(results) && Object.hasOwn(record, 'stats') ? results : undefined;
}

function answerOf(result: unknown, i: number, context: RowContext): FoundAnswer[] {
  if (!isObject(result)) {
    tellField(context, '', result, 'write an object here');
    return [];
  }
  const { testIdx, vars, prompt, provider, response, error, gradingResult } = result;
  const grade = isObject(gradingResult) ? gradingResult : {};
  const failed = textOf(error) !== undefined && !isObject(response);
  const correct = failed ? null : verdictOf(grade['pass'] ?? result['success']);
  if (correct === undefined) {
    tellField(context, 'success', result['success'], 'write true or false here');
    return [];
  }
  const label = isObject(prompt) ? (textOf(prompt['label']) ?? textOf(prompt['raw'])) : textOf(prompt);
  return [
    {
      item: textOf(testIdx) ?? (isObject(vars) ? JSON.stringify(vars) : String(i)),
      question: '0',
      correct,
      judge: 'promptfoo',
      model: isObject(provider)
        ? (textOf(provider['label']) ?? textOf(provider['id']) ?? 'answers')
        : (textOf(provider) ?? 'answers'),
      ...(label !== undefined && { level: asLevel(label) }),
      prompt: isObject(prompt) ? (textOf(prompt['raw']) ?? '') : '',
      answer: isObject(response) ? (textOf(response['output']) ?? '') : '',
      reason: textOf(grade['reason']) ?? textOf(error) ?? '',
    },
  ];
}

/** A prompt's label as a level's name: what cannot be in one becomes `-`. */
function asLevel(label: string): string {
  const name = label
    .replace(/[^\p{L}\p{M}\p{N}_.=-]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return isLevel(name) ? name : 'prompt';
}
