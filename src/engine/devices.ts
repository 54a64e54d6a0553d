/** Which device to compute on: tried in a process of its own, chosen by what it measures, refused with what to do where there is none. */
import { fork } from 'node:child_process';
import { arch, platform } from 'node:os';
import { builtFile } from '../core/built-file.js';
import { UserError } from '../core/errors.js';
import type { Device } from '../core/settings.js';

/** What can be asked for: a device, or that lightmem choose. */
export const DEVICE_CHOICES = ['cpu', 'webgpu', 'cuda', 'auto'] as const;

/** One of them. */
export type DeviceChoice = (typeof DEVICE_CHOICES)[number];

/** A device, and in words why it was chosen. */
export interface ChosenDevice {
  readonly device: Device;
  readonly reason: string;
}

/** Side of the square matrices that a trial multiplies. */
export const PROBE_SIZE = 1024;

/** What a trial says: how long the multiplication took, or why it could not be done. */
export type ProbeReply = { readonly milliseconds: number } | { readonly error: string };

/** A trial longer than this is given up: no device worth using is so slow. */
const TRIAL_MS = 20_000;

/**
 * How much faster than the CPU a GPU must be for `auto`: less is lost again in moving data, and the CPU alone gives the same bits every
 * time.
 */
const WORTHWHILE = 2;

/** A device by name; throws UserError naming those there are. */
export function parseDevice(name: string): DeviceChoice {
  const found = DEVICE_CHOICES.find((choice) => choice === name);
  if (found !== undefined) return found;
  throw new UserError(`unknown device "${name}": use one of ${DEVICE_CHOICES.join(', ')}`);
}

/**
 * The device to compute on. A named one is tried first, except for the CPU, which is always there; `auto` takes the fastest, a GPU
 * only where it multiplies at least twice as fast as the CPU. Throws UserError where a named one cannot be used, with what to do.
 */
export async function chooseDevice(choice: DeviceChoice): Promise<ChosenDevice> {
  if (choice === 'cpu') return { device: 'cpu', reason: 'asked for' };
  if (choice === 'auto') return fastest();
  const reply = await tryDevice(choice);
  if ('milliseconds' in reply) return { device: choice, reason: 'asked for' };
  throw new UserError(
    `device "${choice}" cannot be used here: ${obstacle(choice, reply.error)}: ${REMEDY[choice]}, or use --device cpu`,
  );
}

const REMEDY = {
  webgpu: 'install the driver of your GPU (docs/devices.md)',
  cuda: 'install them as docs/devices.md says',
};

async function fastest(): Promise<ChosenDevice> {
  const tried = [];
  for (const device of ['cuda', 'webgpu'] as const) tried.push({ device, reply: await tryDevice(device) });
  const without = tried.flatMap(({ device, reply }) =>
    'error' in reply ? [`${device}: ${obstacle(device, reply.error)}`] : [],
  );
  const usable = tried
    .flatMap(({ device, reply }) => ('error' in reply ? [] : [{ device, milliseconds: reply.milliseconds }]))
    .sort((a, b) => a.milliseconds - b.milliseconds);
  const [best] = usable;
  if (best === undefined) return { device: 'cpu', reason: without.join('; ') };
  const cpu = await tryDevice('cpu');
  const ofCpu = 'error' in cpu ? Infinity : cpu.milliseconds;
  const times = `${PROBE_SIZE} × ${PROBE_SIZE} by itself takes ${best.device} ${rounded(best.milliseconds)} ms, the CPU ${rounded(ofCpu)} ms`;
  return { device: ofCpu >= WORTHWHILE * best.milliseconds ? best.device : 'cpu', reason: times };
}

const rounded = (milliseconds: number): string => milliseconds.toFixed(milliseconds < 10 ? 1 : 0);

/** What stands in the way of a device, in a few words. */
export function obstacle(device: Device, message: string): string {
  if (device === 'cuda' && `${platform()}-${arch()}` !== 'linux-x64') return 'CUDA runs on linux-x64 only';
  if (device === 'cuda' && /failed to load/i.test(message)) return 'the CUDA libraries are not installed';
  if (device === 'webgpu' && /adapter/i.test(message)) return 'no GPU with a driver for Vulkan, Metal or Direct3D 12';
  const first = message.split('\n').find((line) => line.trim() !== '') ?? '';
  return first.replace(/^\/\S+:\d+ /, '').slice(0, 200) || 'it failed without a word';
}

/** Tries a device in a process of its own, whose words on the terminal are swallowed. */
export function tryDevice(device: Device): Promise<ProbeReply> {
  return new Promise((resolve) => {
    const child = fork(builtFile('engine/probe-device.js'), [device], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const timer = setTimeout(() => {
      resolve({ error: `it took longer than ${TRIAL_MS / 1000} s` });
      child.kill('SIGKILL');
    }, TRIAL_MS);
    child.on('message', (reply) => resolve(reply as ProbeReply));
    child.on('error', (error) => resolve({ error: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ error: `the trial ended (${signal ?? `exit code ${code}`})` });
    });
  });
}
