// Compares two studies run by two engines: the largest relative difference of a loss, and rows that differ. node compare.mjs A B
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const lines = (path) => readFileSync(path, 'utf8').trim().split('\n');

/** Losses of each training by what it learns from, whichever engine took the steps. */
function losses(study) {
  const folder = join(study, 'trainings');
  return new Map(
    readdirSync(folder).map((name) => {
      const { identity } = JSON.parse(readFileSync(join(folder, name, 'spec.json'), 'utf8'));
      const { peft: _, engine: __, ...shared } = identity;
      return [JSON.stringify(shared), lines(join(folder, name, 'metrics.jsonl')).map((line) => JSON.parse(line).loss)];
    }),
  );
}

const rows = (study) => lines(join(study, 'rows.csv')).map((line) => line.slice(line.indexOf(',')));

const [a, b] = process.argv.slice(2);
const [first, second] = [losses(a), losses(b)];
for (const [key, own] of first) {
  const { settings } = JSON.parse(key);
  const other = second.get(key) ?? [];
  const largest = Math.max(...own.map((loss, i) => Math.abs(loss - (other[i] ?? NaN)) / loss));
  console.log(
    `rank ${settings.lora.rank}, ${own.length} steps: losses differ by ${(100 * largest).toFixed(4)} % at most`,
  );
}
const [ours, theirs] = [rows(a), rows(b)];
console.log(`${ours.filter((row, i) => row !== theirs[i]).length} of ${ours.length - 1} rows differ`);
