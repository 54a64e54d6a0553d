/** Does `fit` choose as well as the whole grid, at a fifth of its training? On sparse and dense articles of the world, and on WikiUpdate where a model for it is there. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { adapterContrast } from '../src/analysis/knowledge/contrasts.js';
import type { KnowledgeCell } from '../src/analysis/knowledge/knowledge.js';
import { bestCell } from '../src/analysis/knowledge/best-cell.js';
import type { Item } from '../src/core/records.js';
import { loadAll } from '../src/data/load.js';
import { generateWorld } from '../src/data/world/generate.js';
import { jsonLines } from '../src/files/json-lines.js';
import { writeWhole } from '../src/files/write-whole.js';
import { candidatesOf, candidateText, formName, type CandidateSpace } from '../src/fit/candidate.js';
import { DEFAULT_HALVING, DEFAULT_MARGIN, type FitSettings } from '../src/fit/fit-settings.js';
import { fit } from '../src/fit/fit.js';
import { pilotStudy, type StudySettings } from '../src/fit/pilot-study.js';
import { resultsOf, type StudyResults } from '../src/fit/trials.js';
import { BUNDLED } from '../src/models/load.js';
import { planStudy } from '../src/study/plan.js';
import { runStudy } from '../src/study/runner.js';
import { readStudy } from '../src/study/stored-study.js';
import { printReport, rounded } from './support/report.js';

interface Case {
  readonly name: string;
  readonly model: string;
  readonly items: () => Promise<readonly Item[]>;
  readonly space: CandidateSpace;
  readonly exposures: number;
}

const WORLD = { kind: 'articles', partition: 'study', distractors: 0 } as const;
const SPACE = { levels: ['original', 'summ_l2'], forms: ['study', 'distil', 'mix'], ranks: [4, 16, 1], rates: [1e-2] };
const EXPOSURES = Number(process.env['LIGHTMEM_BENCH_EXPOSURES'] ?? 32);
const SHARE = 1 / 5;

const MODEL = process.env['LIGHTMEM_BENCH_MODEL'];
const WIKI = join(process.env['LIGHTMEM_DEV_DATA'] ?? '../shared/data', 'wikiupdate-150.json');

const CASES: readonly Case[] = [
  {
    ...{ name: 'dense', model: BUNDLED, space: SPACE, exposures: EXPOSURES },
    items: () => Promise.resolve(generateWorld({ ...WORLD, seed: 11, items: 16, facts: 6, fillers: 0 })),
  },
  {
    ...{ name: 'sparse', model: BUNDLED, space: SPACE, exposures: EXPOSURES },
    items: () => Promise.resolve(generateWorld({ ...WORLD, seed: 12, items: 32, facts: 2, fillers: 6 })),
  },
  {
    ...{ name: 'wikiupdate', model: MODEL ?? '', exposures: 8 },
    space: { levels: ['original', 'summ_l2'], forms: ['study', 'distil'], ranks: [4, 16, 1], rates: [1e-3] },
    items: async () => (await loadAll(WIKI)).items.slice(0, 8),
  },
];

const out = '.lightmem/bench/fit';

for (const each of CASES.filter(({ name }) => process.argv[2] === undefined || process.argv[2] === name)) {
  if (each.name === 'wikiupdate' && (MODEL === undefined || !existsSync(WIKI)))
    process.stderr.write(`SKIPPED wikiupdate: it needs LIGHTMEM_BENCH_MODEL and ${WIKI}\n`);
  else await bench(each);
}

async function bench({ name, model, items, space, exposures }: Case): Promise<void> {
  const folder = join(out, name);
  const all = await items();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'documents.jsonl');
  writeWhole(file, [...jsonLines(all)].join(''));
  const study: StudySettings = {
    ...{ model, file, kept: 0, made: [], by: 'rules', compress: {}, wordings: 5, seed: 0 },
    ...{ device: 'cpu', workers: 1, threads: 1 },
  };
  const grid = await carryOutGrid(
    study,
    { candidates: candidatesOf(space), exposures, items: all },
    join(folder, 'grid'),
  );
  const gridTokens = tokensOf(grid);
  const whole = join(folder, 'fit');
  rmSync(whole, { recursive: true, force: true });
  const amount = Math.round(SHARE * gridTokens);
  const settings: FitSettings = {
    ...{ study, space, out: whole, command: 'bench fit' },
    halving: { ...DEFAULT_HALVING, most: exposures, least: Math.min(exposures, DEFAULT_HALVING.least) },
    choice: { margin: DEFAULT_MARGIN, maxForgetting: null },
    budget: { unit: 'tokens', amount, text: `${amount}tok` },
  };
  const result = await fit(settings);
  const pilots = resultsOf(readStudy(join(whole, 'pilots')));
  const cells = grid.knowledge?.cells ?? [];
  const best = bestCell({ cells });
  const { candidate } = result;
  const same = cells.find(
    ({ level, form, rank }) =>
      level === candidate.level && rank === candidate.rank && form === formName(candidate, space.rates.length),
  );
  printReport({
    name: `fit ${name}`,
    figures: {
      candidates: cells.length,
      ofThemTried: result.plan.tried.length,
      rungs: result.trials.map((rung) => `${rung.length} at ${rung[0]?.exposures}`).join(', '),
      best: `${best.form}, ${best.level}, rank ${best.rank}`,
      bestRecall: rounded(best.trained.mean),
      chosen: candidateText(candidate, space.rates.length),
      chosenInGrid: same === undefined ? null : rounded(same.trained.mean),
      chosenInGridLessBest: same === undefined ? null : against(same, best),
      adapterRecall: rounded(result.final.cell.trained.mean),
      adapterExposures: result.exposures,
      adapterLessBest: against(result.final.cell, best),
      tokensShare: rounded(tokensOf(pilots) / gridTokens),
      secondsShare: rounded(secondsOf(pilots) / secondsOf(grid)),
    },
    ratio: rounded(gridTokens / tokensOf(pilots)),
    goal: 1 / SHARE,
  });
}

interface Grid {
  readonly candidates: ReturnType<typeof candidatesOf>;
  readonly exposures: number;
  readonly items: readonly Item[];
}

async function carryOutGrid(study: StudySettings, { items, ...trial }: Grid, folder: string): Promise<StudyResults> {
  const plan = await planStudy(pilotStudy(study, [trial], { items, rates: 1 }), { folder });
  await runStudy(plan, { folder, command: 'bench fit', onEvent: (event) => event.type === 'finished' && tell(event) });
  return resultsOf(readStudy(folder));
}

function tell({ run, seconds }: { readonly run: string; readonly seconds: number }): void {
  process.stderr.write(`${run}: ${seconds.toFixed(0)} s\n`);
}

/** The difference with its interval, which holds for this pair alone. */
function against(cell: KnowledgeCell, best: KnowledgeCell): string {
  const found = cell === best ? null : adapterContrast(cell, best);
  if (found === null) return '0';
  return `${found.difference.toFixed(3)} (${found.low.toFixed(3)} to ${found.high.toFixed(3)})`;
}

function tokensOf({ runs }: StudyResults): number {
  return runs.reduce((sum, { trainedTokens }) => sum + (trainedTokens ?? 0), 0);
}

function secondsOf({ runs }: StudyResults): number {
  return runs.filter(({ rank }) => rank > 0).reduce((sum, { seconds }) => sum + (seconds ?? 0), 0);
}
