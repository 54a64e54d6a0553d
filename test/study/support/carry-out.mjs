// Carries out a study of a JSON file in this one process, run after run: what kill tests start again and again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
const [config, out] = process.argv.slice(2);
const dist = (path) => import(new URL(join('../../../dist', path), import.meta.url).href);
const { studyConfig } = await dist('study/config-file.js');
const { planStudy } = await dist('study/plan.js');
const { runFolder } = await dist('study/run.js');
const { removeLeftovers } = await dist('files/scratch.js');
const { lockFolder } = await dist('files/folder-lock.js');
const { StudyFolder } = await dist('study/study-folder.js');
const { runPath } = await dist('study/layout.js');
const plan = await planStudy(studyConfig({ ...JSON.parse(readFileSync(config, 'utf8')), out }));
const folder = await StudyFolder.open(out, plan, 'test');
await folder.audit();
for (const run of plan.runs) {
  if (folder.read(run).status === 'done') continue;
  const path = runPath(folder.path, run.spec);
  const lock = await lockFolder(path);
  removeLeftovers(path);
  await runFolder(path);
  lock.release();
}
folder.close();
