/** All checks of a machine, each by itself: what one of them throws is its own finding, and no key is in any. */
import { resolve } from 'node:path';
import { messageOf, UserError } from '../core/errors.js';
import { isObject, type Json } from '../core/json.js';
import { packageInfo } from '../core/package-info.js';
import { KEY_VARIABLES, redactor } from '../core/redact.js';
import { cacheFolder } from '../llm/spend/reply-cache.js';
import { hubSettings, type HubSettings } from '../models/hub/hub-cache.js';
import { cpuFinding, cudaFinding, nvidiaFinding, webgpuFinding } from './devices.js';
import { endpointFinding, keysFinding } from './endpoints.js';
import { CHECKS, missing, NEEDED, note, type CheckName, type Facts, type Finding } from './finding.js';
import { folderFinding, tryFolder, type FolderQuestion } from './folder.js';
import { askHub, hubFinding } from './hub.js';
import { leastMemory, trainingFinding, type Place } from './largest-models.js';
import { memoryFinding } from './memory.js';
import { processorFinding } from './processor.js';
import { pythonFinding } from './python.js';
import { uvFinding } from './uv.js';

/** What was found out about a machine; the form of `lightmem doctor --json`, described in docs/doctor.md. */
export interface Examination {
  /** Of this form: raised where a field goes or changes its meaning. */
  readonly version: 1;
  readonly lightmem: string;
  readonly node: string;
  /** Whether training on this machine works. */
  readonly works: boolean;
  readonly findings: readonly Finding[];
}

export interface ExamineOptions {
  /** Folder that studies are kept in. */
  readonly folder: string;
  /** Address of an endpoint to ask. */
  readonly endpoint?: string | undefined;
  /** Whether the hub is asked. */
  readonly online?: boolean | undefined;
  /** Hears of each finding but the last as soon as it is there. */
  readonly onFinding?: (finding: Finding) => void;
}

/** Examines this machine; never throws. The product is measured first, while nothing else runs. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const told = (found: readonly Finding[]): readonly Finding[] => {
    for (const finding of found) options.onFinding?.(finding);
    return found;
  };
  const cpu = told([await guarded('cpu', () => cpuFinding())]);
  const looked = others(options).map(async (looking) => told(await looking));
  const findings = [cpu, ...(await Promise.all(looked))].flat();
  return examinationOf([...findings, await guarded('training', () => trainingFinding(...placesOf(findings)))]);
}

/**
 * Where can be trained by what was found: the processor, and GPUs. Of a GPU that CUDA computes on, lightmem's own engine sends the
 * weights at each step, so that this machine's memory must hold them too, and a product alone does not tell how fast that is.
 */
export function placesOf(findings: readonly Finding[]): [Place, ...Place[]] {
  const factsOf = (name: CheckName): Facts => findings.find(({ check }) => check === name)?.facts ?? {};
  const most = (facts: Facts, bytes: string): number =>
    (Array.isArray(facts['gpus']) ? facts['gpus'].filter(isObject) : []).reduce(
      (largest, gpu) => Math.max(largest, numberIn(gpu, bytes) ?? 0),
      0,
    );
  const freeBytes = numberIn(factsOf('memory'), 'freeBytes') ?? 0;
  const processor: Place = {
    ...{ engine: 'lightmem', device: 'cpu', freeBytes, gigaflops: numberIn(factsOf('cpu'), 'gigaflops') },
  };
  const free = most(factsOf('nvidia'), 'freeBytes');
  const hasCuda = numberIn(factsOf('cuda'), 'gigaflops') !== null;
  const own: Place = { engine: 'lightmem', device: 'cuda', freeBytes: Math.min(freeBytes, free), gigaflops: null };
  const python = factsOf('python');
  const seen = most(python, 'totalBytes');
  const packages = python['packages'];
  const byPeft: Place = {
    ...{ engine: 'peft', device: 'cuda', precision: python['bf16'] === true ? 'bf16' : 'f32' },
    freeBytes: free > 0 ? Math.min(free, seen) : seen,
    quantises: isObject(packages) && typeof packages['bitsandbytes'] === 'string',
  };
  return [processor, ...(hasCuda ? [own] : []), ...(seen > 0 ? [byPeft] : [])];
}

/** Findings in their order, and whether those that training needs are good. */
export function examinationOf(findings: readonly Finding[]): Examination {
  const clean = findings.map(cleaned(redactor(secrets())));
  return {
    ...{ version: 1, lightmem: packageInfo().version, node: process.versions.node },
    works: NEEDED.every((name) => clean.some(({ check, status }) => check === name && status !== 'missing')),
    findings: clean.sort((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check)),
  };
}

