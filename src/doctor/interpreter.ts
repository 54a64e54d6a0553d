/** What an interpreter says of itself: its version, its packages, and the GPUs that its torch computes on. */
import { readFileSync } from 'node:fs';
import { isObject, jsonIn } from '../core/json.js';
import { workerScript } from '../peft/python.js';

export type TorchGpu = { readonly name: string; readonly totalBytes: number };

export interface Interpreter {
  readonly executable: string | null;
  readonly version: string | null;
  /** Whether the system keeps packages out of it: they go into an environment beside it. */
  readonly managed: boolean;
  /** Versions of what training with PEFT takes; null for what is not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
  /** GPUs that torch can compute on; null where torch is not there or gave no answer. */
  readonly gpus: readonly TorchGpu[] | null;
  /** Whether they compute in bf16; null where that is not known. */
  readonly bf16: boolean | null;
}

/** Packages that train with PEFT, in the versions that the worker's script names. */
export function pinnedPackages(): Readonly<Record<string, string>> {
  const pins = readFileSync(workerScript(), 'utf8').matchAll(/^# {3}"([\w-]+)==([\w.]+)/gm);
  return Object.fromEntries([...pins].map(([, name = '', version = '']) => [name, version]));
}

/** Says what is installed at once, and what torch sees once it is loaded; modules that lie in the working folder are not taken for them. */
export const interpreterScript = (names: readonly string[]): string => `
import sys
sys.path[:] = [path for path in sys.path if path]
import json, os, sysconfig
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except Exception:
        return None
packages = {name: version(name) for name in ${JSON.stringify(names)}}
managed = sys.prefix == sys.base_prefix and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
print(json.dumps({
    "version": sys.version.split()[0], "executable": sys.executable, "managed": managed, "versions": packages
}), flush=True)
if packages["torch"] is not None:
    import torch
    gpus = []
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(i)
            gpus.append({"name": properties.name, "bytes": properties.total_memory})
    print(json.dumps({"gpus": gpus, "bf16": bool(gpus) and torch.cuda.is_bf16_supported()}), flush=True)
`;

/** What the lines of that script say, or the worker's own answer to what there is; lines of others between them are passed over. */
export function readInterpreter(out: string, names: readonly string[]): Interpreter {
  const told = Object.fromEntries(
    out
      .split('\n')
      .flatMap(objectOf)
      .flatMap((object) => Object.entries(object)),
  );
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const versions = isObject(told['versions']) ? told['versions'] : {};
  return {
    ...{ executable: text(told['executable']), version: text(told['version']), managed: told['managed'] === true },
    packages: Object.fromEntries(names.map((name) => [name, text(versions[name])])),
    gpus: Array.isArray(told['gpus']) ? told['gpus'].filter(isObject).map(torchGpu) : null,
    bf16: typeof told['bf16'] === 'boolean' ? told['bf16'] : null,
  };
}

const torchGpu = ({ name, bytes }: Record<string, unknown>): TorchGpu => ({
  name: String(name),
  totalBytes: Number(bytes),
});

/** The object of a line, and where the worker answered, what it answered. */
function objectOf(line: string): Record<string, unknown>[] {
  const value = jsonIn(line);
  if (!isObject(value)) return [];
  return [isObject(value['done']) ? value['done'] : value];
}
