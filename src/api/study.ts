/** The verb `study`: a grid planned, carried out, analysed and reported. */
import type { StudyInput } from '../study/config.js';
import { readStudyFile, studyConfig } from '../study/config-file.js';
import { planStudy, type PlanOptions } from '../study/plan.js';
import { writeReport, type WrittenReport } from '../study/report.js';
import { runStudy, type StudyOptions, type StudySummary } from '../study/runner.js';
import { readStudy } from '../study/stored-study.js';

export interface StudyOutcome extends StudySummary {
  /** The study's folder. */
  readonly folder: string;
  readonly report: WrittenReport;
}

export interface StudyChoices extends Partial<StudyOptions> {
  /** Whether to spend what the texts of the study file come to; default: large spends are refused. */
  readonly agree?: PlanOptions['agree'];
}

/** Carries out a study, given as settings or as the path of a study file, from wherever its folder stands, and writes its report. */
export async function study(settings: StudyInput | string, options: StudyChoices = {}): Promise<StudyOutcome> {
  const config = typeof settings === 'string' ? readStudyFile(settings) : studyConfig(settings);
  const folder = options.folder ?? config.out;
  const command = options.command ?? 'study() of the library';
  const { agree, signal } = options;
  const plan = await planStudy(config, { folder, ...(agree && { agree }), ...(signal && { signal }) });
  const summary = await runStudy(plan, { ...options, folder, command });
  return { ...summary, folder, report: writeReport(readStudy(folder)) };
}
