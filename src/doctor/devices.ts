/** What computes: the processor, and GPUs as lightmem's engine and as NVIDIA's own tool see them. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import type { Device } from '../core/settings.js';
import { obstacle, PROBE_SIZE, tryDevice, type ProbeReply } from '../engine/devices.js';
import { missing, note, ok, type Finding } from './finding.js';
import { askProgram, failureOf, type Ask } from './program.js';

/** How a device is tried. */
export type TryDevice = (device: Device) => Promise<ProbeReply>;

export type DeviceFacts = {
  /** Of the product that was measured, data carried there and back; null where the device cannot be used. */
  readonly gigaflops: number | null;
};

/** Operations of the product that a trial measures. */
const OPERATIONS = 2 * PROBE_SIZE ** 3;
/** Trials of the processor: the best of them counts, since other programs can only slow one down. */
const TRIALS = 3;

const gigaflopsOf = (milliseconds: number): number => Number((OPERATIONS / milliseconds / 1e6).toPrecision(3));
const speedText = (gigaflops: number): string =>
  gigaflops < 1000 ? `${gigaflops} GFLOP/s` : `${Number((gigaflops / 1000).toPrecision(3))} TFLOP/s`;
const product = `a product of ${PROBE_SIZE} × ${PROBE_SIZE} numbers`;

/** Whether ONNX Runtime computes on the processor, and how fast. */
export async function cpuFinding(trial: TryDevice = tryDevice): Promise<Finding<DeviceFacts>> {
  const replies: ProbeReply[] = [];
  for (let i = 0; i < TRIALS; i++) replies.push(await trial('cpu'));
  const times = replies.flatMap((reply) => ('milliseconds' in reply ? reply.milliseconds : []));
  if (times.length > 0) {
    const gigaflops = gigaflopsOf(Math.min(...times));
    return ok('cpu', `ONNX Runtime computes, ${speedText(gigaflops)} (${product})`, { gigaflops });
  }
  const reason = replies.map((reply) => ('error' in reply ? obstacle('cpu', reply.error) : ''))[0] ?? '';
  const mend = 'npm install lightmem   # in the folder that holds node_modules; Node 20.19 or newer, 64 bits';
  return missing('cpu', `ONNX Runtime does not compute: ${reason}`, { facts: { gigaflops: null }, mend });
}

export interface GpuReaders {
  readonly platform: string;
  readonly trial: TryDevice;
  /** Whether the system shows a GPU, with or without a driver that serves Vulkan; null where it cannot be told. */
  readonly hasHardware: () => boolean | null;
}

/** This machine's. */
export const GPU_READERS: GpuReaders = { platform: platform(), trial: tryDevice, hasHardware: seesHardware };

/** Linux shows GPUs as files, and through them Windows' own. */
function seesHardware(): boolean | null {
  if (platform() !== 'linux') return null;
  const renders = existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
  return renders || existsSync('/dev/nvidia0') || existsSync('/dev/dxg');
}

const DRIVERS: Readonly<Record<string, string>> = {
  linux: 'sudo apt-get install libvulkan1 mesa-vulkan-drivers   # or the Vulkan driver of the GPU’s maker',
  win32: 'install the driver of the GPU’s maker (Direct3D 12)',
  darwin: 'use macOS on Apple silicon: others have no WebGPU here',
};

/** Whether WebGPU computes. */
export async function webgpuFinding(readers: GpuReaders = GPU_READERS): Promise<Finding<DeviceFacts>> {
  const reply = await readers.trial('webgpu');
  if ('milliseconds' in reply) {
    const gigaflops = gigaflopsOf(reply.milliseconds);
    return ok('webgpu', `a GPU computes, ${speedText(gigaflops)} with data carried there and back`, { gigaflops });
  }
  const facts = { gigaflops: null };
  if (readers.hasHardware() === false) return note('webgpu', 'no GPU in this machine', { facts });
  return missing('webgpu', obstacle('webgpu', reply.error), { facts, mend: DRIVERS[readers.platform] ?? null });
}

