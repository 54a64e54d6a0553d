import { describe, expect, it } from 'vitest';
import { Progress, type ProgressStream } from '../../src/cli/progress.js';

interface Recorder extends ProgressStream {
  readonly written: string[];
}

function recorder(isTTY: boolean, columns = 80): Recorder {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text) => written.push(text) };
}

/** A progress whose time is told by the test, in seconds. */
function made(stream: ProgressStream, options: { total?: number; unit?: string; silent?: boolean } = {}) {
  let seconds = 0;
  const progress = new Progress({ label: 'training', total: 100, stream, now: () => seconds * 1000, ...options });
  return { progress, at: (time: number) => void (seconds = time) };
}

describe('progress on a terminal', () => {
  it('is one line that tells amount, rate and time left', () => {
    const stream = recorder(true);
    const { progress, at } = made(stream, { unit: 'items' });
    at(2);
    progress.update(25, 'loss 0.41');
    expect(stream.written).toEqual(['\r\u001b[2Ktraining: 25 of 100 items, 13 items/s, 6 s left, loss 0.41']);
  });

  it('moves at most ten times a second', () => {
    const stream = recorder(true);
    const { progress, at } = made(stream);
    for (let step = 0; step < 100; step++) {
      at(step / 100);
      progress.update(step);
    }
    expect(stream.written.length).toBeGreaterThan(5);
    expect(stream.written.length).toBeLessThanOrEqual(11);
  });

  it('is never wider than the terminal, and clears its line before others write', () => {
    const stream = recorder(true, 30);
    const { progress, at } = made(stream);
    at(1);
    progress.update(1, 'x'.repeat(100));
    progress.print('a line that stays');
    progress.end();
    expect(stream.written[0]?.replace('\r\u001b[2K', '')).toHaveLength(29);
    expect(stream.written.slice(1)).toEqual(['\r\u001b[2K', 'a line that stays\n', '\r\u001b[2K']);
  });

  it('shows nothing of what a model wrote that could move the cursor', () => {
    const stream = recorder(true);
    const { progress, at } = made(stream);
    at(1);
    progress.update(1, 'a\u001b[2Jb\u202ec\u0007');
    expect(stream.written[0]).toMatch(/abc$/);
  });

  it('does not count as speed what was done before', () => {
    const stream = recorder(true);
    const { progress, at } = made(stream, { unit: 'items' });
    progress.skip(50);
    at(10);
    progress.update(60);
    expect(stream.written[0]).toContain('60 of 100 items, 1.0 items/s, 40 s left');
  });
});

describe('progress elsewhere', () => {
  it('is a plain line every few seconds', () => {
    const stream = recorder(false);
    const { progress, at } = made(stream);
    for (let second = 0; second <= 20; second++) {
      at(second);
      progress.update(second * 5);
    }
    progress.end();
    expect(stream.written).toEqual([
      'training: 5 %, 19 s left\n',
      'training: 30 %, 14 s left\n',
      'training: 55 %, 9 s left\n',
      'training: 80 %, 4 s left\n',
    ]);
  });

  it('is silent where JSON is asked for', () => {
    const stream = recorder(true);
    const { progress, at } = made(stream, { silent: true });
    at(5);
    progress.update(50);
    progress.print('something');
    progress.end();
    expect(stream.written).toEqual([]);
  });
});
