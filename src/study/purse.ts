/** What a study spends on a judge's model: a journal over all runs and processes, from which the limits are counted. */
import { join } from 'node:path';
import { judgeLabel, type JudgeChoice, type Spent } from '../evaluate/judges/open-judge.js';
import { needsModel } from '../evaluate/judges/registry.js';
import { makeFolder } from '../files/flush.js';
import { lockFolder, type LockOptions } from '../files/folder-lock.js';
import { SpendJournal } from '../llm/spend/spend-journal.js';
import type { SentRequest } from '../llm/spend/spend.js';
import { STUDY_FILES } from './layout.js';

/** A judge's money: what was spent on it before, and where the next request is noted. */
export interface Purse {
  readonly spent: Spent;
  readonly note: (sent: SentRequest) => void;
  readonly close: () => void;
}

/** The journal of what a study spent on a judge. */
export function judgeJournal(study: string, choice: JudgeChoice): SpendJournal {
  return new SpendJournal(join(study, STUDY_FILES.judging, 'spend.jsonl'), judgeLabel(choice));
}

/**
 * Opens what may be spent on a judge. Where it has a limit, one run at a time judges by it, so that no two processes spend the same
 * money; the others wait.
 */
export async function openPurse(study: string, choice: JudgeChoice, options: LockOptions): Promise<Purse> {
  if (!needsModel(choice.name)) return { spent: NOTHING, note: () => undefined, close: () => undefined };
  const folder = join(study, STUDY_FILES.judging);
  makeFolder(folder);
  const isLimited = choice.maxCost !== undefined || choice.maxTokens !== undefined;
  const lock = isLimited ? await lockFolder(folder, { ...options, patienceMs: Infinity }) : undefined;
  const journal = judgeJournal(study, choice);
  const model = choice.model ?? '';
  return {
    spent: journal.totals(),
    note: (sent) => journal.append({ date: new Date().toISOString(), model, ...sent }),
    close: () => lock?.release(),
  };
}

const NOTHING: Spent = { promptTokens: 0, completionTokens: 0, cost: 0 };
