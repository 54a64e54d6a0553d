/** `lightmem doctor` as a user runs it: built, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Examination } from '../../src/doctor/examine.js';
import { CHECKS } from '../../src/doctor/finding.js';
import { scratchFolder } from '../study/support/studies.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const scratch = scratchFolder();

/** A folder with programs that are these scripts of a shell, to be found first on the path. */
function programs(scripts: Readonly<Record<string, string>>): string {
  const folder = join(scratch, `bin ${Object.keys(scripts).join(' ')}`);
  mkdirSync(folder);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return `${folder}${delimiter}${process.env['PATH'] ?? ''}`;
}

function doctor(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawnSync(process.execPath, [MAIN, 'doctor', ...words], {
    ...{ cwd: scratch, encoding: 'utf8', env: { ...process.env, ...env } },
  });
}

const found = (stdout: string, name: string) =>
  (JSON.parse(stdout) as Examination).findings.find(({ check }) => check === name);

describe('lightmem doctor', { timeout: 120_000 }, () => {
  it('finds that training works here, says it in plain text, and never a key', () => {
    const { status, stdout, stderr } = doctor([], { OPENAI_API_KEY: 'sk-not-to-be-shown', HF_TOKEN: 'hf_nor_this' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^ok +cpu +ONNX Runtime computes, \d+/m);
    expect(stdout).toMatch(/set are OPENAI_API_KEY, HF_TOKEN/);
    expect(stdout).toMatch(/\nTraining on this machine works\.\n$/);
    expect(stdout).not.toMatch(/not-to-be-shown|hf_nor_this|\u001b/);
  });

  it('tells machines all findings in one document, with two GPUs, a broken uv and a Python without peft', () => {
    const told = {
      version: '3.12.1',
      executable: '/opt/python',
      versions: { torch: '2.13.0', transformers: '5.23.0' },
    };
    const path = programs({
      'nvidia-smi': "printf 'NVIDIA A, 1000, 900, 550.1, 8.0\\nNVIDIA B, 2000, 1900, 550.1, 9.0\\n'",
      uv: 'echo broken >&2; exit 1',
      'named-python': `echo '${JSON.stringify(told)}'; echo '{"gpus": []}'`,
    });
    const { status, stdout } = doctor(['--json', '--endpoint', 'http://127.0.0.1:9/v1'], {
      PATH: path,
      LIGHTMEM_PYTHON: 'named-python',
    });
    expect(status).toBe(0);
    const { version, works, findings } = JSON.parse(stdout) as Examination;
    expect({ version, works, checks: findings.map(({ check }) => check) }).toEqual({
      ...{ version: 1, works: true, checks: CHECKS },
    });
    expect(found(stdout, 'nvidia')?.facts).toMatchObject({ gpus: [{ name: 'NVIDIA A' }, { name: 'NVIDIA B' }] });
    expect(found(stdout, 'uv')).toMatchObject({ status: 'missing', says: 'uv does not work: broken' });
    expect(found(stdout, 'python')).toMatchObject({ status: 'missing', facts: { packages: { peft: null } } });
    expect(found(stdout, 'endpoint')).toMatchObject({ status: 'missing', facts: { answers: false } });
  });

  it('ends with 1 where the folder cannot be written, and says what to do', () => {
    writeFileSync(join(scratch, 'file'), '');
    const { status, stdout } = doctor(['--folder', 'file']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^missing +folder +\S.*file: .*\n(.*\n)* +cd "\$HOME" # or another folder/m);
    expect(stdout).toMatch(/Training on this machine does not work: mend folder\.\n$/);
  });

  it('refuses addresses that are none in their own findings, and tells the rest', () => {
    const { status, stdout } = doctor(['--json', '--endpoint', 'localhost'], { HF_ENDPOINT: 'nonsense' });
    expect(status).toBe(0);
    expect(found(stdout, 'endpoint')?.says).toContain('invalid endpoint "localhost"');
    expect(found(stdout, 'hub')).toMatchObject({ status: 'missing', mend: 'unset HF_ENDPOINT' });
    expect(found(stdout, 'hub-cache')?.facts).toHaveProperty('folder');
  });
});
