/** A base model open in a Python process, and one adapter on it at a time: kept open, for the runs of a grid share it. */
import { statSync } from 'node:fs';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { Quantisation } from '../core/settings.js';
import { pythonCommand } from './python.js';
import { PythonProcess, type Request } from './python-process.js';
import type { PeftDevice, PeftSettings, Precision } from './settings.js';

/** What a Python can compute with. */
export interface PythonFound {
  readonly gpus: readonly { readonly name: string; readonly bytes: number }[];
  /** Whether the GPUs compute in bf16. */
  readonly bf16: boolean;
  readonly versions: Readonly<Record<string, string>>;
}

const found = z.object({
  gpus: z.array(z.object({ name: z.string(), bytes: z.number() })),
  bf16: z.boolean(),
  versions: z.record(z.string(), z.string()),
});

const NEEDED = ['torch', 'transformers', 'peft'];

/** Asks an interpreter what there is. Throws UserError where it cannot be started or lacks a package. */
export async function describePython(python?: string): Promise<PythonFound> {
  const child = new PythonProcess(pythonCommand(python));
  try {
    const described = await child.ask({ do: 'describe' }, found);
    const missing = NEEDED.filter((name) => described.versions[name] === undefined);
    if (missing.length === 0) return described;
    throw new UserError(`this Python lacks ${missing.join(', ')}: pip install ${missing.join(' ')}`);
  } finally {
    await child.close();
  }
}

/** What is asked for; what is left open is settled by what is there. */
export interface PeftWishes {
  readonly device: PeftDevice | 'auto';
  readonly precision: Precision | 'auto';
  readonly tf32: boolean;
  readonly compile: boolean;
}

/** Settings for what was found: a GPU where there is one, and on it bf16 where it has that. Throws UserError where a GPU is asked for in vain. */
export function settledOn({ device, precision, tf32, compile }: PeftWishes, there: PythonFound): PeftSettings {
  const hasGpu = there.gpus.length > 0;
  if (device === 'cuda' && !hasGpu)
    throw new UserError(
      'engine peft: PyTorch sees no CUDA GPU here: use device: cpu, or install a PyTorch for your GPU',
    );
  const chosen = device === 'auto' ? (hasGpu ? 'cuda' : 'cpu') : device;
  const fitting = chosen === 'cuda' && there.bf16 ? 'bf16' : 'f32';
  return {
    device: chosen,
    precision: precision === 'auto' ? fitting : precision,
    ...{ tf32, compile, versions: there.versions },
  };
}

/** The base model that a session has open. */
export interface PeftBase {
  /** A Hugging Face folder. */
  readonly model: string;
  readonly quantisation: Quantisation;
  readonly settings: PeftSettings;
  readonly python?: string;
  readonly threads?: number;
}

const nothing = z.unknown();

/** A process with a base model in it. */
export class PeftSession {
  constructor(readonly process: PythonProcess) {}

  /** Throws UserError where the model cannot be loaded, or is no folder that Transformers reads. */
  static async open({ model, quantisation, settings, python, threads }: PeftBase): Promise<PeftSession> {
    if (!statSync(model).isDirectory())
      throw new UserError(
        `${model}: engine peft reads Hugging Face folders: give the folder in place of the GGUF file`,
      );
    const child = new PythonProcess(pythonCommand(python));
    const { device, precision, tf32, compile } = settings;
    const request = { do: 'open', model, quantisation, device, precision, tf32, compile, threads: threads ?? null };
    await child.ask(request, nothing);
    return new PeftSession(child);
  }

  /** Puts an adapter on the base in place of the one before; null takes it off. */
  async adapter(folder: string | null, trainable: boolean): Promise<void> {
    await this.ask({ do: 'adapter', folder, trainable });
  }

  /** What a request gives, unchecked where no schema is given. */
  ask(request: Request): Promise<unknown>;
  ask<T>(request: Request, schema: z.ZodType<T>, onTold?: (told: unknown) => void): Promise<T>;
  ask(request: Request, schema: z.ZodType = nothing, onTold?: (told: unknown) => void): Promise<unknown> {
    return this.process.ask(request, schema, onTold);
  }
}

let opened: { readonly key: string; readonly session: Promise<PeftSession> } | undefined;

/** The session of a base model: the one that is open where it is the same, else a new one in its place. */
export async function peftSession(base: PeftBase): Promise<PeftSession> {
  const key = JSON.stringify(base);
  if (opened?.key === key) return opened.session;
  await closePeftSession();
  const session = PeftSession.open(base);
  opened = { key, session };
  session.catch(() => (opened = undefined));
  return session;
}

/** Closes the session that is open, if any. */
export async function closePeftSession(): Promise<void> {
  const closing = opened;
  opened = undefined;
  const session = await closing?.session.catch(() => undefined);
  await session?.process.close();
}
