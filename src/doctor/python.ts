/** Python: the interpreter that trains where a study says `engine: peft`, what it has of what that takes, and whether its torch sees a GPU. */
import { shellWord } from '../executors/command-template.js';
import { onPath, PYTHON_VARIABLE, pythonCommand } from '../peft/python.js';
import { bytesText } from '../text/bytes.js';
import { missing, note, ok, type Finding } from './finding.js';
import { interpreterScript, pinnedPackages, readInterpreter, type Interpreter, type TorchGpu } from './interpreter.js';
import { askProgram, failureOf, type Answer, type Ask } from './program.js';

export type PythonFacts = {
  /** Who names it: the variable, uv, which makes one, or nobody, so that it is not used; null where there is none. */
  readonly from: typeof PYTHON_VARIABLE | 'uv' | 'path' | null;
  /** As it was called. */
  readonly command: string | null;
} & Readonly<Interpreter>;

/** Without these there is no such training; bitsandbytes is for bases in NF4 on a GPU. */
const NEEDED = ['torch', 'transformers', 'peft'];
const PYTHON_MS = 45_000;
const FOUND_ON_PATH = ['python3', 'python'];
/** Installs uv. */
export const INSTALL_UV = 'curl -LsSf https://astral.sh/uv/install.sh | sh   # or: pip install uv';

interface PythonOptions {
  /** NVIDIA GPUs that torch should see. */
  readonly gpus: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly ask?: Ask;
}

/** What is asked, and by whom it is looked at. */
interface Looking {
  readonly gpus: number;
  readonly ask: Ask;
  readonly pins: Readonly<Record<string, string>>;
}

/** The interpreter that LIGHTMEM_PYTHON names, else uv's, which is not made for that; else one on the path, which could be named. */
export async function pythonFinding(options: PythonOptions): Promise<Finding<PythonFacts>> {
  const { gpus, environment = process.env, ask = askProgram } = options;
  const looking = { gpus, ask, pins: pinnedPackages() };
  const named = environment[PYTHON_VARIABLE];
  if (named !== undefined && named !== '') return namedFinding(named, looking);
  if (onPath('uv', environment) !== undefined) return uvsFinding(pythonCommand(undefined, environment), looking);
  return unnamedFinding(looking);
}

async function namedFinding(command: string, looking: Looking): Promise<Finding<PythonFacts>> {
  const answer = await asked(command, looking);
  const facts = factsOf({ from: PYTHON_VARIABLE, command }, answer, looking);
  if (answer.kind === 'absent')
    return missing('python', `${PYTHON_VARIABLE} names ${command}, which is not there`, {
      ...{ facts, mend: `unset ${PYTHON_VARIABLE}   # or name an interpreter that is there` },
    });
  if (facts.version === null) return brokenFinding(facts, answer);
  return packagesFinding(facts, answer, looking);
}

/** Asks the worker by uv what there is, without the network: where nothing was fetched before, it says so at once. */
async function uvsFinding(
  [command = 'uv', run = 'run', ...words]: readonly string[],
  looking: Looking,
): Promise<Finding<PythonFacts>> {
  const answer = await looking.ask(command, [run, '--offline', ...words], PYTHON_MS, '{"do":"describe"}\n');
  const facts = factsOf({ from: 'uv', command }, answer, looking);
  if (facts.packages['torch'] !== null) return packagesFinding(facts, answer, looking);
  const pins = Object.entries(looking.pins).map(([name, version]) => `${name} ${version}`);
  const says = `uv fetches ${pins.join(', ')} when a study says engine: peft, some gigabytes`;
  const mend = `${[command, run, ...words].map(shellWord).join(' ')} < /dev/null   # fetches them now`;
  return note('python', says, { facts, mend });
}

/** One on the path trains nothing by itself; it is told how it would. */
async function unnamedFinding(looking: Looking): Promise<Finding<PythonFacts>> {
  let broken: Finding<PythonFacts> | undefined;
  for (const command of FOUND_ON_PATH) {
    const answer = await asked(command, looking);
    if (answer.kind === 'absent') continue;
    const facts = factsOf({ from: 'path', command }, answer, looking);
    if (facts.version !== null) return packagesFinding(facts, answer, looking);
    broken ??= brokenFinding(facts, answer);
  }
  const facts = factsOf({ from: null, command: null }, { kind: 'absent' }, looking);
  return (
    broken ??
    note('python', 'no Python: it is needed where a study says engine: peft alone', { facts, mend: INSTALL_UV })
  );
}

