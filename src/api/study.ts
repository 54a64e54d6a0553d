/** The verb `study`: a grid planned, carried out, analysed and reported. */
import type { StudyInput } from '../study/config.js';
import { readStudyFile, studyConfig } from '../study/config-file.js';
import { planStudy } from '../study/plan.js';
import { writeReport, type WrittenReport } from '../study/report.js';
import { runStudy, type StudyOptions, type StudySummary } from '../study/runner.js';
import { readStudy } from '../study/study-folder.js';

export interface StudyOutcome extends StudySummary {
  /** The study's folder. */
  readonly folder: string;
  readonly report: WrittenReport;
}

/** Carries out a study, given as settings or as the path of a study file, from wherever its folder stands, and writes its report. */
export async function study(settings: StudyInput | string, options: Partial<StudyOptions> = {}): Promise<StudyOutcome> {
  const config = typeof settings === 'string' ? readStudyFile(settings) : studyConfig(settings);
  const folder = options.folder ?? config.out;
  const command = options.command ?? 'study() of the library';
  const summary = await runStudy(await planStudy(config), { ...options, folder, command });
  return { ...summary, folder, report: writeReport(readStudy(folder)) };
}