function numberIn(facts: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = facts[name];
  return typeof value === 'number' ? value : null;
}

/** All but the product and what follows from it, side by side. */
function others({ folder, endpoint, online = false }: ExamineOptions): Promise<readonly Finding[]>[] {
  const one = async (check: CheckName, look: () => Finding | Promise<Finding>) => [await guarded(check, look)];
  return [
    one('processor', () => processorFinding()),
    one('memory', () => memoryFinding(leastMemory())),
    one('webgpu', () => webgpuFinding()),
    nvidiaFindings(),
    one('uv', () => uvFinding()),
    one('keys', () => keysFinding()),
    ...(endpoint === undefined ? [] : [one('endpoint', () => endpointFinding(endpoint))]),
    hubFindings(online).catch((error: unknown) => [failed('hub-cache', error)]),
    one('reply-cache', replyCacheFinding),
    one('folder', () =>
      triedFolder({
        check: 'folder',
        folder: resolve(folder),
        elsewhere: 'cd "$HOME"   # or another folder that you may write to, on a disk with room',
      }),
    ),
  ];
}

/** NVIDIA's GPUs, and who of ONNX Runtime and torch sees them. */
async function nvidiaFindings(): Promise<Finding[]> {
  const nvidia = await guarded('nvidia', () => nvidiaFinding());
  const listed = nvidia.facts?.['gpus'];
  const gpus = Array.isArray(listed) ? listed.length : 0;
  const cuda = await guarded('cuda', () => cudaFinding(gpus));
  return [nvidia, cuda, await guarded('python', () => pythonFinding({ gpus }))];
}

async function hubFindings(online: boolean): Promise<Finding[]> {
  const { settings, wrong } = hubSettingsHere();
  const elsewhere = 'export HF_HUB_CACHE=…   # a folder that you may write to, on a disk with room';
  const question = { check: 'hub-cache', folder: settings.cache, elsewhere } as const;
  const reply = await tryFolder(settings.cache);
  const cached = 'error' in reply ? [] : reply.models;
  const hub = await guarded('hub', () => wrong ?? hubFinding(settings, { cached, ask: online ? askHub : undefined }));
  return [hub, folderFinding(question, reply)];
}

/** Settings of the hub; where its address is none or its token cannot be read, that, and settings without: the cache is where it is all the same. */
function hubSettingsHere(): { settings: HubSettings; wrong?: Finding } {
  try {
    return { settings: hubSettings() };
  } catch (error) {
    const isAddress = error instanceof UserError;
    const mend = isAddress
      ? 'unset HF_ENDPOINT'
      : 'export HF_HUB_DISABLE_IMPLICIT_TOKEN=1   # or make that file readable';
    const without = { ...process.env, HF_ENDPOINT: undefined, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' };
    return { settings: hubSettings(without), wrong: missing('hub', messageOf(error), { facts: null, mend }) };
  }
}

async function replyCacheFinding(): Promise<Finding> {
  const folder = cacheFolder();
  if (folder !== null)
    return triedFolder({
      check: 'reply-cache',
      folder,
      elsewhere: 'export LIGHTMEM_CACHE=…   # a folder that you may write to',
    });
  return note('reply-cache', 'LIGHTMEM_CACHE is off: replies of endpoints are not kept', { facts: { folder: null } });
}

const triedFolder = async (question: FolderQuestion): Promise<Finding> =>
  folderFinding(question, await tryFolder(question.folder));

/** A check's finding, or that it failed. */
export async function guarded(check: CheckName, look: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    return failed(check, error);
  }
}

function failed(check: CheckName, error: unknown): Finding {
  const reason = messageOf(error);
  return missing(check, error instanceof UserError ? reason : `this could not be looked at: ${reason}`, {
    facts: null,
    mend: null,
  });
}

/** Everything that must not be shown. */
function secrets(): (string | undefined)[] {
  const named = KEY_VARIABLES.map((name) => process.env[name]?.trim());
  try {
    return [...named, hubSettings().token ?? undefined];
  } catch {
    return named;
  }
}

function cleaned(redact: (text: string) => string): (finding: Finding) => Finding {
  const clean = (value: Json): Json => {
    if (typeof value === 'string') return redact(value);
    if (typeof value !== 'object' || value === null) return value;
    return Array.isArray(value) ? value.map(clean) : cleanObject(value as Facts);
  };
  const cleanObject = (facts: Facts): Facts =>
    Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, clean(value)]));
  return ({ check, status, says, mend, facts }) => ({
    ...{ check, status, says: redact(says), mend: mend === null ? null : redact(mend) },
    facts: facts === null ? null : cleanObject(facts),
  });
}
