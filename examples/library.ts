// lightmem as a library: compress a data set, train an adapter on it, ask it, judge it, and write a report.
//   npx tsc examples/library.ts --module nodenext --strict --outDir out && node out/library.js notes.jsonl
import { writeFileSync } from 'node:fs';
import { analyse, ask, audit, bundledModelPath, judge, load, loadModel, localModel, report, train } from 'lightmem';
import type { Judge, Row } from 'lightmem';

const [file = 'notes.jsonl', folder = 'lightmem-library'] = process.argv.slice(2);

/** A judge of your own: right is whatever begins like the reference. */
const beginsAlike: Judge = {
  name: 'begins-alike',
  identity: { rule: 'first word', version: 1 },
  judge: ({ reference, answer }) => {
    const first = (text: string): string => text.trim().split(/\s+/)[0]?.toLowerCase() ?? '';
    const isRight = first(answer) === first(reference);
    return Promise.resolve({ status: 'scored', score: isRight ? 5 : 1, correct: isRight, reason: 'first word' });
  },
};

const { items } = await load(file, { dataset: 'notes' });
const model = loadModel(bundledModelPath());
const audited = await audit(items, { tokenizer: model.tokenizer });
const trained = await train(items, {
  model,
  folder,
  level: 'none',
  rank: 4,
  settings: { epochs: 8, learningRate: 0.01 },
});
const rows: Row[] = [];
for (const adapter of [null, `${folder}/adapter`]) {
  const records = await ask(items, localModel(model, { adapter }), { level: 'none', maxNewTokens: 16 });
  const rank = adapter === null ? 0 : 4;
  rows.push(
    ...(await judge(records, beginsAlike, {
      place: { run: adapter ?? 'base', dataset: 'notes', rank, items: items.length },
    })),
  );
}
const { recommendation } = analyse(rows);
console.log(`${audited.items} items, loss ${trained.firstLoss.toFixed(2)} to ${trained.lastLoss.toFixed(2)}`);
console.log(
  `${rows.filter(({ correct }) => correct).length} of ${rows.length} answers right; ${recommendation.sentences.join(' ')}`,
);
const versions = { node: process.version };
const about = { title: 'Notes', created: new Date().toISOString(), command: 'node library.js', model: model.name };
const data = { ...about, settings: {}, identities: {}, versions, environment: {}, rows, runs: [], audits: [audited] };
writeFileSync(`${folder}/report.html`, report(data));
