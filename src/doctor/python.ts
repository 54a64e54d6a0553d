/** Python and uv: which interpreter there is, what it has of what trains on GPUs, and whether its torch sees one. */
import { shellWord } from '../executors/command-template.js';
import { bytesText } from '../text/bytes.js';
import { isObject } from '../core/json.js';
import { missing, note, ok, type Finding } from './finding.js';
import { askProgram, failureOf, type Answer, type Ask } from './program.js';

/** Packages that train with PEFT, in versions that work together. */
export const PACKAGES = { torch: '2.11.0', transformers: '5.23.0', peft: '0.21.2', bitsandbytes: '0.50.2' } as const;
type PackageName = keyof typeof PACKAGES;
const NAMES = Object.keys(PACKAGES) as readonly PackageName[];
/** Without these there is no such training; bitsandbytes is for bases in NF4 on a GPU. */
const NEEDED: readonly PackageName[] = ['torch', 'transformers', 'peft'];

export type TorchGpu = { readonly name: string; readonly totalBytes: number };

export type PythonFacts = {
  /** As it was called. */
  readonly command: string | null;
  readonly executable: string | null;
  readonly version: string | null;
  /** Whether the system keeps packages out of it: they go into an environment beside it. */
  readonly managed: boolean;
  /** Their versions; null for what is not installed. */
  readonly packages: Readonly<Record<PackageName, string | null>>;
  /** GPUs that torch can compute on; null where torch is not there or gave no answer. */
  readonly gpus: readonly TorchGpu[] | null;
};

const NOTHING: PythonFacts = {
  ...{ command: null, executable: null, version: null, managed: false, gpus: null },
  packages: { torch: null, transformers: null, peft: null, bitsandbytes: null },
};

/** Says what is installed at once, and what torch sees once it is loaded; modules that lie in the working folder are not taken for them. */
const SCRIPT = `
import sys
sys.path[:] = [path for path in sys.path if path]
import json, os, sysconfig
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except Exception:
        return None
packages = {name: version(name) for name in ${JSON.stringify(NAMES)}}
managed = sys.prefix == sys.base_prefix and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
print(json.dumps({
    "version": sys.version.split()[0], "executable": sys.executable, "managed": managed, "packages": packages
}), flush=True)
if packages["torch"] is not None:
    import torch
    gpus = []
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(i)
            gpus.append({"name": properties.name, "totalBytes": properties.total_memory})
    print(json.dumps({"gpus": gpus}), flush=True)
`;

const PYTHON_MS = 45_000;
const FOUND_ON_PATH = ['python3', 'python'];

interface PythonOptions {
  /** NVIDIA GPUs that torch should see. */
  readonly gpus: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly ask?: Ask;
}

/** The interpreter that LIGHTMEM_PYTHON names, else the first on the path, asked for what it has. */
export async function pythonFinding(options: PythonOptions): Promise<Finding<PythonFacts>> {
  const { gpus, environment = process.env, ask = askProgram } = options;
  const named = environment['LIGHTMEM_PYTHON']?.trim() || undefined;
  let broken: Finding<PythonFacts> | undefined;
  for (const command of named === undefined ? FOUND_ON_PATH : [named]) {
    const answer = await ask(command, ['-c', SCRIPT], PYTHON_MS);
    if (answer.kind === 'absent') continue;
    const finding = answeredFinding(command, answer, gpus);
    if (finding.facts?.version !== null) return finding;
    broken ??= finding;
  }
  return broken ?? absentFinding(named);
}

function absentFinding(named: string | undefined): Finding<PythonFacts> {
  const facts = { ...NOTHING, command: named ?? null };
  if (named === undefined)
    return note('python', 'no Python: it is needed for training with PEFT alone', {
      facts,
      mend: 'install Python 3.12, or uv, which brings one',
    });
  return missing('python', `LIGHTMEM_PYTHON names ${named}, which is not there`, {
    facts,
    mend: 'unset LIGHTMEM_PYTHON   # or name an interpreter that is there',
  });
}

