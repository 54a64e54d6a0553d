/** What making samples of texts came to, in words: for plans and for people who look at a run. */
import { distinctBy } from '../core/collections.js';
import type { FormSet } from './form-sets.js';
import type { FormsRecord, PlannedRun } from './run-spec.js';

/** The sets that runs train on, each once, in the runs' order. */
export function setsOfRuns(runs: readonly PlannedRun[]): FormSet[] {
  return distinctBy(
    runs.flatMap(({ set }) => set ?? []),
    (set) => set,
  );
}

/** A set in one line. */
export function formSetText(set: FormSet): string {
  const { dataset, level, mix, trained, taught, isOfOthers, report, writer } = set;
  const whose = isOfOthers ? `${trained} other documents` : `${trained} items`;
  const asked = report.facts > 0 && taught.length < trained ? ` (questions on ${taught.length})` : '';
  return `${dataset}, ${level} as ${mix.name}, ${whose}${asked}: ${formsText({ writer, ...report })}`;
}

/** A set as a record, without its samples. */
export function formSetRecord({ mix, taught, report, ...set }: FormSet) {
  const { dataset, level, exposures, trained, isOfOthers, writer } = set;
  return {
    ...{ dataset, level, form: mix.name, exposures, trained, taught: taught.length, isOfOthers, writer },
    ...report,
  };
}

/** E.g. `60 samples (raw 12, study 48) of 8 facts by rules; dropped 3: 2 asked in the exam, 1 given away`. */
export function formsText({ writer, made, dropped, unread, failed, facts, without }: FormsRecord): string {
  const counts = Object.entries(made).filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const each = counts.map(([form, count]) => `${form} ${count}`).join(', ');
  const reasons = Object.entries(dropped).filter(([, count]) => count > 0);
  const gone = reasons.reduce((sum, [, count]) => sum + count, 0);
  return [
    `${total} samples (${each})${facts === 0 ? '' : ` of ${facts} facts`} by ${writer}`,
    ...(gone === 0 ? [] : [`dropped ${gone}: ${reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')}`]),
    ...(unread === 0 ? [] : [`${unread} lines that were no question`]),
    ...(failed === 0 ? [] : [`${failed} requests gave nothing to use`]),
    ...(without.length === 0 ? [] : [`no question could be made of ${listed(without)}`]),
  ].join('; ');
}

/** Names that are said. */
const NAMED = 5;

function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  return names.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
