/** How often the analysis names a difference: where there is none, and where there is one. Prints a Markdown table; `npm run bench error-rates [simulations]`. */
import { claimsOf, type Claims } from './support/claims.js';
import { knownStudy } from './support/null-study.js';

interface Condition {
  readonly name: string;
  readonly items: number;
  readonly noise: number;
  readonly seeds: number;
  readonly twoWay?: boolean;
  /** Lost from the fourth level on, in score. */
  readonly loss?: number;
  readonly datasets?: number;
}

const SIZES = [40, 150, 500];
const NULLS: Condition[] = SIZES.flatMap((items) =>
  [1, 3].flatMap((seeds) =>
    [0, 0.02, 0.05].flatMap((noise) =>
      [false, true].map((twoWay) => ({ name: 'nothing differs', items, seeds, noise, twoWay })),
    ),
  ),
);
const POWER: Condition[] = [
  { name: '0.35 lost', items: 150, seeds: 1, noise: 0.02, loss: 0.35 },
  { name: '0.35 lost', items: 150, seeds: 3, noise: 0.02, loss: 0.35 },
  { name: '0.2 lost', items: 40, seeds: 1, noise: 0, loss: 0.2 },
  { name: '0.2 lost', items: 40, seeds: 3, noise: 0, loss: 0.2 },
];
const MANY: Condition[] = [{ name: '20 data sets, nothing differs', items: 40, seeds: 1, noise: 0.02, datasets: 20 }];

const simulations = Number(process.argv[2] ?? 1000);
const only = process.argv[3];
process.stdout.write(
  '| truth | answers | items | noise | seeds | n | any claim | levels | ranks | base |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n',
);
for (const condition of [...POWER, ...MANY, ...NULLS].filter(
  ({ items }) => only === undefined || Number(only) === items,
))
  process.stdout.write(`${line(condition)}\n`);

function line(condition: Condition): string {
  const n = condition.datasets === undefined ? simulations : Math.ceil(simulations / 10);
  const found = Array.from({ length: n }, (_, generator) => simulate(condition, generator));
  const share = (kind: keyof Claims): string => withInterval(found.filter((claims) => claims[kind]).length, n);
  const { name, items, noise, seeds, twoWay } = condition;
  const answers = twoWay === true ? 'right or wrong' : '1 to 5';
  return `| ${[name, answers, items, noise, seeds, n, share('any'), share('levels'), share('ranks'), share('base')].join(' | ')} |`;
}

function simulate({ loss = 0, datasets = 1, ...given }: Condition, generator: number): Claims {
  const losses = loss === 0 ? [] : [0, 0, 0, loss, loss, loss, loss];
  const rows = Array.from({ length: datasets }, (_, i) =>
    knownStudy({
      ...given,
      losses,
      generator: 1000 + generator,
      dataset: `made-${i}`,
      ...(datasets > 1 && { questions: 4 }),
    }),
  );
  return claimsOf(rows.flat());
}

/** A share with its 95 % Wilson interval, in per cent. */
function withInterval(found: number, n: number): string {
  const [p, z] = [found / n, 1.96];
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  const percent = (share: number): string => (100 * Math.max(0, share)).toFixed(1);
  return `${percent(p)} (${percent(middle - reach)} to ${percent(middle + reach)})`;
}
