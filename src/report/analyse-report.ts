/** From a report's data to the analysis that page and terminal show. */
import { analyse, type Analysis } from '../analysis/analyse.js';
import type { ReportData } from './data.js';

/** The analysis that the report shows. */
export function analyseReport(data: ReportData): Analysis {
  const levels = data.audits.flatMap(({ dataset, levels }) =>
    levels.map(({ level, words, description }) => ({ dataset, level, words, description })),
  );
  const { judge, language, reading = {} } = data;
  return analyse(data.rows, data.runs, {
    ...{ levels, ...reading },
    ...(judge !== undefined && { judge }),
    ...(language !== undefined && { language }),
  });
}