const asked = (command: string, { ask, pins }: Looking): Promise<Answer> =>
  ask(command, ['-c', interpreterScript(Object.keys(pins))], PYTHON_MS);

function factsOf(how: Pick<PythonFacts, 'from' | 'command'>, answer: Answer, { pins }: Looking): PythonFacts {
  return { ...how, ...readInterpreter(answer.kind === 'absent' ? '' : answer.out, Object.keys(pins)) };
}

function brokenFinding(facts: PythonFacts, answer: Answer): Finding<PythonFacts> {
  const mend = `export ${PYTHON_VARIABLE}=/usr/bin/python3   # the path of an interpreter of Python 3.10 or newer that works`;
  return missing('python', `${facts.command} does not work: ${failureOf(answer, PYTHON_MS)}`, { facts, mend });
}

function packagesFinding(facts: PythonFacts, answer: Answer, looking: Looking): Finding<PythonFacts> {
  const { packages, gpus } = facts;
  const there = Object.entries(packages).flatMap(([name, version]) => (version === null ? [] : `${name} ${version}`));
  const head = `${interpreterText(facts)}${there.length > 0 ? ` with ${there.join(', ')}` : ''}`;
  const lacks = NEEDED.filter((name) => packages[name] === null);
  if (lacks.length > 0) {
    const says = `${head}; without ${lacks.join(', ')}, which engine: peft takes`;
    const mend = installing(facts, looking);
    return looking.gpus > 0 ? missing('python', says, { facts, mend }) : note('python', says, { facts, mend });
  }
  if (gpus === null) {
    const mend = `${pythonOf(facts)} -c "import torch; print(torch.cuda.is_available())"   # says what is wrong`;
    return missing('python', `${head}; torch cannot be loaded: ${failureOf(answer, PYTHON_MS)}`, { facts, mend });
  }
  return torchFinding(head, { ...facts, gpus }, looking);
}

function torchFinding(
  head: string,
  facts: PythonFacts & { gpus: readonly TorchGpu[] },
  looking: Looking,
): Finding<PythonFacts> {
  const { gpus, packages, from } = facts;
  if (gpus.length === 0 && looking.gpus > 0) {
    const mend = `${pythonOf(facts)} -m pip install --force-reinstall torch==${looking.pins['torch']}   # a build for CUDA that the driver can run`;
    return missing('python', `${head}; torch sees none of the ${looking.gpus} NVIDIA GPUs`, { facts, mend });
  }
  const seen = gpus.map(({ name, totalBytes }) => `${name} (${bytesText(totalBytes)})`).join(', ');
  const says = `${head}; torch sees ${gpus.length === 0 ? 'no GPU' : seen}`;
  if (from === 'path') {
    const mend = `export ${PYTHON_VARIABLE}=${pythonOf(facts)}`;
    return note('python', `${says}; engine: peft takes it where ${PYTHON_VARIABLE} names it`, { facts, mend });
  }
  if (gpus.length > 0 && packages['bitsandbytes'] === null)
    return note('python', `${says}; no base in NF4 without bitsandbytes`, { facts, mend: installing(facts, looking) });
  return ok('python', says, facts);
}

const pythonOf = ({ from, executable, command }: PythonFacts): string =>
  from === 'uv' ? 'python3' : shellWord(executable ?? command ?? 'python3');

function interpreterText({ from, version, executable, command }: PythonFacts): string {
  return from === 'uv' ? 'by uv' : `${version} (${executable ?? command})`;
}

/** The line that installs what an interpreter lacks, and names it. */
function installing(facts: PythonFacts, { pins }: Looking): string {
  const { managed, packages, from } = facts;
  const python = pythonOf(facts);
  const pinned = Object.entries(pins);
  const words = (list: typeof pinned): string => list.map(([name, version]) => `${name}==${version}`).join(' ');
  if (managed)
    return `${python} -m venv .venv && .venv/bin/pip install ${words(pinned)} && export ${PYTHON_VARIABLE}="$PWD/.venv/bin/python"`;
  const naming = from === 'path' ? ` && export ${PYTHON_VARIABLE}=${python}` : '';
  return `${python} -m pip install ${words(pinned.filter(([name]) => packages[name] === null))}${naming}`;
}
