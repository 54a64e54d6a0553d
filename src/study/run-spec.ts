/** A run as plain data: its identity, and where things lie and how the work is done, none of which changes the result. */
import type { Item } from '../core/records.js';
import type { JudgeChoice } from '../evaluate/judges/open-judge.js';
import type { FormsReport } from '../forms/make-forms.js';
import type { TrainPlace } from '../core/settings.js';
import type { ServerSettings } from '../serving/settings.js';
import type { FormSet } from './form-sets.js';
import { IDENTITY_VERSION, identityHash, runName, type RunIdentity } from './identity.js';

/** Who is questioned, and where to find it. */
export type ModelPlace =
  | { readonly kind: 'local'; readonly path: string }
  /** A model behind an OpenAI-compatible address; `tokenizer` is the folder or file of the one that counts its texts' tokens. */
  | {
      readonly kind: 'served';
      readonly name: string;
      readonly endpoint: string | null;
      readonly tokenizer: string | null;
      readonly endpointName?: string;
      readonly cache?: boolean;
    };

/** What making samples of texts came to, and who wrote questions and rewrites. */
export interface FormsRecord extends FormsReport {
  readonly writer: string;
}

export interface RunPlace extends TrainPlace {
  readonly model: ModelPlace;
  /** Items as JSON lines, relative to the run's folder. */
  readonly data: string;
  readonly trained: readonly string[];
  readonly asked: readonly string[];
  /** Samples made of texts as JSON lines, relative to the run's folder, where those are trained on. */
  readonly samples?: string;
  /** General text that the adapter's cost is measured on, relative to the run's folder, where it is measured. */
  readonly general?: string;
  /** Items of which questions are trained, where texts are. */
  readonly taught?: readonly string[];
  /** Who wrote the samples, and what came of it, for people. */
  readonly forms?: FormsRecord;
  /** Interpreter that PyTorch runs in, where the study file names one. */
  readonly python?: string;
  /** The server that answers, where one does. */
  readonly server?: ServerSettings;
  readonly judges: readonly JudgeChoice[];
}

/** One cell of the grid. */
export interface RunSpec {
  readonly version: number;
  /** SHA-256 of `identity`. */
  readonly id: string;
  readonly identity: RunIdentity;
  readonly place: RunPlace;
}

/** A run with the items it trains on and asks about. */
export interface PlannedRun {
  readonly spec: RunSpec;
  readonly trained: readonly Item[];
  readonly asked: readonly Item[];
  /** What it trains on in place of the items' questions. */
  readonly set?: FormSet;
  /** Text that its adapter's cost is measured on. */
  readonly general?: GeneralText;
}

/** A text that nothing is trained on. */
export interface GeneralText {
  readonly text: string;
  /** SHA-256 of it. */
  readonly hash: string;
}

export function runSpec(identity: RunIdentity, place: RunPlace): RunSpec {
  return { version: IDENTITY_VERSION, id: identityHash(identity), identity, place };
}

/** Bytes of a run's name in its folder's: file systems take 255 in all, and letters take up to four each. */
const MOST_NAME_BYTES = 200;

function headOf(text: string, bytes: number): string {
  let head = text;
  while (Buffer.byteLength(head) > bytes) head = [...head].slice(0, -1).join('');
  return head;
}

/** Name of the run's folder: readable, and unique by its identity. */
export function runFolderName(spec: Pick<RunSpec, 'id' | 'identity'>): string {
  return `${headOf(runName(spec.identity), MOST_NAME_BYTES)}-${spec.id.slice(0, 12)}`;
}
