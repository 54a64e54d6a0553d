/** Arrays of jobs as they are put down before they are submitted, so that a later process finds them again: names, folders, scripts. */
import { randomBytes } from 'node:crypto';
import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { makeFolder } from '../files/flush.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { shellWord } from './command-template.js';

const arrayRecord = z.object({ name: z.string(), folders: z.array(z.string()) });

/** An array: element i carries out folder i. */
export type ArrayRecord = Readonly<z.infer<typeof arrayRecord>>;

const OPEN = '.json';
const CLOSED = '.closed.json';

/** The arrays of a study, in a folder that its nodes see too. */
export class ArrayStore {
  /** The last number given away, once the folder was read for it: it holds a log for every element by and by. */
  #last: number | undefined;

  constructor(readonly folder: string) {}

  /** Arrays that nobody has said the end of; what is damaged is none. */
  open(): ArrayRecord[] {
    return this.#files(OPEN)
      .filter((file) => !file.endsWith(CLOSED))
      .flatMap((file) => {
        try {
          return [readJsonFile(join(this.folder, file), arrayRecord, 'remove it')];
        } catch {
          return [];
        }
      });
  }

  /** Puts an array down under a name that no other has had, not even one of a study that lay here before. */
  add(folders: readonly string[]): ArrayRecord {
    makeFolder(this.folder);
    this.#last = (this.#last ?? this.#mostUsed()) + 1;
    const record = { name: `lm-${this.#last}-${randomBytes(4).toString('hex')}`, folders: [...folders] };
    const odd = folders.find((folder) => folder.includes('\n'));
    if (odd !== undefined) throw new UserError(`${odd}: a folder's name with a line break cannot be handed to Slurm`);
    writeWhole(this.list(record.name), folders.map((folder) => `${folder}\n`).join(''));
    writeWhole(join(this.folder, `${record.name}${OPEN}`), jsonText(record));
    return record;
  }

  close(name: string): void {
    try {
      renameSync(join(this.folder, `${name}${OPEN}`), join(this.folder, `${name}${CLOSED}`));
    } catch {
      // It stays open, and is asked about once more by the next process.
    }
  }

  list(name: string): string {
    return join(this.folder, `${name}.list`);
  }

  /** What an element prints, over all times that it is started. */
  log(name: string, index: number | '%a'): string {
    const folder = index === '%a' ? this.folder.replaceAll('%', '%%') : this.folder;
    return join(folder, `${name}-${index}.log`);
  }

  #mostUsed(): number {
    const used = this.#files('').map((file) => Number(/^lm-(\d+)-/.exec(file)?.[1] ?? 0));
    return used.reduce((most, each) => Math.max(most, each), 0);
  }

  #files(end: string): string[] {
    try {
      return readdirSync(this.folder).filter((file) => file.startsWith('lm-') && file.endsWith(end));
    } catch {
      return [];
    }
  }
}

/** The script of an array: looks up its element's folder, and becomes lightmem, so that Slurm's signals reach it. */
export function arrayScript(list: string, { setup, work }: { setup: string; work: string }): string {
  return [
    '#!/bin/sh',
    ...(setup === '' ? [] : [setup]),
    `folder=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellWord(list)})`,
    `[ -n "$folder" ] || { echo ${shellWord(`no folder for this element in ${list}`)} >&2; exit 1; }`,
    `exec ${work} "$folder" --threads "\${SLURM_CPUS_PER_TASK:-1}"`,
    '',
  ].join('\n');
}
