import { existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../../src/trackers/tensorboard/crc32c.js';
import { framed, records } from '../../src/trackers/tensorboard/records.js';
import { tensorboard } from '../../src/trackers/tensorboard/tensorboard.js';
import type { TrackedRun } from '../../src/trackers/tracker.js';
import { scratchFolder } from '../study/support/studies.js';
import { madeUpRun } from './support/runs.js';

const scratch = scratchFolder();
const signal = new AbortController().signal;
let folders = 0;
const folder = (): string => join(scratch, `tb ${folders++}`);
const fileIn = (at: string): string => join(at, 'tests', 'a-r2-123', 'events.out.tfevents.0.lightmem');
const publish = (at: string, run: TrackedRun): Promise<void> => tensorboard(at).publish(run, signal);
/** What a file says, times aside. */
const said = (at: string): string[] => {
  const file = readFileSync(fileIn(at));
  const all = [...records(file)];
  expect(all.at(-1)?.end).toBe(file.length);
  return all.map(({ record }) => record.subarray(9).toString('hex'));
};
const whole = async (run: TrackedRun): Promise<string[]> => {
  const at = folder();
  await publish(at, run);
  return said(at);
};

it('checksums are those of RFC 3720', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
});

it('records are read up to the first that is cut short or damaged', () => {
  const file = Buffer.concat(['one', 'two', ''].map((text) => framed(Buffer.from(text))));
  const texts = (bytes: Buffer) => [...records(bytes)].map(({ record }) => record.toString());
  expect(texts(file)).toEqual(['one', 'two', '']);
  for (let bytes = 0; bytes < file.length; bytes++)
    expect(texts(file.subarray(0, bytes))).toEqual(['one', 'two', ''].slice(0, Math.floor(bytes / 19)));
  const damaged = Buffer.from(file);
  damaged[19 + 12] = 0;
  expect(texts(damaged)).toEqual(['one']);
});

describe('a file of events', () => {
  it('is added to while a run goes on, and says what one says that is written at once', async () => {
    const at = folder();
    await publish(at, madeUpRun(4, { status: 'running' }));
    const before = readFileSync(fileIn(at));
    const { ino } = statSync(fileIn(at));
    await publish(at, madeUpRun(9, { status: 'running' }));
    await publish(at, madeUpRun(9));
    expect(readFileSync(fileIn(at)).subarray(0, before.length)).toEqual(before);
    expect(statSync(fileIn(at)).ino).toBe(ino); // who reads it has it open
    expect(said(at)).toEqual(await whole(madeUpRun(9)));
  });

  it('is left as it is where it says all, whenever that was written', async () => {
    const at = folder();
    await publish(at, madeUpRun(5));
    const before = readFileSync(fileIn(at));
    await publish(at, madeUpRun(5, { times: { begun: 1, stepped: 2, ended: 3 } }));
    expect(readFileSync(fileIn(at))).toEqual(before);
  });

  it('is whole again after a kill or a full disk at any byte', async () => {
    const at = folder();
    await publish(at, madeUpRun(3));
    const file = readFileSync(fileIn(at));
    const expected = said(at);
    for (let bytes = 0; bytes < file.length; bytes += 7) {
      truncateSync(fileIn(at), bytes);
      await publish(at, madeUpRun(3));
      expect(said(at)).toEqual(expected);
    }
  });

  it('waits for a run that was set back to its checkpoint, and is written anew where that goes another way', async () => {
    const at = folder();
    await publish(at, madeUpRun(8, { status: 'running' }));
    const before = readFileSync(fileIn(at));
    await publish(at, madeUpRun(5, { status: 'running' }));
    expect(readFileSync(fileIn(at))).toEqual(before);
    const other = madeUpRun(9, { status: 'running' });
    const steps = other.steps.map((each) => (each.step === 7 ? { ...each, values: { 'train/loss': 9 } } : each));
    await publish(at, { ...other, steps });
    expect(said(at)).toEqual(await whole({ ...other, steps }));
  });

  it('says of a run that failed and then went on nothing of the failure', async () => {
    const at = folder();
    await publish(at, madeUpRun(4, { status: 'failed', version: 'a'.repeat(16) }));
    await publish(at, madeUpRun(6, { status: 'running' }));
    expect(said(at)).toEqual(await whole(madeUpRun(6, { status: 'running' })));
  });

  it('tells the version of a run that was told whole, and none of one that was not', async () => {
    const at = folder();
    const { study, version } = madeUpRun(1);
    const versions = async () => Object.fromEntries(await tensorboard(at).versions(study, ['a-r2-123', 'b'], signal));
    expect(await versions()).toEqual({});
    await publish(at, madeUpRun(2, { status: 'running' }));
    expect(await versions()).toEqual({});
    await publish(at, madeUpRun(2));
    expect(await versions()).toEqual({ 'a-r2-123': version });
    truncateSync(fileIn(at), statSync(fileIn(at)).size - 1);
    expect(await versions()).toEqual({});
  });

  it('lies in the folder whatever a study is called', async () => {
    const at = folder();
    await publish(at, madeUpRun(1, { study: { name: '../../over: there', mark: '0' } }));
    expect(existsSync(join(at, '-..-over-there', 'a-r2-123'))).toBe(true);
  });

  it('that cannot be written is said to be in words', async () => {
    const at = folder();
    mkdirSync(at);
    writeFileSync(join(at, 'tests'), 'a file in its place');
    await expect(publish(at, madeUpRun(1))).rejects.toThrow(/could not write .*: a part of the path is a file/);
  });
});
