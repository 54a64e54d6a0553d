import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../src/core/errors.js';
import { onPath, pythonCommand, workerScript } from '../../src/peft/python.js';
import { PythonProcess } from '../../src/peft/python-process.js';

const open: PythonProcess[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

/** A program that answers each line by a piece of JavaScript, in which `request` and `say` are known. */
function program(answer: string): PythonProcess {
  const script = `
    const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const request = JSON.parse(line);
      ${answer}
    });`;
  const started = new PythonProcess([process.execPath, '-e', script]);
  open.push(started);
  return started;
}

const number = z.number();

it('answers one request after the other, in order, whenever they come', async () => {
  const child = program('setTimeout(() => say({ done: request.n }), request.n === 1 ? 50 : 0)');
  await expect(child.ask({ do: 'x', n: 1 }, number)).resolves.toBe(1);
  await expect(child.ask({ do: 'x', n: 2 }, number)).resolves.toBe(2);
});

it('tells what is said on the way before the answer', async () => {
  const child = program('say({ told: 1 }); say({ told: 2 }); say({ done: 3 })');
  const told: unknown[] = [];
  await expect(child.ask({ do: 'x' }, number, (some) => told.push(some))).resolves.toBe(3);
  expect(told).toEqual([1, 2]);
});

it('passes over what libraries print, and keeps it for the message where the process ends', async () => {
  const child = program('console.log("a line of a library"); say({ done: 1 })');
  await expect(child.ask({ do: 'x' }, number)).resolves.toBe(1);
  const dying = program('console.error("CUDA error: the driver left"); process.exit(3)');
  await expect(dying.ask({ do: 'x' }, number)).rejects.toThrow(/exit code 3.*\n.*the driver left/s);
});

it('says what failed in its own words, and goes on', async () => {
  const child = program('say(request.n === 1 ? { failed: "out of memory: 3 GiB wanted" } : { done: 2 })');
  const failed = child.ask({ do: 'x', n: 1 }, number);
  await expect(failed).rejects.toThrow(UserError);
  await expect(failed).rejects.toThrow('Python: out of memory: 3 GiB wanted');
  await expect(child.ask({ do: 'x', n: 2 }, number)).resolves.toBe(2);
});

it('refuses an answer that is none', async () => {
  const child = program('say({ done: "many" })');
  await expect(child.ask({ do: 'count' }, number)).rejects.toThrow('Python answered "count" with "many"');
});

it('fails all that is asked of one that ended, or never began', async () => {
  const child = program('process.exit(0)');
  await expect(child.ask({ do: 'x' }, number)).rejects.toThrow('the Python process ended (exit code 0)');
  await expect(child.ask({ do: 'x' }, number)).rejects.toThrow('the Python process ended (exit code 0)');
  const none = new PythonProcess(['/nowhere/python']);
  await expect(none.ask({ do: 'x' }, number)).rejects.toThrow(/could not be started \(.*ENOENT/);
});

it('ends one that does not end by itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lightmem-'));
  const script = `require('node:fs').writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(process.pid)); process.stdin.resume(); setInterval(() => {}, 1000); console.log('{"done":1}')`;
  const child = new PythonProcess([process.execPath, '-e', script]);
  await child.ask({ do: 'x' }, number).catch(() => 0);
  while (!existsSync(join(folder, 'pid'))) await new Promise((resolve) => setTimeout(resolve, 20));
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await child.close();
  expect(() => process.kill(pid, 0)).toThrow();
}, 20_000);

describe('which Python', () => {
  it('takes the one that is named, then the variable, then uv', () => {
    expect(pythonCommand('/opt/python', { LIGHTMEM_PYTHON: '/usr/bin/python3', PATH: '' })[0]).toBe('/opt/python');
    expect(pythonCommand(undefined, { LIGHTMEM_PYTHON: '/usr/bin/python3', PATH: '' })[0]).toBe('/usr/bin/python3');
    const folder = mkdtempSync(join(tmpdir(), 'lightmem-'));
    expect(onPath('uv', { PATH: folder })).toBeUndefined();
    expect(() => pythonCommand(undefined, { PATH: folder })).toThrow(
      'engine peft needs a Python with PyTorch, Transformers and PEFT: install uv',
    );
  });

  it('runs a script that names the versions it was tried with', () => {
    const script = readFileSync(workerScript(), 'utf8');
    for (const name of ['torch', 'transformers', 'peft', 'accelerate', 'bitsandbytes'])
      expect(script).toMatch(new RegExp(`^#   "${name}==\\d+\\.\\d+\\.\\d+`, 'm'));
  });
});
