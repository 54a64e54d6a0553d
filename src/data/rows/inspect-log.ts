/** Logs of inspect_ai in JSON: one object with what was evaluated and its samples, each with the scores of one scorer or several. */
import { isObject } from '../../core/json.js';
import type { Fields, FoundAnswer, RowContext, RowForm } from './row-form.js';
import { numberOf, tellField, textOf, verdictOf } from './row-values.js';

export const inspectLog: RowForm = {
  name: 'inspect_ai',
  matches: (record) => isObject(record['eval']) && (Array.isArray(record['samples']) || Object.hasOwn(record, 'plan')),
  read: (record, context) => {
    const { samples, eval: about } = record;
    if (!Array.isArray(samples)) {
      tellField(context, 'samples', samples, 'have inspect write its samples into the log');
      return [];
    }
    const { model, task } = isObject(about) ? about : {};
    const shared = { model: textOf(model) ?? 'answers', dataset: textOf(task) ?? 'inspect' };
    return samples.flatMap((sample: unknown, i) => sampleAnswer(sample, `samples[${i}]`, context, shared));
  },
};

function sampleAnswer(
  sample: unknown,
  path: string,
  context: RowContext,
  shared: Pick<FoundAnswer, 'model' | 'dataset'>,
): FoundAnswer[] {
  const at = { ...context, place: { ...context.place, within: path } };
  const item = isObject(sample) ? textOf(sample['id']) : undefined;
  if (!isObject(sample) || item === undefined) {
    tellField(at, 'id', isObject(sample) ? sample['id'] : sample, 'give the sample an id');
    return [];
  }
  const scores = isObject(sample['scores']) ? sample['scores'] : {};
  const wanted = context.columns.score ?? context.columns.correct;
  const scorer = wanted ?? Object.keys(scores)[0];
  const score = scorer === undefined ? undefined : scores[scorer];
  const found = { ...shared, item, question: '0', ...textsOf(sample), judge: scorer ?? 'none' };
  if (!isObject(score)) return [{ ...found, correct: null, reason: reasonOf(sample) }];
  const value = valueOf(score['value']);
  if (value === undefined) {
    tellField(at, `scores.${scorer ?? ''}.value`, score['value'], 'write C, I, P, N, true, false or a number here');
    return [];
  }
  return [{ ...found, ...value, reason: textOf(score['explanation']) ?? '' }];
}

/** C, I, P (in part), N (no answer), true and false, or a share from 0 to 1. */
function valueOf(value: unknown): Pick<FoundAnswer, 'score' | 'correct'> | undefined {
  const letter = textOf(value)?.trim();
  if (letter === 'P') return { score: 3, correct: false };
  if (letter === 'N') return { correct: false };
  const correct = verdictOf(value);
  if (correct !== undefined) return { correct };
  const share = numberOf(value);
  return share !== undefined && share >= 0 && share <= 1 ? { score: 1 + 4 * share, correct: share >= 0.75 } : undefined;
}

function textsOf(sample: Fields): Pick<FoundAnswer, 'prompt' | 'reference' | 'answer'> {
  const { input, target, output } = sample;
  const last: unknown = Array.isArray(input) ? input.at(-1) : input;
  const said = isObject(output) ? (textOf(output['completion']) ?? '') : '';
  return {
    prompt: textOf(isObject(last) ? last['content'] : last) ?? '',
    reference: textOf(Array.isArray(target) ? target[0] : target) ?? '',
    answer: said,
  };
}

function reasonOf({ error }: Fields): string {
  return isObject(error) ? (textOf(error['message']) ?? 'an error') : 'no score';
}
