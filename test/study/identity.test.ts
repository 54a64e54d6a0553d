/** Golden identities, one a stage: a change of any orphans what users have made, so it must be meant, and the version raised. */
import { describe, expect, it } from 'vitest';
import { hashJson } from '../../src/core/hash.js';
import type { Item } from '../../src/core/records.js';
import { unscored, type Judge } from '../../src/evaluate/judges/contract.js';
import { verdictKey } from '../../src/evaluate/verdict-log.js';
import {
  answersHash,
  askedHash,
  IDENTITY_VERSION,
  identityHash,
  runName,
  samplesHash,
  type RunIdentity,
  type TrainingIdentity,
} from '../../src/study/identity.js';

const ITEM: Item = {
  id: 'ada',
  dataset: 'people',
  texts: {
    original: { text: 'Ada Moss lives in Velden.', method: 'recorded', provenance: {} },
    summ_l3: { text: 'Ada: Velden.', method: 'recorded', provenance: {} },
  },
  questions: [
    {
      id: '0',
      prompt: 'Where does Ada live?',
      paraphrases: ['In which town does Ada live?'],
      testPrompt: 'Ada lives in which town?',
      answers: ['Velden'],
      type: 'fact',
    },
  ],
};

const PROMPT = {
  renderer: 'a'.repeat(64),
  style: { version: '1', system: null, open: '{context} {question}', closed: '{question}' },
  maxLength: 1024,
  answerRoom: 48,
};
const ENGINE = { name: 'onnxruntime 1.30.0', device: 'cpu' } as const;

const TRAINING: TrainingIdentity = {
  version: IDENTITY_VERSION,
  model: 'b'.repeat(64),
  prompt: PROMPT,
  samples: samplesHash([ITEM], 'summ_l3'),
  settings: {
    lora: { rank: 8, alpha: 16, rslora: false, dropout: 0, targets: ['q_proj'] },
    ...{ learningRate: 5e-4, schedule: 'cosine', warmupRatio: 0.05, epochs: 3, batchTokens: 1024, accumulation: 1 },
    ...{ clipNorm: 1, weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, seed: 0, maxLength: 1024 },
    quantisation: 'none',
  },
  engine: ENGINE,
};

const RUN: RunIdentity = {
  version: IDENTITY_VERSION,
  ...{ dataset: 'people', book: 'open', level: 'summ_l3', rank: 8, items: 1, seed: 0 },
  training: TRAINING,
  answering: {
    kind: 'local',
    model: 'b'.repeat(64),
    prompt: PROMPT,
    generation: { maxNewTokens: 48, temperature: 0, seed: 0, stop: [] },
    engine: ENGINE,
  },
  asked: askedHash([ITEM], 'summ_l3'),
  judges: [{ judge: 'lexical', version: 1 }],
};

const judge: Judge = { name: 'j', identity: { judge: 'j', version: 1 }, judge: () => Promise.resolve(unscored('')) };
const input = { question: 'q', type: 'fact', reference: 'r', answers: ['r'], answer: 'a', abstention: false };

describe('the identity', () => {
  const golden: readonly (readonly [stage: string, identity: () => string, expected: string])[] = [
    [
      'of samples, open book',
      () => samplesHash([ITEM], 'summ_l3'),
      'c3420e7bf679c960935f5da03c5551e5c50d3f4f777657d0ecfbad40343ae3a2',
    ],
    [
      'of samples, closed book',
      () => samplesHash([ITEM], 'none'),
      '69ac79a0ab0aa1258644870317010229fe5bbd2984e011e97e0030ae5089aaee',
    ],
    ['of a training', () => identityHash(TRAINING), '25328106426daf28d36db7e1548f7fd28a5b4f8eccdd4e07699e71350be8d2dd'],
    [
      'of answers of an adapter',
      () => answersHash(RUN, 'c'.repeat(64)),
      'f249e814a9a3c69d4bfb872cda5254898e5f73eee3e696d42d8891582fa5c1e0',
    ],
    [
      'of answers of the base',
      () => answersHash(RUN, null),
      'e0aec084182fd513952b682eaf000fbd80397c7e13b59c40c4d6ae3c5d634e1e',
    ],
    [
      'of a verdict',
      () => verdictKey(judge, input),
      '343b541c3c3381acbe2d72639964e95f4c59ff1d8da22986e00945cd122b5640',
    ],
    [
      'of what is asked',
      () => askedHash([ITEM], 'summ_l3'),
      '83d399978ab8ec311e6f918ab3a8e262047ee48968a1be64654b866302df7f04',
    ],
    ['of a run', () => identityHash(RUN), '5d4043cf8070b17427682c9db6e1c110164a4941754a8b757f3d0f2a0f83c4bd'],
  ];

  it.each(golden)('%s is as it was', (_, identity, expected) => {
    expect(identity()).toBe(expected);
  });

  it('are those of the whole as canonical JSON, though parts that many share are told once', () => {
    for (const identity of [RUN, TRAINING, { ...RUN, training: null }, { ...RUN, rank: 4 }])
      expect(identityHash(identity)).toBe(hashJson(identity));
  });

  it('of samples knows paraphrases in closed book alone, and never the wording kept for testing', () => {
    const [question] = ITEM.questions;
    if (question === undefined) throw new Error('the item has no question');
    const with_ = (changes: Partial<typeof question>): Item[] => [
      { ...ITEM, questions: [{ ...question, ...changes }] },
    ];
    expect(samplesHash(with_({ testPrompt: 'Other?' }), 'none')).toBe(samplesHash([ITEM], 'none'));
    expect(samplesHash(with_({ paraphrases: ['Other?'] }), 'summ_l3')).toBe(samplesHash([ITEM], 'summ_l3'));
    expect(samplesHash(with_({ paraphrases: ['Other?'] }), 'none')).not.toBe(samplesHash([ITEM], 'none'));
  });

  it('has a name for people', () => {
    expect(runName(RUN)).toBe('people-open-summ_l3-r8-n1-s0');
    expect(runName({ ...RUN, book: 'closed', level: 'none', rank: 0 })).toBe('people-closed-base');
  });
});
