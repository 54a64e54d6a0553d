import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandExecutor, type CommandOptions } from '../../src/executors/command.js';
import { commandProblem, filledCommand, mappedPath, shellWord } from '../../src/executors/command-template.js';
import { executorSuite, FAR_WORKER, farRecords, isDone, started, triesOf, workshop } from './suite.js';

const NODE = shellWord(process.execPath);
const COMMAND = `${NODE} ${shellWord(FAR_WORKER)} {folder}`;
const QUICK: CommandOptions = { pollMs: 20, recordMs: { ended: 100, lost: 0 }, retryMs: 1, graceMs: 300 };

const executor = (
  changes: { command?: string; slots?: number; retries?: number; paths?: Record<string, string> } = {},
) => commandExecutor({ command: COMMAND, slots: 2, retries: 2, ...changes }, farRecords, QUICK);

executorSuite('command', executor);

describe('commands', () => {
  const shop = workshop(executor);

  it('are tried again when they are lost, as often as that was said', async () => {
    const [second, never] = [shop.job('second'), shop.job('exit')];
    const jobs = [second, never].map((folder) => shop.executor.submit({ folder }));
    expect(await jobs[0]?.outcome).toEqual({ status: 'done' });
    expect(await jobs[1]?.outcome).toMatchObject({ status: 'lost', cause: 'its process ended (exit code 3)' });
    expect([triesOf(second).length, triesOf(never).length]).toEqual([2, 3]);
  });

  it('are not tried again when the work itself failed, or was killed as for memory', async () => {
    const [fail, kill] = [shop.job('fail'), shop.job('kill')];
    const jobs = [fail, kill].map((folder) => shop.executor.submit({ folder }));
    expect(await jobs[0]?.outcome).toMatchObject({ status: 'failed', name: 'RangeError' });
    expect(await jobs[1]?.outcome).toMatchObject({ status: 'lost', outOfMemory: true });
    expect([triesOf(fail).length, triesOf(kill).length]).toEqual([1, 1]);
  });

  it('end with all that they started, even what is deaf, when a job is cancelled', async () => {
    const folder = shop.job('deaf');
    const job = await started(shop.executor, folder);
    job.cancel();
    expect(await job.outcome).toEqual({ status: 'cancelled' });
    expect(() => execFileSync('pgrep', ['-f', folder])).toThrow('Command failed');
  });

  it('wait for a process elsewhere that works on the folder, and take its word', async () => {
    const [done, gone] = [shop.job('succeed'), shop.job('succeed')];
    for (const folder of [done, gone]) writeFileSync(join(folder, 'held'), '');
    const jobs = [done, gone].map((folder) => shop.executor.submit({ folder }));
    await new Promise((resolve) => setTimeout(resolve, 50)); // both are met as held
    writeFileSync(join(done, 'done.json'), '{"by":"another"}');
    for (const folder of [done, gone]) rmSync(join(folder, 'held'));
    for (const { outcome } of jobs) expect(await outcome).toEqual({ status: 'done' });
    expect(() => triesOf(done)).toThrow('ENOENT');
    expect(triesOf(gone)).toHaveLength(1);
  });

  it('do not take an old record for their own', async () => {
    const folder = shop.job('exit');
    writeFileSync(join(folder, 'failed.json'), '{"name":"Error","message":"an old one"}');
    expect(await shop.executor.submit({ folder }).outcome).toMatchObject({ status: 'lost' });
  });
});

describe('a command for machines that see folders elsewhere', () => {
  const shop = workshop(executor);

  it('is given threads, memory and slot', async () => {
    const run = executor({ command: `${COMMAND} {threads} {memory} {slot}`, slots: 1 });
    const folder = shop.job('succeed');
    expect(await run.submit({ folder, threads: 3, memoryBytes: 2.5e9 }).outcome).toEqual({ status: 'done' });
    expect(triesOf(folder)).toEqual(['begun 3 2500 0']);
    await run.close();
  });

  it('is given their path', async () => {
    const folder = shop.job('succeed');
    const run = executor({
      command: `${NODE} ${shellWord(FAR_WORKER)} {folder}`,
      paths: { [dirname(folder)]: `${dirname(folder)}/.` },
    });
    expect(await run.submit({ folder }).outcome).toEqual({ status: 'done' });
    expect(isDone(folder)).toBe(true);
    await run.close();
    expect(mappedPath('/a/b/c', { '/a': '/x', '/a/b': '/y', '/a/bc': '/z' })).toBe('/y/c');
    expect(mappedPath('/ab/c', { '/a': '/x' })).toBe('/ab/c');
  });
});

describe('a command’s line', () => {
  const values = { folder: '/s/runs/a b', study: '/s', name: 'a b', threads: 2, memory: 10, slot: 0 };

  it('gives each value as one word, through two shells behind ssh', () => {
    expect(filledCommand('run {folder} {threads}', values)).toBe(`run '/s/runs/a b' 2`);
    const echo = (line: string): string => execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
    // What ssh does: its words, joined by blanks, are a line for a shell.
    const ssh = 'ssh() { shift; sh -c "$*"; }; ssh';
    expect(echo(filledCommand(`${ssh} host printf %s {folder:remote}`, values))).toBe('/s/runs/a b');
    expect(filledCommand('ssh host run {folder}', values)).toBe(filledCommand('ssh host run {folder:remote}', values));
  });

  it('cannot be broken out of by a value', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('\0')),
        (folder) => {
          const line = filledCommand('printf %s {folder}', { ...values, folder });
          return execFileSync('/bin/sh', ['-c', line], { encoding: 'utf8' }) === folder;
        },
      ),
      { numRuns: 40, examples: [["'; exit 1; '"], ['$(exit 1)'], ['`exit 1`\n'], ['']] },
    );
  });

  it('is refused where a place is unknown, within quotes, or missing', () => {
    expect(commandProblem('run {fodler}')).toContain('{fodler} is not known: use {folder}, {study}');
    expect(commandProblem('run {folder:far}')).toContain('use {folder}, or {folder:remote}');
    expect(commandProblem(`sh -c 'run {folder}'`)).toContain('stands within quotes');
    expect(commandProblem('run "it\\"s {folder}"')).toContain('stands within quotes');
    expect(commandProblem('run')).toContain('does not say which run');
    expect(commandProblem(`echo "it's" \${HOME} {a,b} {folder}`)).toBeUndefined();
  });
});
