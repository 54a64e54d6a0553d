import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { askProgram, type Answer, type Ask } from '../../src/doctor/program.js';
import { pinnedPackages } from '../../src/doctor/interpreter.js';
import { pythonFinding } from '../../src/doctor/python.js';
import { uvFinding } from '../../src/doctor/uv.js';
import { scratchFolder } from '../study/support/studies.js';

const scratch = scratchFolder();
let programs = 0;

/** A program that is this script of a shell; its path. */
function program(script: string): string {
  const path = join(scratch, `program ${programs++}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** An interpreter that prints these lines, then ends with a code. */
const python = (code: number, ...lines: readonly object[]): string =>
  program(`${lines.map((line) => `echo '${JSON.stringify(line)}'`).join('\n')}\necho oops >&2\nexit ${code}`);

const told = (versions: Readonly<Record<string, string>>) => ({
  version: '3.12.1',
  executable: '/opt/python',
  versions,
});
const ALL = pinnedPackages();
const named = (path: string, gpus = 0) => pythonFinding({ gpus, environment: { LIGHTMEM_PYTHON: path } });

describe('Python', { timeout: 60_000 }, () => {
  it('that is there is asked for what it has', async () => {
    const answer = await askProgram('python3', ['--version'], 10_000);
    const { status, facts } = await pythonFinding({ gpus: 0, environment: {} });
    if (answer.kind === 'absent') expect(status).toBe('note');
    else expect(facts?.version).toMatch(/^3\./);
  });

  it('takes no module of the working folder for an installed one', async () => {
    const folder = join(scratch, 'shadow');
    mkdirSync(folder);
    writeFileSync(join(folder, 'json.py'), 'raise SystemExit("shadowed")');
    const ask: Ask = (command, args, ms) =>
      askProgram('sh', ['-c', `cd '${folder}' && exec "$0" "$@"`, command, ...args], ms);
    if ((await askProgram('python3', ['--version'], 10_000)).kind === 'absent') return;
    const { facts } = await pythonFinding({ gpus: 0, environment: {}, ask });
    expect(facts?.version).toMatch(/^3\./);
  });

  it('with all packages is good, whether torch sees a GPU or not', async () => {
    const gpu = { name: 'NVIDIA H100', bytes: 85e9 };
    const finding = await named(python(0, told(ALL), { gpus: [gpu] }), 1);
    expect(finding).toMatchObject({
      status: 'ok',
      facts: { version: '3.12.1', gpus: [{ name: 'NVIDIA H100', totalBytes: 85e9 }], packages: ALL },
    });
    expect(finding.says).toContain('torch sees NVIDIA H100 (85.0 GB)');
    expect(await named(python(0, told(ALL), { gpus: [] }))).toMatchObject({ status: 'ok' });
  });

  it('without peft says how to install it: a note, and missing where an NVIDIA GPU waits', async () => {
    const path = python(0, told({ torch: '2.11.0', transformers: '5.23.0' }), { gpus: [] });
    const finding = await named(path);
    expect(finding).toMatchObject({ status: 'note', facts: { packages: { peft: null, torch: '2.11.0' } } });
    expect(finding.says).toContain('without peft, which');
    expect(finding.mend).toMatch(/^\/opt\/python -m pip install peft==\S+ accelerate==\S+ bitsandbytes==\S+$/);
    expect(await named(path, 1)).toMatchObject({ status: 'missing' });
  });

  it('that the system keeps packages out of gets them in an environment beside it', async () => {
    const finding = await named(python(0, { ...told({}), managed: true }));
    expect(finding.mend).toMatch(
      /^\/opt\/python -m venv \.venv && .*peft==.* && export LIGHTMEM_PYTHON="\$PWD\/\.venv\/bin\/python"$/,
    );
  });

  it('whose torch sees none of the GPUs, or cannot be loaded, is missing', async () => {
    expect((await named(python(0, told(ALL), { gpus: [] }), 2)).says).toContain('torch sees none of the 2 NVIDIA GPUs');
    const broken = await named(python(1, told(ALL)));
    expect(broken).toMatchObject({
      status: 'missing',
      says: expect.stringContaining('torch cannot be loaded: oops') as string,
    });
  });

  it('named by LIGHTMEM_PYTHON alone is asked, even where it is not there or does not work', async () => {
    expect(await named(join(scratch, 'none'))).toMatchObject({
      ...{ status: 'missing', mend: expect.stringMatching(/^unset LIGHTMEM_PYTHON/) as string },
    });
    expect(await named(python(1))).toMatchObject({
      status: 'missing',
      says: expect.stringContaining('oops') as string,
    });
  });

  it('is the next on the path where the first does not work', async () => {
    const ask: Ask = (command): Promise<Answer> =>
      Promise.resolve(
        command === 'python3'
          ? { kind: 'ended', code: 127, out: '', err: 'pyenv: python3: command not found' }
          : { kind: 'ended', code: 0, out: JSON.stringify(told({})), err: '' },
      );
    expect((await pythonFinding({ gpus: 0, environment: {}, ask })).facts).toMatchObject({
      command: 'python',
      version: '3.12.1',
    });
  });

  it('on the path with all packages trains nothing before it is named', async () => {
    const out = [told(ALL), { gpus: [] }].map((line) => JSON.stringify(line)).join('\n');
    const ask: Ask = () => Promise.resolve({ kind: 'ended', code: 0, out, err: '' });
    expect(await pythonFinding({ gpus: 0, environment: {}, ask })).toMatchObject({
      ...{ status: 'note', mend: 'export LIGHTMEM_PYTHON=/opt/python', facts: { from: 'path' } },
    });
  });

  it('of uv’s is asked without the network, by the worker’s own script', async () => {
    const folder = join(scratch, 'with uv');
    mkdirSync(folder);
    writeFileSync(join(folder, 'uv'), '');
    const environment = { PATH: folder };
    const asked: unknown[] = [];
    const answering =
      (answer: Answer): Ask =>
      (...words) => {
        asked.push(words);
        return Promise.resolve(answer);
      };
    const done = { gpus: [{ name: 'NVIDIA H100', bytes: 85e9 }], versions: ALL, bf16: true };
    const there = answering({ kind: 'ended', code: 0, out: JSON.stringify({ done }), err: '' });
    expect(await pythonFinding({ gpus: 1, environment, ask: there })).toMatchObject({
      ...{ status: 'ok', facts: { from: 'uv', bf16: true, packages: { torch: ALL['torch'] } } },
    });
    const words = ['run', '--offline', '--quiet', '--script', expect.stringMatching(/worker\.py$/) as string];
    expect(asked).toEqual([[join(folder, 'uv'), words, expect.any(Number), '{"do":"describe"}\n']]);
    const none = answering({ kind: 'ended', code: 1, out: '', err: 'not in the cache' });
    const finding = await pythonFinding({ gpus: 0, environment, ask: none });
    expect(finding).toMatchObject({ status: 'note', says: expect.stringMatching(/^uv fetches torch 2\./) as string });
    expect(finding.mend).toMatch(/ run --quiet --script .*worker\.py < \/dev\/null/);
  });

  it('that is nowhere is a note', async () => {
    const ask: Ask = () => Promise.resolve({ kind: 'absent' });
    expect(await pythonFinding({ gpus: 0, environment: {}, ask })).toMatchObject({
      status: 'note',
      facts: { version: null },
    });
  });
});

describe('uv', () => {
  const through = (path: string) => uvFinding((_, args, ms) => askProgram(path, args, ms));

  it('is told with its version', async () => {
    expect(await through(program('echo "uv 0.9.5 (abc 2025-10-01)"'))).toMatchObject({ status: 'ok', says: '0.9.5' });
  });

  it('that is broken is missing, in its own words; that is not there is a note', async () => {
    const broken = await through(program('echo "GLIBC_2.34 not found" >&2; exit 1'));
    expect(broken).toMatchObject({ status: 'missing', says: 'uv does not work: GLIBC_2.34 not found' });
    expect(broken.mend).toContain('install');
    expect(await through(join(scratch, 'none'))).toMatchObject({ status: 'note' });
  });
});

describe('a program that is asked', () => {
  it('reads what it is given', async () => {
    expect(await askProgram('cat', [], 5_000, 'words')).toMatchObject({ kind: 'ended', out: 'words' });
  });

  it('and hangs is ended with what it started, and what it said is kept', async () => {
    const path = program('echo first; sleep 600 & echo $!; wait');
    const answer = await askProgram(path, [], 1_000);
    expect(answer).toMatchObject({ kind: 'late', out: expect.stringMatching(/^first\n\d+\n$/) as string });
    const child = answer.kind === 'late' ? Number(answer.out.split('\n')[1]) : NaN;
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('by a name that stands in a folder which may not be read is not there', async () => {
    const folder = join(scratch, 'unreadable');
    mkdirSync(folder);
    writeFileSync(join(folder, 'no-such-tool'), '');
    const path = process.env['PATH'] ?? '';
    vi.stubEnv('PATH', `${folder}${delimiter}${path}`);
    const answer = await askProgram('no-such-tool', [], 1_000);
    vi.unstubAllEnvs();
    expect(answer).toEqual({ kind: 'absent' });
  });

  it('and cannot be started says so', async () => {
    const path = join(scratch, 'plain file');
    writeFileSync(path, 'text');
    expect(await askProgram(path, [], 1_000)).toMatchObject({ kind: 'ended', code: null });
  });
});

/** Whether a process lives; one that only waits to be noticed by its parent does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