/** A GPU as nvidia-smi tells of it. */
export type NvidiaGpu = {
  readonly name: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly driver: string;
  /** CUDA's compute capability, e.g. `9.0`; null where the driver does not tell. */
  readonly capability: string | null;
};

export type NvidiaFacts = { readonly gpus: readonly NvidiaGpu[] };

const FIELDS = 'name,memory.total,memory.free,driver_version,compute_cap';
const SMI_MS = 10_000;

/** The NVIDIA GPUs of this machine. */
export async function nvidiaFinding(ask: Ask = askProgram): Promise<Finding<NvidiaFacts>> {
  const answer = await ask('nvidia-smi', [`--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits'], SMI_MS);
  if (answer.kind === 'absent') return note('nvidia', 'no NVIDIA GPU, or no driver for it', { facts: { gpus: [] } });
  const gpus = answer.kind === 'ended' && answer.code === 0 ? answer.out.split('\n').flatMap(gpuOf) : [];
  if (gpus.length > 0) return ok('nvidia', gpus.map(gpuText).join('; '), { gpus });
  const reason = failureOf(answer, SMI_MS);
  const mend = 'nvidia-smi   # says what is wrong; in a container: docker run --gpus all …';
  return missing('nvidia', `nvidia-smi finds no GPU: ${reason}`, { facts: { gpus }, mend });
}

/** A line of its table: mebibytes without their unit. */
function gpuOf(line: string): NvidiaGpu[] {
  const [name = '', total, free, driver = '', capability = ''] = line.split(',').map((cell) => cell.trim());
  const [totalBytes, freeBytes] = [total, free].map((cell) => Number(cell) * 2 ** 20);
  if (name === '' || !Number.isFinite(totalBytes) || !Number.isFinite(freeBytes)) return [];
  const told = /^\d+\.\d+$/.test(capability) ? capability : null;
  return [{ name, totalBytes: totalBytes ?? 0, freeBytes: freeBytes ?? 0, driver, capability: told }];
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
const gpuText = ({ name, totalBytes, freeBytes, driver }: NvidiaGpu): string =>
  `${name}, ${gigabytes(freeBytes)} GB free of ${gigabytes(totalBytes)} GB, driver ${driver}`;

export interface CudaReaders {
  /** Platform and architecture, e.g. `linux-x64`. */
  readonly system: string;
  readonly trial: TryDevice;
  /** Whether ONNX Runtime's own CUDA libraries lie beside it. */
  readonly hasLibraries: () => boolean;
}

/** This machine's. */
export const CUDA_READERS: CudaReaders = {
  system: `${platform()}-${arch()}`,
  trial: tryDevice,
  hasLibraries: () => existsSync(join(runtimeFolder(), 'libonnxruntime_providers_cuda.so')),
};

function runtimeFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', platform(), arch());
}

const FETCH = 'ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js';
const FIND =
  'export LD_LIBRARY_PATH=/usr/local/cuda-12/lib64:$LD_LIBRARY_PATH   # folders of CUDA 12 and of cuDNN 9, as docs/devices.md says';

/** Whether CUDA computes in lightmem's own engine; `gpus` are those that nvidia-smi tells of. */
export async function cudaFinding(gpus: number, readers: CudaReaders = CUDA_READERS): Promise<Finding<DeviceFacts>> {
  const facts = { gigaflops: null };
  if (readers.system !== 'linux-x64') return note('cuda', 'runs on linux-x64 only', { facts });
  const reply = await readers.trial('cuda');
  if ('milliseconds' in reply) {
    const gigaflops = gigaflopsOf(reply.milliseconds);
    return ok('cuda', `a GPU computes, ${speedText(gigaflops)} with data carried there and back`, { gigaflops });
  }
  const reason = obstacle('cuda', reply.error);
  if (gpus === 0) return note('cuda', 'no NVIDIA GPU to compute on', { facts });
  return readers.hasLibraries()
    ? missing('cuda', `ONNX Runtime does not find CUDA 12 or cuDNN 9 (${reason})`, { facts, mend: FIND })
    : missing('cuda', 'ONNX Runtime’s CUDA libraries are not installed', { facts, mend: FETCH });
}
