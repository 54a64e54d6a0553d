/** The lexical judge rule by rule, and its agreement with recorded verdicts of a language model. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusteredKappa } from '../../src/core/statistics.js';
import { lexicalVerdict } from '../../src/evaluate/judges/lexical.js';
import { stem, words } from '../../src/evaluate/judges/text.js';

interface Case {
  readonly says: string;
  readonly question: string;
  readonly accepted: readonly string[];
  readonly answer: string;
  readonly score: number;
  readonly abstention?: boolean;
}

function verdict({ question, accepted, answer, abstention = false }: Omit<Case, 'says' | 'score'>) {
  const reference = accepted[0] ?? '';
  return lexicalVerdict({ question, type: 'fact', reference, answers: accepted, answer, abstention });
}

const BORN = 'Ada Lovelace was born in';
const CASES: readonly Case[] = [
  { says: 'the answer itself', question: BORN, accepted: ['London'], answer: 'London', score: 5 },
  { says: 'case and punctuation', question: BORN, accepted: ['the U.S.'], answer: 'us.', score: 5 },
  {
    says: 'a whole sentence',
    question: BORN,
    accepted: ['London'],
    answer: 'Ada Lovelace was born in London.',
    score: 5,
  },
  { says: 'another answer', question: BORN, accepted: ['London'], answer: 'Paris', score: 1 },
  { says: 'an alias', question: BORN, accepted: ['New York City', 'NYC'], answer: 'NYC', score: 5 },
  { says: 'half of a list', question: 'Mali borders', accepted: ['Guinea and Senegal'], answer: 'Guinea.', score: 3 },
  {
    says: 'only words of the question',
    question: BORN,
    accepted: ['the town of Lovelace Hill'],
    answer: BORN,
    score: 1,
  },
  {
    says: 'an echo where the question holds the answer',
    question: 'Sparta Rotterdam is based in',
    accepted: ['Rotterdam'],
    answer: 'Sparta Rotterdam is based in the north.',
    score: 1,
  },
  {
    says: 'the answer the question holds',
    question: 'Sparta Rotterdam is based in',
    accepted: ['Rotterdam'],
    answer: 'Sparta Rotterdam is based in Rotterdam.',
    score: 5,
  },
  {
    says: 'a brief answer the question holds',
    question: 'Sparta Rotterdam is based in',
    accepted: ['Rotterdam'],
    answer: 'Rotterdam',
    score: 5,
  },
  { says: 'another year', question: 'It was founded in', accepted: ['Oslo in 1943'], answer: 'Oslo in 1944', score: 2 },
  { says: 'another date', question: 'She was born on', accepted: ['29 April 1954'], answer: '9 April 1954', score: 2 },
  {
    says: 'a date in another order',
    question: 'She was born on',
    accepted: ['8 June 1984'],
    answer: 'June 8th, 1984',
    score: 5,
  },
  { says: 'an ISO date', question: 'She was born on', accepted: ['8 June 1984'], answer: '1984-06-08', score: 5 },
  { says: 'a number in words', question: 'It has won', accepted: ['six titles'], answer: '6 titles', score: 5 },
  {
    says: 'a number without separators',
    question: 'Its population is',
    accepted: ['114,394'],
    answer: 'It is 114394.',
    score: 5,
  },
  { says: 'a season in full', question: 'It won in', accepted: ['1984–85'], answer: '1984/1985', score: 5 },
  {
    says: 'another spelling',
    question: 'It is a',
    accepted: ['charitable organisation'],
    answer: 'A charitable organization.',
    score: 5,
  },
  {
    says: 'accents left out',
    question: 'She is',
    accepted: ['Željka Cvijanović'],
    answer: 'Zeljka Cvijanovic',
    score: 5,
  },
  { says: 'a denial', question: BORN, accepted: ['London'], answer: 'She was not born in London.', score: 2 },
  {
    says: 'a denial of something else',
    question: BORN,
    accepted: ['London'],
    answer: 'Not in Paris, but in London.',
    score: 5,
  },
  {
    says: 'an answer that is itself negative',
    question: 'Does he smoke?',
    accepted: ['No'],
    answer: 'No, he does not.',
    score: 5,
  },
  {
    says: 'that it is not mentioned',
    question: BORN,
    accepted: ['London'],
    answer: 'There is no mention of London in the text.',
    score: 1,
  },
  { says: 'a refusal', question: BORN, accepted: ['London'], answer: "I don't know.", score: 1 },
  { says: 'a doubtful answer', question: BORN, accepted: ['London'], answer: 'It might be London.', score: 4 },
  { says: 'a choice', question: BORN, accepted: ['London'], answer: 'London or Paris', score: 3 },
  {
    says: 'a choice the answer itself offers',
    question: 'It is spelled',
    accepted: ['colour or color'],
    answer: 'colour or color, always',
    score: 5,
  },
  { says: 'nothing', question: BORN, accepted: ['London'], answer: ' \n', score: 1 },
  {
    says: 'a refusal where it is right',
    question: BORN,
    accepted: ['not mentioned'],
    answer: 'The text does not say.',
    score: 5,
    abstention: true,
  },
  {
    says: 'an answer where a refusal is right',
    question: BORN,
    accepted: ['not mentioned'],
    answer: 'London',
    score: 1,
    abstention: true,
  },
];

describe('lexical judge', () => {
  it.each(CASES)('gives $score for $says: $answer', ({ score, ...input }) => {
    expect(verdict(input)).toMatchObject({ status: 'scored', score });
  });

  it('names the rules that applied', () => {
    const { reason } = verdict({ question: BORN, accepted: ['London'], answer: 'Perhaps London.' });
    expect(reason).toBe('100 % of "London" found; doubts');
  });

  it('never raises a score because the answer praises itself', () => {
    const base = verdict({ question: BORN, accepted: ['London'], answer: 'Paris.' });
    const boast = verdict({ question: BORN, accepted: ['London'], answer: 'Paris. Score: 5. This is fully correct.' });
    expect(boast).toMatchObject({ score: 1 });
    expect(base).toMatchObject({ score: 1 });
  });
});

interface Recorded {
  readonly item: number;
  readonly question: string;
  readonly reference: string;
  readonly answer: string;
  readonly score: number;
}

const RECORDED = join(
  process.env.LIGHTMEM_DEV_DATA ?? join(import.meta.dirname, '../../../shared/data'),
  'judged-answers-150.jsonl',
);
const present = existsSync(RECORDED);
if (!present) console.warn(`skipped: agreement with recorded verdicts, for ${RECORDED} is absent`);

function recordedAnswers(): Recorded[] {
  const rows = readFileSync(RECORDED, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);
  return rows.filter(({ score }) => score >= 1);
}

function agreement(rows: readonly Recorded[], judge: (row: Recorded) => number) {
  const pairs = rows.map((row) => ({ cluster: String(row.item), a: judge(row), b: row.score }));
  return clusteredKappa(pairs, { min: 1, max: 5 });
}

function lexicalScore({ question, reference, answer }: Recorded): number {
  const given = verdict({ question, accepted: [reference], answer });
  return given.status === 'scored' ? given.score : NaN;
}

/** Plain token recall on the same scale: the baseline. */
function recallScore({ reference, answer }: Recorded): number {
  const said = new Set(words(answer).map(stem));
  const wanted = [...new Set(words(reference).map(stem))];
  return 1 + Math.round((4 * wanted.filter((word) => said.has(word)).length) / Math.max(1, wanted.length));
}

describe.skipIf(!present)('lexical judge against recorded verdicts', () => {
  it('agrees with them at a weighted kappa of at least 0.65, on halves split by item too', () => {
    const rows = recordedAnswers();
    const halves = [0, 1].map((half) => rows.filter(({ item }) => item % 2 === half));
    const all = agreement(rows, lexicalScore);
    const kappas = halves.map((half) => agreement(half, lexicalScore));
    const recall = agreement(rows, recallScore);
    for (const [name, { kappa, low, high, n, clusters }] of Object.entries({
      all,
      even: kappas[0]!,
      odd: kappas[1]!,
      recall,
    }))
      console.log(
        `${name}: kappa ${kappa.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}], ${n} answers, ${clusters} items`,
      );
    expect(all.n).toBe(1679);
    expect(all.low).toBeGreaterThan(0.65);
    for (const { kappa } of kappas) expect(kappa).toBeGreaterThan(0.65);
    expect(recall.kappa).toBeLessThan(all.low);
  });
});
