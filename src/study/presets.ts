/** Grids by name: the experiments of the study, and the small one that `lightmem demo` carries out. */
import type { StudyInput } from './config.js';

type Grid = StudyInput['grid'];

/** Experiment A, compression quality: every level of both data sets at rank 8. */
export function experimentA(articles: string, dialogues: string): Grid {
  return [articles, dialogues].map((dataset) => ({ dataset, book: 'open', levels: 'study', ranks: [8] }));
}

/** Experiment B, storage: ten amounts at rank 8, original texts. */
export function experimentB(articles: string): Grid {
  const amounts = Array.from({ length: 10 }, (_, index) => 50 * (index + 1));
  return [{ dataset: articles, book: 'open', levels: ['original'], ranks: [8], amounts, evaluateOn: 'trained' }];
}

/** Rank against amount, and rank against level. */
export function orthogonal(articles: string): Grid {
  const ranks = [4, 16];
  return [
    {
      ...{ dataset: articles, book: 'open', levels: ['original'], ranks },
      ...{ amounts: [100, 300, 500], evaluateOn: 'trained' },
    },
    { dataset: articles, book: 'open', levels: ['original', 'summ_l3', 'summ_l5'], ranks },
  ];
}

/** Sizes of the demonstration: 24 adapters and the untuned model in a few minutes on two processors. */
const DEMO = { trained: 40, asked: 40, dialoguesTrained: 24, dialoguesAsked: 24, amounts: [8, 16, 32, 64] };

/** The demonstration: the bundled world and model, all of the grid's kinds of runs. */
export function demoStudy(): StudyInput {
  return {
    name: 'demo',
    datasets: {
      articles: { world: { kind: 'articles', seed: 1 }, items: DEMO.trained + DEMO.asked, testItems: DEMO.asked },
      dialogues: {
        world: { kind: 'dialogues', seed: 1 },
        items: DEMO.dialoguesTrained + DEMO.dialoguesAsked,
        testItems: DEMO.dialoguesAsked,
      },
    },
    grid: [
      { dataset: 'articles', book: 'open', levels: 'study', ranks: [8] },
      { dataset: 'articles', book: 'open', levels: ['original', 'summ_l3', 'summ_l5'], ranks: [4, 16] },
      { dataset: 'dialogues', book: 'open', levels: ['original', 'summ_l2', 'summ_l5'], ranks: [8] },
      {
        ...{ dataset: 'articles', book: 'closed', ranks: [4, 16], amounts: DEMO.amounts },
        train: { epochs: 12, learningRate: 1e-2, schedule: 'linear', batchTokens: 512 },
      },
    ],
    train: { epochs: 2, learningRate: 3e-3, batchTokens: 1024 },
    evaluate: { judges: ['lexical'], maxNewTokens: 16 },
    executor: { kind: 'pool', workers: 2, threads: 1 },
    out: 'lightmem-demo',
  };
}
