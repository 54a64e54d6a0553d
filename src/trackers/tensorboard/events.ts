/** A run as events: its settings, its steps, then what it came to. */
import { outcomeStep, type TrackedRun } from '../tracker.js';
import { encodeEvent, encodeHparams, type EventMessage, type HparamsMessage, type ValueMessage } from './schema.js';

/** TensorFlow's numbers of types. */
const [DT_FLOAT, DT_STRING] = [1, 7];
const [SUCCESS, FAILURE] = [1, 2];

/** What every file of events begins with. */
const FILE_VERSION = 'brain.Event:2';

/** The events of a run in their order, each encoded: what more of it is known adds to them at their end. */
export function* eventsOf(run: TrackedRun): Generator<Uint8Array> {
  const { begun, stepped, ended } = run.times;
  const begins = begun / 1000;
  yield encodeEvent({ wallTime: begins, fileVersion: FILE_VERSION });
  yield encodeEvent(eventAt(begins, 0, [startOf(run), textValue('lightmem/study', run.study.name)]));
  for (const { step, values } of run.steps)
    yield encodeEvent(eventAt((stepped ?? begun) / 1000, step, scalars(values)));
  if (run.version === null) return;
  const ends = (ended ?? begun) / 1000;
  const tags = Object.entries(run.tags).map(([tag, text]) => textValue(`lightmem/${tag}`, text));
  const end: HparamsMessage = { end: { status: run.status === 'failed' ? FAILURE : SUCCESS } };
  yield encodeEvent(eventAt(ends, outcomeStep(run), [...scalars(run.outcome), ...tags, hparamsValue('end', end)]));
  yield lastEvent(run.version, ends);
}

/** The event that a run which has ended ends with; its version is what its bytes end with. */
export function lastEvent(version: string, seconds: number): Uint8Array {
  return encodeEvent(eventAt(seconds, 0, [textValue('lightmem/version', version)]));
}

/** Whether two events say the same, whenever that was: their time is a number of eight bytes behind a byte that says so. */
export function saysTheSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a.subarray(9), b.subarray(9)) === 0;
}

function eventAt(wallTime: number, step: number, value: readonly ValueMessage[]): EventMessage {
  return { wallTime, step, summary: { value } };
}

function scalars(values: Readonly<Record<string, number>>): ValueMessage[] {
  return Object.entries(values).map(([tag, simpleValue]) => ({ tag, simpleValue }));
}

function textValue(tag: string, text: string): ValueMessage {
  return {
    tag,
    metadata: { pluginData: { pluginName: 'text' }, dataClass: 2 },
    tensor: { dtype: DT_STRING, shape: { dim: [] }, string: [Buffer.from(text)] },
  };
}

function startOf({ params, label }: TrackedRun): ValueMessage {
  const hparams = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, settingOf(value)]));
  return hparamsValue('start', { start: { hparams, groupName: label } });
}

function settingOf(value: string | number | boolean) {
  if (typeof value === 'number') return { number: value };
  return typeof value === 'boolean' ? { flag: value } : { text: value };
}

function hparamsValue(what: 'start' | 'end', content: HparamsMessage): ValueMessage {
  return {
    tag: `_hparams_/session_${what}_info`,
    metadata: { pluginData: { pluginName: 'hparams', content: encodeHparams(content) } },
    tensor: { dtype: DT_FLOAT, shape: { dim: [{ size: 0 }] } },
  };
}