function answeredFinding(
  command: string,
  answer: Exclude<Answer, { kind: 'absent' }>,
  nvidia: number,
): Finding<PythonFacts> {
  const facts = factsOf(command, answer.out);
  const { version, executable, packages, gpus } = facts;
  if (version === null) {
    const mend =
      'export LIGHTMEM_PYTHON=/usr/bin/python3   # the path of an interpreter of Python 3.10 or newer that works';
    return missing('python', `${command} does not work: ${failureOf(answer, PYTHON_MS)}`, { facts, mend });
  }
  const there = NAMES.flatMap((name) => (packages[name] === null ? [] : `${name} ${packages[name]}`));
  const lacks = NEEDED.filter((name) => packages[name] === null);
  const head = `${version} (${executable ?? command})${there.length > 0 ? ` with ${there.join(', ')}` : ''}`;
  if (lacks.length > 0) {
    const wanted = NAMES.filter((name) => packages[name] === null).map((name) => `${name}==${PACKAGES[name]}`);
    const mend = installing(facts, wanted);
    const says = `${head}; without ${lacks.join(', ')}, which training with PEFT takes`;
    return nvidia > 0 ? missing('python', says, { facts, mend }) : note('python', says, { facts, mend });
  }
  if (gpus === null) {
    const mend = `${shellWord(executable ?? command)} -c "import torch; print(torch.cuda.is_available())"   # says what is wrong`;
    return missing('python', `${head}; torch cannot be loaded: ${failureOf(answer, PYTHON_MS)}`, { facts, mend });
  }
  return torchFinding(head, { ...facts, gpus }, nvidia);
}

/** The line that installs packages for an interpreter. */
function installing({ command, executable, managed }: PythonFacts, packages: readonly string[]): string {
  const python = shellWord(executable ?? command ?? 'python3');
  if (!managed) return `${python} -m pip install ${packages.join(' ')}`;
  const all = NAMES.map((name) => `${name}==${PACKAGES[name]}`).join(' ');
  return `${python} -m venv .venv && .venv/bin/pip install ${all} && export LIGHTMEM_PYTHON="$PWD/.venv/bin/python"`;
}

function torchFinding(
  head: string,
  facts: PythonFacts & { gpus: readonly TorchGpu[] },
  nvidia: number,
): Finding<PythonFacts> {
  const { gpus, packages, executable, command } = facts;
  const python = shellWord(executable ?? command ?? 'python3');
  if (gpus.length === 0 && nvidia > 0) {
    const mend = `${python} -m pip install --force-reinstall torch==${PACKAGES.torch}   # a build for CUDA that the driver can run`;
    return missing('python', `${head}; torch sees none of the ${nvidia} NVIDIA GPUs`, { facts, mend });
  }
  const seen =
    gpus.length === 0
      ? 'torch sees no GPU'
      : `torch sees ${gpus.map(({ name, totalBytes }) => `${name} (${bytesText(totalBytes)})`).join(', ')}`;
  if (gpus.length > 0 && packages.bitsandbytes === null) {
    const mend = installing(facts, [`bitsandbytes==${PACKAGES.bitsandbytes}`]);
    return note('python', `${head}; ${seen}; no base in NF4 without bitsandbytes`, { facts, mend });
  }
  return ok('python', `${head}; ${seen}`, facts);
}

/** What the script's lines say; lines of others between them are passed over. */
function factsOf(command: string, out: string): PythonFacts {
  const told = Object.fromEntries(
    out
      .split('\n')
      .flatMap(objectOf)
      .flatMap((object) => Object.entries(object)),
  );
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  const packages = isObject(told['packages']) ? told['packages'] : {};
  return {
    command,
    ...{ executable: text(told['executable']), version: text(told['version']), managed: told['managed'] === true },
    packages: {
      ...{ torch: text(packages['torch']), transformers: text(packages['transformers']) },
      ...{ peft: text(packages['peft']), bitsandbytes: text(packages['bitsandbytes']) },
    },
    gpus: Array.isArray(told['gpus']) ? told['gpus'].filter(isObject).map(torchGpu) : null,
  };
}

const torchGpu = ({ name, totalBytes }: Record<string, unknown>): TorchGpu => ({
  name: String(name),
  totalBytes: Number(totalBytes),
});

function objectOf(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? [value] : [];
  } catch {
    return [];
  }
}

export type UvFacts = { readonly version: string | null };
const UV_MS = 10_000;

/** Whether uv is there, which brings an interpreter with all that training with PEFT takes. */
export async function uvFinding(ask: Ask = askProgram): Promise<Finding<UvFacts>> {
  const answer = await ask('uv', ['--version'], UV_MS);
  const version = answer.kind === 'ended' && answer.code === 0 ? /^uv (\S+)/.exec(answer.out)?.[1] : undefined;
  if (version !== undefined) return ok('uv', version, { version });
  const [facts, mend] = [{ version: null }, 'curl -LsSf https://astral.sh/uv/install.sh | sh   # or: pip install uv'];
  if (answer.kind === 'absent')
    return note('uv', 'not installed: it brings Python with what training with PEFT takes', { facts, mend });
  return missing('uv', `uv does not work: ${failureOf(answer, UV_MS)}`, { facts, mend });
}
