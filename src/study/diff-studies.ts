/** Two studies' folders compared: settings, model, judge, and what came out. */
import { outcomeDiff, settingChanges, type OutcomeDiff, type SettingChange } from '../analysis/study-diff.js';
import type { Row } from '../core/records.js';
import { readRows } from './run-store.js';
import { readStudy, type StoredStudy } from './stored-study.js';

export interface StudyDiff extends OutcomeDiff {
  readonly a: string;
  readonly b: string;
  readonly settings: readonly SettingChange[];
  /** Rows of which judge are compared. */
  readonly judges: { readonly a: string; readonly b: string };
}

/** Compares two studies as their folders hold them; of each the rows of the judge that its verdict rests on. Throws UserError where one holds none. */
export function diffStudies(a: string, b: string): StudyDiff {
  const [own, other] = [readStudy(a), readStudy(b)];
  return {
    ...{ a, b, settings: settingChanges(settingsOf(own), settingsOf(other)) },
    judges: { a: own.record.judge, b: other.record.judge },
    ...outcomeDiff(rowsOf(own), rowsOf(other)),
  };
}

/** What was asked for, and what it met: where it lies and is shown aside. */
function settingsOf({ record: { config, model, tokenizer, template } }: StoredStudy) {
  const settings = Object.fromEntries(Object.entries(config).filter(([key]) => key !== 'out' && key !== 'track'));
  return { ...settings, identities: { model: model.identity, tokenizer, template } };
}

function rowsOf({ runs, record }: StoredStudy): Row[] {
  const rows = runs.flatMap(readRows);
  const own = rows.filter(({ judge }) => judge === record.judge);
  return own.length === 0 ? rows : own;
}
