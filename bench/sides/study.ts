/** The orthogonal study with other settings in a process of its own: a grid with all that `study run` does, or its runs alone, one after another. */
import { readFileSync } from 'node:fs';
import { carryOutFolder } from '../../src/study/carry-out.js';
import type { Change } from '../../src/study/config-file.js';
import { runPath } from '../../src/study/layout.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { presetStudy } from '../../src/study/presets.js';
import { writeReport } from '../../src/study/report.js';
import { runStudy } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { StudyFolder } from '../../src/study/study-folder.js';

export interface StudyWorkload {
  readonly changes: readonly Change[];
  readonly folder: string;
  /** By the study's executor, with audit and report; else what its runs need and no more. */
  readonly isGrid: boolean;
}

const { changes, folder, isGrid } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as StudyWorkload;
const plan = await planStudy(presetStudy('orthogonal', changes), { folder });
await (isGrid ? wholeStudy(plan) : runsAlone(plan));

async function wholeStudy(planned: StudyPlan): Promise<void> {
  await runStudy(planned, { folder, command: 'bench grid' });
  writeReport(readStudy(folder));
}

async function runsAlone(planned: StudyPlan): Promise<void> {
  const opened = await StudyFolder.open(folder, planned, 'bench grid');
  for (const { spec } of planned.runs) await carryOutFolder(runPath(folder, spec), { threads: 1 });
  opened.close();
}
