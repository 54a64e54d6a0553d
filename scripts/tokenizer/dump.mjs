// Text of the synthetic world for the tokenizer to be trained on: node scripts/tokenizer/dump.mjs > world.txt (after npm run build).
import { LEVELS } from '../../dist/core/levels.js';
import { generateWorld } from '../../dist/data/world/generate.js';

const levels = [...LEVELS];
for (const [kind, items] of [
  ['articles', 6000],
  ['dialogues', 2500],
]) {
  for (const item of generateWorld({ seed: 1, partition: 'pretraining', kind, items, levels })) {
    for (const level of ['original', 'summ_l2', 'summ_l4', 'ext'])
      if (item.texts[level]) process.stdout.write(item.texts[level].text + '\n');
    for (const { prompt, answers } of item.questions)
      process.stdout.write(`Text: user\n${prompt}\nassistant\n${answers[0]}\n`);
  }
}
