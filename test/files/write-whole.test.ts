import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.js';
import { removeLeftovers, scratchPath } from '../../src/files/scratch.js';
import { writeFolder } from '../../src/files/write-folder.js';
import { writeWhole } from '../../src/files/write-whole.js';

const root = mkdtempSync(join(tmpdir(), 'lightmem-files-'));
let folder = '';
let made = 0;
beforeEach(() => {
  folder = join(root, String(made++));
  mkdirSync(folder);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const read = (...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

/** An error as the system throws it. */
const systemError = (code: string): Error => Object.assign(new Error(`${code}: as the system says it`), { code });

describe('writeWhole', () => {
  it('writes text, bytes and pieces of both, and makes the folder', () => {
    writeWhole(join(folder, 'deep/er/text'), 'naïve 🌍');
    writeWhole(join(folder, 'bytes'), Uint8Array.of(0x61, 0x62));
    writeWhole(join(folder, 'pieces'), ['a', Uint8Array.of(0x62), '', 'ç']);
    writeWhole(join(folder, 'none'), []);
    expect([read('deep/er/text'), read('bytes'), read('pieces'), read('none')]).toEqual(['naïve 🌍', 'ab', 'abç', '']);
  });

  it('takes a path that is relative to the working folder', () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      writeWhole('here', 'x');
    } finally {
      process.chdir(before);
    }
    expect(read('here')).toBe('x');
  });

  it.each([true, false])(
    'keeps the old content and leaves nothing behind where the pieces fail (flush: %s)',
    (flush) => {
      const path = join(folder, 'kept');
      writeWhole(path, 'old', { flush });
      const failing = function* () {
        yield 'new';
        throw new RangeError('no more');
      };
      expect(() => writeWhole(path, failing(), { flush })).toThrow(new RangeError('no more'));
      expect(readdirSync(folder)).toEqual(['kept']);
      expect(read('kept')).toBe('old');
    },
  );

  it.each([
    ['ENOSPC', 'the disk is full: free some space and run again'],
    ['EROFS', 'the disk is read-only: choose a folder on another disk'],
    ['EACCES', 'no permission: choose a folder you may write to'],
    ['EDQUOT', 'the disk quota is used up: free some space and run again'],
  ])('names what %s means and what to do', (code, advice) => {
    const path = join(folder, 'refused');
    const refused = function* () {
      yield 'some';
      throw systemError(code);
    };
    expect(() => writeWhole(path, refused())).toThrow(new UserError(`could not write ${path}: ${advice}`));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a path through a file, and a folder in the place of the file, saying so', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => writeWhole(join(folder, 'file', 'x'), '')).toThrow(
      /a part of the path is a file: choose another folder/,
    );
    mkdirSync(join(folder, 'folder', 'inner'), { recursive: true });
    expect(() => writeWhole(join(folder, 'folder'), '')).toThrow(/it is a folder: name a file/);
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder']);
  });
});

describe('writeFolder', () => {
  const fill = (text: string) => (scratch: string) => {
    writeWhole(join(scratch, 'a'), text);
    writeWhole(join(scratch, 'inner/b'), text);
  };

  it('puts a folder in its place, new or instead of another', () => {
    const path = join(folder, 'some/where');
    writeFolder(path, fill('one'));
    writeWhole(join(path, 'c'), 'of the old one');
    writeFolder(path, fill('two'));
    expect(readdirSync(path, { recursive: true }).sort()).toEqual(['a', 'inner', 'inner/b']);
    expect(read('some/where/inner/b')).toBe('two');
    expect(readdirSync(join(folder, 'some'))).toEqual(['where']);
  });

  it('leaves the old folder whole, and nothing beside it, where filling fails', () => {
    const path = join(folder, 'kept');
    writeFolder(path, fill('old'));
    const failing = (scratch: string): void => {
      fill('new')(scratch);
      throw systemError('ENOSPC');
    };
    expect(() => writeFolder(path, failing)).toThrow(`could not write ${path}: the disk is full`);
    expect(readdirSync(folder)).toEqual(['kept']);
    expect([read('kept/a'), read('kept/inner/b')]).toEqual(['old', 'old']);
  });
});

describe('removeLeftovers', () => {
  it('removes what was being written, files and folders, and nothing else', () => {
    writeFileSync(scratchPath(join(folder, 'spec.json')), 'half');
    mkdirSync(join(scratchPath(join(folder, 'adapter')), 'inner'), { recursive: true });
    const others = ['adapter', 'notes.tmp', 'run.12.tmp.json', 'spec.json'];
    for (const name of others) writeFileSync(join(folder, name), '');
    removeLeftovers(folder);
    expect(readdirSync(folder).sort()).toEqual(others);
  });

  it('takes a folder that is absent for one without leftovers', () => {
    expect(() => removeLeftovers(join(folder, 'none'))).not.toThrow();
  });
});
