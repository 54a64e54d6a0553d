/** Answers kept as JSON lines while they come in, so that asking goes on where it was cut off. */
import { z } from 'zod';
import { LineLog } from '../files/line-log.js';

const entry = z.object({ key: z.string(), text: z.string(), tokens: z.number(), finish: z.enum(['stop', 'length']) });

type Entry = z.infer<typeof entry>;

/** A log of answers by what they depend on. Questions that were not answered are not kept: they are asked again. */
export class AnswerLog {
  readonly #answers: Map<string, Entry>;

  private constructor(readonly log: LineLog<Entry>) {
    this.#answers = new Map(log.held.map((held) => [held.key, held]));
  }

  /** Opens a log; a file that is absent is made with the first answer. Throws UserErrors on broken lines. */
  static async open(path: string): Promise<AnswerLog> {
    return new AnswerLog(await LineLog.open(path, entry));
  }

  get(key: string): Omit<Entry, 'key'> | undefined {
    return this.#answers.get(key);
  }

  /** Keeps an answer; on return its line is in the file. */
  async add(key: string, answer: Omit<Entry, 'key'>): Promise<void> {
    await this.addAll([[key, answer]]);
  }

  /** Keeps several answers, written at once; on return their lines are in the file. */
  async addAll(answers: readonly (readonly [key: string, answer: Omit<Entry, 'key'>])[]): Promise<void> {
    const added = answers.map(([key, { text, tokens, finish }]) => ({ key, text, tokens, finish }));
    for (const each of added) this.#answers.set(each.key, each);
    await this.log.addAll(added);
  }
}
