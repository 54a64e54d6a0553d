/** Samples of lm-evaluation-harness (`--log_samples`): one document of a task a line, a column for each of its metrics. */
import { isObject } from '../../core/json.js';
import type { Fields, FoundAnswer, RowContext, RowForm } from './row-form.js';
import { numberOf, tellField, textOf, verdictOf } from './row-values.js';

/** Metrics that say right or wrong, in the order in which one of several is taken. */
const METRICS = ['exact_match', 'acc_norm', 'acc', 'em', 'contains', 'pass@1', 'f1'];

export const lmEvalSamples: RowForm = {
  name: 'lm-eval',
  matches: (record) =>
    Object.hasOwn(record, 'doc_id') && Object.hasOwn(record, 'doc') && Object.hasOwn(record, 'target'),
  read: (record, context) => {
    const item = textOf(record['doc_id']);
    const metric = metricOf(record, context);
    if (item === undefined) tellField(context, 'doc_id', record['doc_id'], 'write a number or text here');
    if (metric === undefined) tellMetric(record, context);
    return item === undefined || metric === undefined ? [] : [answerOf(record, item, metric)];
  },
};

/** The metric that was asked for, else the first known one. */
function metricOf(record: Fields, { columns }: RowContext): string | undefined {
  const asked = columns.correct ?? columns.score;
  return (asked === undefined ? METRICS : [asked]).find(
    (name) => numberOf(record[name] === true ? 1 : record[name] === false ? 0 : record[name]) !== undefined,
  );
}

function tellMetric(record: Fields, context: RowContext): void {
  const metrics = record['metrics'];
  const named = Array.isArray(metrics) ? metrics.flatMap((name) => textOf(name) ?? []).join(', ') : '';
  const fix = `say which metric counts with the column named for correct (correct=NAME)${named === '' ? '' : ` (the file has ${named})`}`;
  context.log.add({
    ...context.place,
    field: context.columns.correct ?? '',
    what: 'has none of the metrics that are known',
    fix,
    scope: 'item',
  });
}

function answerOf(record: Fields, item: string, metric: string): FoundAnswer {
  const correct = verdictOf(record[metric]);
  const share = numberOf(record[metric]) ?? 0;
  const filter = textOf(record['filter']);
  return {
    item,
    question: '0',
    ...(correct === undefined ? { score: 1 + 4 * share, correct: share >= 0.75 } : { correct }),
    judge: filter === undefined || filter === 'none' ? metric : `${metric} (${filter})`,
    prompt: promptOf(record['arguments']),
    reference: textOf(record['target']) ?? '',
    answer: firstText(record['filtered_resps']) ?? firstText(record['resps']) ?? '',
  };
}

/** The first text that is asked, whether arguments are lists or, in later versions, objects of them. */
function promptOf(value: unknown): string {
  return (
    firstText(
      isObject(value) ? Object.values(value).map((inner) => (isObject(inner) ? Object.values(inner) : inner)) : value,
    ) ?? ''
  );
}

function firstText(value: unknown): string | undefined {
  if (Array.isArray(value)) return firstText(value[0]);
  return textOf(value);
}
