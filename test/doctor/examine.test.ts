import { describe, expect, it, vi } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { examinationOf, guarded, placesOf } from '../../src/doctor/examine.js';
import { missing, NEEDED, note, ok, type Finding } from '../../src/doctor/finding.js';

const good = (): Finding[] => NEEDED.map((check) => ok(check, 'good', {}));

describe('an examination', () => {
  it('says that training works where all that it needs is there, whatever else is missing', () => {
    const others = [missing('cuda', 'none', { facts: null, mend: null }), note('uv', 'none', { facts: {} })];
    expect(examinationOf([...others, ...good()]).works).toBe(true);
  });

  it.each(NEEDED)('says that training does not work without its %s', (check) => {
    const without = good().filter((finding) => finding.check !== check);
    expect(examinationOf(without).works).toBe(false);
    expect(examinationOf([...without, missing(check, 'none', { facts: null, mend: null })]).works).toBe(false);
  });

  it('tells its findings in one order, in whichever they came', () => {
    const findings = [note('uv', '', { facts: {} }), ...good(), ok('processor', '', {})];
    const order = examinationOf(findings).findings.map(({ check }) => check);
    expect(order).toEqual(['processor', 'memory', 'cpu', 'uv', 'folder', 'training']);
  });

  it('takes for training what is free here, and on the GPU with most room where CUDA computes', () => {
    const gpus = [{ freeBytes: 2e9 }, { freeBytes: 8e9 }];
    const found = (cuda: number | null, freeBytes: number): Finding[] => [
      ...[ok('memory', '', { freeBytes }), ok('cpu', '', { gigaflops: 100 }), ok('nvidia', '', { gpus })],
      ok('cuda', '', { gigaflops: cuda }),
    ];
    expect(placesOf(found(null, 32e9))).toEqual([
      { engine: 'lightmem', device: 'cpu', freeBytes: 32e9, gigaflops: 100 },
    ]);
    expect(placesOf(found(5000, 32e9))[1]).toEqual({
      ...{ engine: 'lightmem', device: 'cuda', freeBytes: 8e9, gigaflops: null },
    });
    expect(placesOf(found(5000, 4e9))[1]?.freeBytes).toBe(4e9);
    const python = ok('python', '', { gpus: [{ totalBytes: 9e9 }], bf16: true, packages: { bitsandbytes: null } });
    expect(placesOf([...found(null, 4e9), python])[1]).toEqual({
      ...{ engine: 'peft', device: 'cuda', freeBytes: 8e9, precision: 'bf16', quantises: false },
    });
    expect(placesOf([])).toEqual([{ engine: 'lightmem', device: 'cpu', freeBytes: 0, gigaflops: null }]);
  });

  it('goes on where a check throws, with what it threw', async () => {
    const thrown = (error: Error) => guarded('hub', () => Promise.reject(error));
    expect(await thrown(new UserError('invalid HF_ENDPOINT'))).toMatchObject({
      ...{ check: 'hub', status: 'missing', says: 'invalid HF_ENDPOINT', facts: null },
    });
    expect((await thrown(new TypeError('x is undefined'))).says).toBe('this could not be looked at: x is undefined');
  });

  it('shows no key, wherever one turns up', () => {
    vi.stubEnv('OPENAI_API_KEY', 'my-very-secret');
    vi.stubEnv('HF_TOKEN', 'hf_tokentoken');
    const leaky = missing('endpoint', 'refused my-very-secret', {
      facts: { address: 'http://x/my-very-secret', models: ['hf_tokentoken', { deep: ['Bearer abcdefgh'] }] },
      mend: 'curl http://x/my-very-secret',
    });
    const said = JSON.stringify(examinationOf([leaky]));
    vi.unstubAllEnvs();
    expect(said).not.toMatch(/my-very-secret|hf_tokentoken|abcdefgh/);
    expect(said).toContain('refused [key]');
  });
});
