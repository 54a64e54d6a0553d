/** LongMemEval's results, as its `evaluate_qa.py` writes them: a question's id, the answer, and a judge's label. */
import { isObject } from '../../core/json.js';
import type { RowForm } from './row-form.js';
import { tellField, textOf, verdictOf } from './row-values.js';

export const longMemEvalResults: RowForm = {
  name: 'longmemeval',
  matches: (record) => Object.hasOwn(record, 'question_id') && isObject(record['autoeval_label']),
  read: (record, context) => {
    const { question_id: id, autoeval_label: label, hypothesis } = record;
    const item = textOf(id);
    const { label: said, model } = isObject(label) ? label : {};
    const correct = verdictOf(said);
    if (item === undefined) tellField(context, 'question_id', id, 'write text here');
    if (correct === undefined) tellField(context, 'autoeval_label.label', said, 'write true or false here');
    if (item === undefined || correct === undefined) return [];
    return [
      {
        ...{ item, question: '0', correct, abstention: item.includes('_abs') },
        judge: `yes-no (${textOf(model) ?? 'unknown'})`,
        dataset: 'longmemeval',
        answer: textOf(hypothesis) ?? '',
      },
    ];
  },
};
