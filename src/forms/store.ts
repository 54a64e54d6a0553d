/** What writers wrote, on disk: one file per text, writer and what was asked; what is there is never asked for again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashJson } from '../core/hash.js';
import { writeWhole } from '../files/write-whole.js';
import type { Source } from './form.js';
import { ruleFormWriter } from './rules.js';
import type { Asked, FormWriter, WrittenRewrites, WrittenStudy } from './writer.js';

/** Raised when the meaning of what is stored changes; part of every key. */
const STORE_VERSION = 1;

const count = z.number().int().min(0);
const study: z.ZodType<WrittenStudy> = z.object({
  drafts: z.array(
    z.object({
      fact: z.string(),
      asking: z.enum(['forward', 'reversed', 'cloze']),
      prompt: z.string(),
      answer: z.string(),
      spare: z.boolean().exactOptional(),
      ofText: z.boolean().exactOptional(),
    }),
  ),
  unread: count,
  failed: count,
});
const rewrites: z.ZodType<WrittenRewrites> = z.object({ texts: z.array(z.string()), failed: count });

/** A folder of what was written. */
export class FormStore {
  constructor(readonly folder: string) {}

  /** What was written; null where there is nothing, or nothing sound. */
  read<T>(key: string, schema: z.ZodType<T>): T | null {
    try {
      const stored = z
        .object({ key: z.string(), written: schema })
        .parse(JSON.parse(readFileSync(this.#path(key), 'utf8')));
      return stored.key === key ? stored.written : null;
    } catch {
      return null;
    }
  }

  /** Keeps it: safe from a kill on return. What a power loss takes is made again from the kept replies, without calls. */
  write(key: string, written: WrittenStudy | WrittenRewrites): void {
    writeWhole(this.#path(key), JSON.stringify({ key, written }), { flush: false });
  }

  #path(key: string): string {
    return join(this.folder, key.slice(0, 2), `${key.slice(2)}.json`);
  }
}

/** The key of what is asked of a writer: everything that can change it. */
function keyOf({ text, topic }: Source, { name, identity }: FormWriter, asked: Asked): string {
  return hashJson({ store: STORE_VERSION, text, topic, name, identity, asked });
}

/** A writer that takes what was written before, and keeps what is written whole; what failed in part is asked for again another time. */
export function storedWriter(writer: FormWriter, store: FormStore): FormWriter {
  const kept = async <T extends WrittenStudy | WrittenRewrites>(
    key: string,
    schema: z.ZodType<T>,
    write: () => Promise<T>,
  ): Promise<T> => {
    const found = store.read(key, schema);
    if (found !== null) return found;
    const written = await write();
    if (written.failed === 0) store.write(key, written);
    return written;
  };
  return {
    ...writer,
    study: (source, request) =>
      kept(keyOf(source, writer, { study: request.wordings }), study, () => writer.study(source, request)),
    rewrite: (source, request) =>
      kept(keyOf(source, writer, { rewrites: request.count }), rewrites, () => writer.rewrite(source, request)),
    isKept: (source, asked) =>
      store.read<WrittenStudy | WrittenRewrites>(keyOf(source, writer, asked), 'study' in asked ? study : rewrites) !==
      null,
  };
}

/** A writer that is asked once for each thing while this process runs, failed or not: several sets of samples need the same. */
export function onceWriter(writer: FormWriter): FormWriter {
  const written = new Map<string, Promise<WrittenStudy | WrittenRewrites>>();
  const once = <T extends WrittenStudy | WrittenRewrites>(key: string, write: () => Promise<T>): Promise<T> => {
    const made = (written.get(key) as Promise<T> | undefined) ?? write();
    written.set(key, made);
    return made;
  };
  return {
    ...writer,
    study: (source, request) =>
      once(keyOf(source, writer, { study: request.wordings }), () => writer.study(source, request)),
    rewrite: (source, request) =>
      once(keyOf(source, writer, { rewrites: request.count }), () => writer.rewrite(source, request)),
  };
}

/** For plans: nothing is asked or written, rules stand in for what is not there. */
export function foreseenWriter(writer: FormWriter, store: FormStore): FormWriter {
  return {
    ...writer,
    study: async (source, request) =>
      store.read(keyOf(source, writer, { study: request.wordings }), study) ?? ruleFormWriter.study(source, request),
    rewrite: async (source, request) =>
      store.read(keyOf(source, writer, { rewrites: request.count }), rewrites) ??
      ruleFormWriter.rewrite(source, request),
  };
}
