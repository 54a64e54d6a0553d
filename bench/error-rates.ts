/** How often the analysis names a difference: where there is none, and where there is one. Prints a Markdown table; `npm run bench error-rates [simulations] [part] [first line]`. */
import { claimsOf, type Claims } from './support/claims.js';
import { knownCells, type TruthOptions } from './support/null-study.js';

interface Condition extends Omit<TruthOptions, 'generator' | 'dataset' | 'losses'> {
  /** Lost from the fourth level on, in score. */
  readonly loss?: number;
  readonly datasets?: number;
}

const bothScales = (conditions: readonly Condition[]): Condition[] =>
  conditions.flatMap((condition) => [condition, { ...condition, twoWay: true }]);
const noises = (condition: Omit<Condition, 'noise'>): Condition[] =>
  [0, 0.02, 0.05].map((noise) => ({ ...condition, noise }));
const nulls = (items: number, seeds: readonly number[], questions = 10): Condition[] =>
  bothScales(seeds.flatMap((each) => noises({ items, questions, seeds: each })));

/** The whole table by parts, so that several processes can share it. */
const PARTS: Readonly<Record<string, readonly Condition[]>> = {
  power: [
    { items: 150, questions: 10, seeds: 1, noise: 0.02, loss: 0.35 },
    { items: 150, questions: 10, seeds: 1, noise: 0.05, loss: 0.35 },
    { items: 40, questions: 10, seeds: 1, noise: 0, loss: 0.2 },
    { items: 40, questions: 10, seeds: 3, noise: 0, loss: 0.2 },
    { items: 40, questions: 10, seeds: 1, noise: 0.02, loss: 0.2 },
    { items: 40, questions: 10, seeds: 3, noise: 0.02, loss: 0.2 },
    { items: 150, questions: 10, seeds: 1, noise: 0.02, loss: 0.1 },
    { items: 150, questions: 10, seeds: 3, noise: 0.02, loss: 0.1 },
  ],
  '40': nulls(40, [1, 2, 3, 4, 5]),
  '150': nulls(150, [1, 2, 3, 4, 5]),
  '500': nulls(500, [1, 2, 3, 5], 4),
  shapes: (['loose', 'tight', 'ragged', 'ceiling', 'outliers'] as const).flatMap((shape) =>
    bothScales([
      { items: 40, questions: 10, seeds: 1, noise: 0.05, shape },
      { items: 40, questions: 10, seeds: 3, noise: 0, shape },
      { items: 150, questions: 10, seeds: 2, noise: 0.02, shape },
    ]),
  ),
  sets: bothScales([
    { items: 40, questions: 4, seeds: 1, noise: 0, datasets: 20 },
    { items: 100, questions: 4, seeds: 1, noise: 0.02, datasets: 20 },
    { items: 100, questions: 4, seeds: 3, noise: 0.02, datasets: 20 },
  ]),
};

const simulations = Number(process.argv[2] ?? 1000);
const part = process.argv[3];
const first = Number(process.argv[4] ?? 1);
const parts = Object.entries(PARTS).filter(([name]) => part === undefined || name === part);
if (parts.length === 0) throw new Error(`no part "${part ?? ''}": use one of ${Object.keys(PARTS).join(', ')}`);
process.stdout.write(
  '| truth | answers | items × questions | noise | seeds | n | any claim | levels | ranks | base |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
);
for (const [, conditions] of parts)
  for (const condition of conditions.slice(first - 1)) process.stdout.write(`${line(condition, simulations)}\n`);

function line(condition: Condition, n: number): string {
  const found = Array.from({ length: n }, (_, generator) => simulate(condition, generator));
  const share = (kind: keyof Claims): string => withInterval(found.filter((claims) => claims[kind]).length, n);
  const { items, questions = 10, noise, seeds, twoWay = false, shape = 'usual', loss = 0, datasets = 1 } = condition;
  const truth = `${datasets > 1 ? `${datasets} data sets, ` : ''}${loss > 0 ? `${loss} lost` : 'nothing differs'}`;
  const answers = `${twoWay ? 'right or wrong' : '1 to 5'}${shape === 'usual' ? '' : `, ${shape}`}`;
  const shares = (['any', 'levels', 'ranks', 'base'] as const).map(share);
  return `| ${[truth, answers, `${items} × ${questions}`, noise, seeds, n, ...shares].join(' | ')} |`;
}

function simulate({ loss = 0, datasets = 1, ...given }: Condition, generator: number): Claims {
  const losses = [0, 0, 0, loss, loss, loss, loss];
  const cells = Array.from({ length: datasets }, (_, i) =>
    knownCells({ ...given, losses, generator: 1_000_000 + generator, dataset: `made-${i}` }),
  );
  return claimsOf(cells.flat(), given.twoWay === true ? 'accuracy' : 'score', datasets > 1 ? 20_000 : 4000);
}

/** A share with its 95 % Wilson interval, in per cent. */
function withInterval(found: number, n: number): string {
  const [p, z] = [found / n, 1.96];
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  const percent = (share: number): string => (100 * Math.max(0, share)).toFixed(1);
  return `${percent(p)} (${percent(middle - reach)} to ${percent(middle + reach)})`;
}
