/** What teachers said, on disk: a file for each text and teacher, whole or absent, checked on reading; what is there is not asked again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashJson, sha256 } from '../core/hash.js';
import type { JsonObject } from '../core/json.js';
import { isHeld, lockFolder, type LockOptions } from '../files/folder-lock.js';
import { removeLeftovers } from '../files/scratch.js';
import { writeWhole } from '../files/write-whole.js';
import type { TeacherAnswer } from '../models/graph/packing.js';

/** Raised when the meaning of what is stored changes; part of every key. */
const STORE_VERSION = 1;
const FILE = 'answers.json';

const said = z.object({
  question: z.string(),
  labels: z.array(z.object({ tokens: z.array(z.int().min(0)).min(1), weights: z.array(z.number().min(0)) })),
  missing: z.array(z.number().min(0)),
});
/** `sha256` is of the answers as JSON. */
const storedFile = z.object({ sha256: z.string(), answers: z.array(said) });

/** What identifies a question to a teacher that has a text before it. */
export interface TaughtQuestion {
  readonly prompt: string;
  readonly answer: string;
}

const questionKey = ({ prompt, answer }: TaughtQuestion): string => sha256(JSON.stringify([prompt, answer]));

/** What a teacher said of one text, by question. */
export type Said = ReadonlyMap<string, TeacherAnswer>;

/** The answers about one text by one teacher. */
export class TextAnswers {
  /** A folder of its own, with a lock of its own. */
  readonly folder: string;
  #answers = new Map<string, TeacherAnswer>();

  /** `teacher` is everything that can change what it says but text, question and answer. */
  constructor(folder: string, teacher: JsonObject, text: string) {
    const key = hashJson({ version: STORE_VERSION, teacher, text: sha256(text) });
    this.folder = join(folder, key.slice(0, 2), key.slice(2));
  }

  get(question: TaughtQuestion): TeacherAnswer | undefined {
    return this.#answers.get(questionKey(question));
  }

  /** Takes up what is on disk; nothing where there is none, or it is damaged. */
  read(): void {
    try {
      const { sha256: expected, answers } = storedFile.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
      if (sha256(JSON.stringify(answers)) !== expected) return;
      this.#answers = new Map(answers.map(({ question, ...answer }) => [question, answer]));
    } catch {
      return;
    }
  }

  /** Adds answers and writes all; for the holder of the lock, who has read before. Safe from a kill on return. */
  add(more: readonly (readonly [TaughtQuestion, TeacherAnswer])[]): void {
    for (const [question, answer] of more) this.#answers.set(questionKey(question), answer);
    const answers = [...this.#answers].map(([question, { labels, missing }]) => ({ question, labels, missing }));
    const hash = sha256(JSON.stringify(answers));
    writeWhole(this.#path, JSON.stringify({ sha256: hash, answers }), { flush: false });
  }

  /** Whether another is at work on this text. */
  get isBusy(): boolean {
    return isHeld(this.folder);
  }

  /** Does something while nobody else is at work on this text, with what is on disk by then taken up. */
  async alone(work: () => Promise<void>, options: LockOptions): Promise<void> {
    const lock = await lockFolder(this.folder, { ...options, patienceMs: Infinity });
    try {
      removeLeftovers(this.folder);
      this.read();
      await work();
    } finally {
      lock.release();
    }
  }

  get #path(): string {
    return join(this.folder, FILE);
  }
}
