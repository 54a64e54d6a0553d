/** What is found out about one side of a machine: in a word, in a sentence, as facts, and with the step that mends it. */
import type { Json } from '../core/json.js';

/** Sides of a machine that are looked at, in the order in which they are told. */
export const CHECKS = [
  'processor',
  'memory',
  'cpu',
  'webgpu',
  'nvidia',
  'cuda',
  'python',
  'uv',
  'keys',
  'endpoint',
  'hub',
  'hub-cache',
  'reply-cache',
  'folder',
  'training',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** Training on this machine, the default, needs these; all others are for more. */
export const NEEDED: readonly CheckName[] = ['memory', 'cpu', 'folder', 'training'];

/** `ok`: it can be used; `missing`: it cannot, and `mend` says what to do; `note`: it is not there, or is worth knowing, and nothing has to be done. */
export type Status = 'ok' | 'missing' | 'note';

/** What a check knows in numbers and names; null is unknown. */
export type Facts = Readonly<Record<string, Json>>;

export interface Finding<F extends Facts = Facts> {
  readonly check: CheckName;
  readonly status: Status;
  /** A sentence without a full stop. */
  readonly says: string;
  /** One line, a command where there is one; null where nothing has to be done. */
  readonly mend: string | null;
  /** Null where the check itself failed. */
  readonly facts: F | null;
}

/** That all is well. */
export function ok<F extends Facts>(check: CheckName, says: string, facts: F): Finding<F> {
  return { check, status: 'ok', says, mend: null, facts };
}

/** Something to know, with or without a step. */
export function note<F extends Facts>(
  check: CheckName,
  says: string,
  { facts, mend = null }: { facts: F; mend?: string | null },
): Finding<F> {
  return { check, status: 'note', says, mend, facts };
}

/** Something that cannot be used, with the step that mends it. */
export function missing<F extends Facts>(
  check: CheckName,
  says: string,
  { facts, mend }: { facts: F | null; mend: string | null },
): Finding<F> {
  return { check, status: 'missing', says, mend, facts };
}
