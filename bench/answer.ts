/** Questions per second against Hugging Face `generate`: WikiUpdate, open and closed book, one adapter, the same tokens. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModel } from '../src/models/load.js';
import type { Margins } from './sides/margins.js';
import type { TokenPrompt } from '../src/models/text/prompt.js';
import type { Asked, Workload } from './sides/answer.js';
import { benchModel, benchPython, runChild, transformersModel } from './support/python.js';
import { inTurn, median, printReport, rounded } from './support/report.js';
import { prompts, trainedAdapter } from './support/wikiupdate.js';

/** Articles asked about (the adapter is trained on them), pairs of runs, threads of both sides. */
const ARTICLES = Number(process.env['LIGHTMEM_BENCH_ARTICLES'] ?? 20);
const PAIRS = Number(process.env['LIGHTMEM_BENCH_PAIRS'] ?? 3);
const THREADS = Number(process.env['LIGHTMEM_BENCH_THREADS'] ?? 2);
const MAX_NEW_TOKENS = 32;
const GOAL = { open: 5, openShared: 1.5, closed: 2 };
/** Logits nearer than this are a tie that rounding may decide. */
const TIE = 1e-3;

interface Side {
  readonly seconds: number;
  /** Of all threads: what the work costs where other work takes turns on the processor. */
  readonly processorSeconds: number;
  readonly answers: readonly (readonly number[])[];
}

const path = benchModel();
const python = benchPython();
const model = loadModel(path);
const adapter = await trainedAdapter(model, 24);
const asked = { open: await prompts(model, ARTICLES, 'open'), closed: await prompts(model, ARTICLES, 'closed') };
const tokensOf = (given: readonly TokenPrompt[]): Asked[] =>
  given.map(({ item, prompt: tokens }) => ({ item, tokens }));
const [open, closed] = [tokensOf(asked.open), tokensOf(asked.closed)];
const { bosTokenId, eosTokenIds: eos } = model.config;
const folder = '.lightmem/bench/answer';
mkdirSync(folder, { recursive: true });

function file(name: string, content: unknown): string {
  const at = join(folder, name);
  writeFileSync(at, JSON.stringify(content));
  return at;
}

const common = { adapter, maxNewTokens: MAX_NEW_TOKENS, threads: THREADS };
const workload: Workload = { ...common, model: path, ours: [open, closed] };
const oursFile = file('ours.json', workload);
const theirsFile = file('theirs.json', {
  ...{ ...common, ...transformersModel(path), eos, padding: bosTokenId ?? eos[0], merge: false },
  runs: [
    { way: 'batches', batch: 8, prompts: open },
    { way: 'shared', batch: 64, prompts: open },
    { way: 'batches', batch: 8, prompts: closed },
  ],
});
const side = (name: string): string => join(import.meta.dirname, `sides/${name}.js`);
const results = (output: string): Side[] => JSON.parse(output.trim().split('\n').at(-1) ?? '') as Side[];

const pairs = await inTurn(
  PAIRS,
  () => runChild(process.execPath, [side('answer'), oursFile]),
  () => runChild(python, ['bench/peers/answer.py', theirsFile]),
);
const timed = pairs.map(({ ours, theirs }) => ({ ours: results(ours.output), theirs: results(theirs.output) }));
const seconds = (of: 'ours' | 'theirs', run: number): number =>
  median(timed.map((pair) => pair[of][run]?.seconds ?? NaN));
function ratio(theirs: number, ours: number, of: 'seconds' | 'processorSeconds' = 'seconds'): number {
  const ratios = timed.map((pair) => (pair.theirs[theirs]?.[of] ?? NaN) / (pair.ours[ours]?.[of] ?? NaN));
  return rounded(median(ratios));
}

/** Answers that differ from theirs, and by how much our two best logits lie apart where they first do. */
async function differences(name: string, given: readonly Asked[], ours: Side | undefined, theirs: Side | undefined) {
  const margins = file(`margins-${name}.json`, {
    ...common,
    model: path,
    prompts: given,
    ours: ours?.answers,
    theirs: theirs?.answers,
  });
  return JSON.parse((await runChild(process.execPath, [side('margins'), margins])).output) as Margins;
}

const first = timed[0];
const compared = {
  open: await differences('open', open, first?.ours[0], first?.theirs[0]),
  openShared: await differences('shared', open, first?.ours[0], first?.theirs[1]),
  closed: await differences('closed', closed, first?.ours[1], first?.theirs[2]),
};
const count = asked.open.length;
const perSecond = (of: 'ours' | 'theirs', run: number): number => rounded(count / seconds(of, run));
const length = (answers: readonly (readonly number[])[] = []): number =>
  rounded(answers.flat().length / Math.max(1, answers.length));
printReport({
  name: 'answer',
  figures: {
    ...{ articles: ARTICLES, questions: count, pairs: PAIRS, threads: THREADS, maxNewTokens: MAX_NEW_TOKENS },
    questionsPerSecond: {
      ours: { open: perSecond('ours', 0), closed: perSecond('ours', 1) },
      theirs: { open: perSecond('theirs', 0), openShared: perSecond('theirs', 1), closed: perSecond('theirs', 2) },
    },
    processorTimeRatio: {
      open: ratio(0, 0, 'processorSeconds'),
      openShared: ratio(1, 0, 'processorSeconds'),
      closed: ratio(2, 1, 'processorSeconds'),
    },
    answerTokens: { open: length(first?.ours[0]?.answers), closed: length(first?.ours[1]?.answers) },
    differences: compared,
    answersHold: Object.values(compared).every(({ apart }) => apart === 0),
    tie: TIE,
    peakGiB: {
      ours: rounded(median(pairs.map(({ ours }) => (ours.peakBytes ?? NaN) / 2 ** 30))),
      theirs: rounded(median(pairs.map(({ theirs }) => (theirs.peakBytes ?? NaN) / 2 ** 30))),
    },
  },
  ratio: { open: ratio(0, 0), openShared: ratio(1, 0), closed: ratio(2, 1) },
  goal: GOAL,
});
