/** A study that comes with lightmem, with other settings, in a process of its own: a grid with all that `study run` does, or its runs alone, one after another. */
import { readFileSync } from 'node:fs';
import { carryOutFolder } from '../../src/study/carry-out.js';
import type { Change } from '../../src/study/config-file.js';
import { runPath } from '../../src/study/layout.js';
import { planStudy, type StudyPlan } from '../../src/study/plan.js';
import { presetStudy } from '../../src/study/presets.js';
import { writeReport } from '../../src/study/report.js';
import { runStudy, type StudyEvent } from '../../src/study/runner.js';
import { readStudy } from '../../src/study/stored-study.js';
import { StudyFolder } from '../../src/study/study-folder.js';

/** What it prints where it is a grid. */
export interface StudySide {
  /** Seconds between the runs' ends, by name, in their order; the first's are counted from when all was planned. */
  readonly runs: readonly { readonly run: string; readonly seconds: number }[];
  /** Of this process: plan, audit, report. */
  readonly processorSeconds: number;
}

export interface StudyWorkload {
  /** The study's name. */
  readonly preset: string;
  readonly changes: readonly Change[];
  readonly folder: string;
  /** By the study's executor, with audit and report; else what its runs need and no more. */
  readonly isGrid: boolean;
}

const { preset, changes, folder, isGrid } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as StudyWorkload;
const command = `bench ${preset}`;
const plan = await planStudy(presetStudy(preset, changes), { folder });
await (isGrid ? wholeStudy(plan) : runsAlone(plan));

async function wholeStudy(planned: StudyPlan): Promise<void> {
  const runs: { run: string; seconds: number }[] = [];
  let last = performance.now();
  const onEvent = (event: StudyEvent): void => {
    if (event.type !== 'planned' && event.type !== 'finished') return;
    const now = performance.now();
    if (event.type === 'finished') runs.push({ run: event.run, seconds: (now - last) / 1000 });
    last = now;
  };
  await runStudy(planned, { folder, command, onEvent });
  writeReport(readStudy(folder));
  const { user, system } = process.cpuUsage();
  const side: StudySide = { runs, processorSeconds: (user + system) / 1e6 };
  process.stdout.write(JSON.stringify(side));
}

async function runsAlone(planned: StudyPlan): Promise<void> {
  const opened = await StudyFolder.open(folder, planned, command);
  for (const { spec } of planned.runs) await carryOutFolder(runPath(folder, spec), { threads: 1 });
  opened.close();
}
