/** LongMemEval's aggregates against NumPy's numbers (test/golden/longmemeval/make.py), and the benchmark's file forms. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  formatAggregates,
  longMemEvalMetrics,
  rounded,
  type Aggregates,
} from '../../../src/evaluate/longmemeval/metrics.js';
import {
  parseHypotheses,
  parseReferences,
  parseResults,
  toJsonLines,
  type QuestionType,
} from '../../../src/evaluate/longmemeval/records.js';

interface Printed {
  readonly byType: Readonly<Record<QuestionType, readonly [string, number]>>;
  readonly taskAveraged: string;
  readonly overall: string;
  readonly abstention: readonly [string, number];
}

interface Golden {
  readonly questions: readonly (readonly [string, QuestionType])[];
  readonly cases: readonly {
    readonly labels: Readonly<Record<string, number>>;
    readonly published: Printed;
    readonly strict: Printed;
  }[];
}

const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/longmemeval/expected.json'), 'utf8'),
) as Golden;
const references = golden.questions.map(([question_id, question_type]) => ({
  question_id,
  question_type,
  question: 'q',
  answer: 'a',
}));

function resultsOf(labels: Readonly<Record<string, number>>, model = 'any-judge') {
  return Object.entries(labels).map(([question_id, label]) => ({
    question_id,
    autoeval_label: { model, label: label === 1 },
  }));
}

function printed({ byType, taskAveraged, overall, abstention }: Aggregates): Printed {
  const types = Object.entries(byType).map(([type, { accuracy, n }]) => [type, [rounded(accuracy), n]]);
  return {
    byType: Object.fromEntries(types) as Printed['byType'],
    taskAveraged: rounded(taskAveraged),
    overall: rounded(overall.accuracy),
    abstention: [rounded(abstention.accuracy), abstention.n],
  };
}

describe("LongMemEval's aggregates", () => {
  it.each(golden.cases)(
    'equal those the benchmark prints, and count missing answers both ways',
    ({ labels, published, strict }) => {
      const metrics = longMemEvalMetrics(resultsOf(labels), references);
      expect(printed(metrics.published)).toEqual(published);
      expect(printed(metrics.strict)).toEqual(strict);
      expect(metrics.missing).toBe(references.length - Object.keys(labels).length);
      expect(metrics.judges).toEqual(['any-judge']);
    },
  );

  it('are printed line by line as the benchmark prints them', () => {
    const { published } = longMemEvalMetrics(resultsOf(golden.cases[3]?.labels ?? {}), references);
    expect(formatAggregates(published)).toMatchInlineSnapshot(`
      "
      Evaluation results by task:
      	single-session-user: 0.0312 (32)
      	single-session-preference: nan (0)
      	single-session-assistant: nan (0)
      	multi-session: nan (0)
      	temporal-reasoning: nan (0)
      	knowledge-update: nan (0)

      Task-averaged Accuracy: nan
      Overall Accuracy: 0.0312
      Abstention Accuracy: 0.0 (2)"
    `);
  });

  it('leave out unknown questions, count repeated rows, and set abstention apart', () => {
    const [known = ''] = golden.questions[0] ?? [];
    const rows = [...resultsOf({ [known]: 1, 'not-there': 1 }), ...resultsOf({ [known]: 0 })];
    const metrics = longMemEvalMetrics(rows, references);
    expect(metrics).toMatchObject({ unknown: 1, repeated: 1, missing: references.length - 1 });
    expect(metrics.published.overall).toEqual({ accuracy: 0.5, n: 2 });
    expect(metrics.published.abstention.n).toBe(known.includes('_abs') ? 2 : 0);
    expect(metrics.published.withoutAbstention.n).toBe(known.includes('_abs') ? 0 : 2);
  });
});

describe("LongMemEval's files", () => {
  it('are read as JSON lines and as arrays, with a byte order mark, empty lines and answers that are numbers', () => {
    const reference = {
      question_id: 'x',
      question_type: 'multi-session',
      question: 'How many?',
      answer: 3,
      haystack_sessions: [[]],
    };
    expect(parseReferences(JSON.stringify([reference]), 'ref.json')).toMatchObject([{ question_id: 'x', answer: '3' }]);
    const rows = [{ question_id: 'x', hypothesis: 'three' }];
    expect(parseHypotheses(`\ufeff\n${toJsonLines(rows)}\r\n`, 'hyp').map(({ value }) => value)).toEqual(rows);
    expect(parseHypotheses(JSON.stringify(rows), 'hyp').map(({ value }) => value)).toEqual(rows);
  });

  it('are refused with line and field where they are malformed', () => {
    expect(() => parseResults('{"question_id": "x"}\n', 'r.jsonl')).toThrow(
      'r.jsonl cannot be read:\n  - line 1: field "autoeval_label" is missing',
    );
    const text = '{"question_id": "x", "autoeval_label": {"model": "m", "label": "no"}}';
    expect(() => parseResults(text, 'r.jsonl')).toThrow(/line 1: field "autoeval_label.label" is wrong/);
    expect(() =>
      parseReferences('[{"question_id": "x", "question_type": "riddle", "question": "", "answer": ""}]', 'ref'),
    ).toThrow(/field "question_type" is wrong/);
    expect(() => parseHypotheses('5\n', 'h')).toThrow('line 1: not a JSON object');
    expect(() => parseHypotheses('[1', 'h')).toThrow('h:1: is not valid JSON');
  });
});
