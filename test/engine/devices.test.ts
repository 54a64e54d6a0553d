import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { chooseDevice, obstacle, parseDevice, tryDevice } from '../../src/engine/devices.js';

describe('a device', { timeout: 120_000 }, () => {
  it('is one of four names', () => {
    expect(['cpu', 'webgpu', 'cuda', 'auto'].map(parseDevice)).toEqual(['cpu', 'webgpu', 'cuda', 'auto']);
    expect(() => parseDevice('gpu')).toThrow('unknown device "gpu": use one of cpu, webgpu, cuda, auto');
  });

  it('is tried by a multiplication in a process of its own; the CPU can do it', async () => {
    expect(await tryDevice('cpu')).toEqual({ milliseconds: expect.any(Number) as number });
  });

  it.each(['webgpu', 'cuda'] as const)(
    '%s is used where its trial succeeds, else refused with what to do',
    async (device) => {
      const reply = await tryDevice(device);
      if ('milliseconds' in reply) {
        expect(await chooseDevice(device)).toEqual({ device, reason: 'asked for' });
        return;
      }
      console.info(`${device}: ${obstacle(device, reply.error)}`);
      const refused = chooseDevice(device);
      await expect(refused).rejects.toThrow(UserError);
      await expect(refused).rejects.toThrow(
        /^device "\w+" cannot be used here: .*docs\/devices\.md.*, or use --device cpu$/,
      );
    },
  );

  it('chosen by itself is one that works, with the reason in a line', async () => {
    const { device, reason } = await chooseDevice('auto');
    expect(await tryDevice(device)).toHaveProperty('milliseconds');
    expect(reason).toMatch(device === 'cpu' ? /cuda: .*; webgpu: |takes/ : /takes .* ms, the CPU .* ms/);
    expect(reason).not.toContain('\n');
  });

  it('says in a few words what stands in its way', () => {
    const adapter = '/onnxruntime_src/webgpu_context.cc:136 Failed to get a WebGPU adapter: No supported adapters\n';
    expect(obstacle('webgpu', adapter)).toBe('no GPU with a driver for Vulkan, Metal or Direct3D 12');
    expect(obstacle('webgpu', '/a/b.cc:12 the device was lost\nmore')).toBe('the device was lost');
    expect(obstacle('cpu', '')).toBe('it failed without a word');
  });
});
