import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderFinding, tryFolder, type FolderReply } from '../../src/doctor/folder.js';
import { scratchFolder } from '../study/support/studies.js';

const scratch = scratchFolder();
const question = { check: 'folder', folder: '/work', elsewhere: 'go elsewhere' } as const;
const good: FolderReply = { freeBytes: 5e10, type: 0xef53, models: [], writing: null, locking: null };

describe('a folder', { timeout: 60_000 }, () => {
  it('is written to and locked in fact, and left as it was', async () => {
    const folder = join(scratch, 'tried');
    mkdirSync(join(folder, 'models--a--b'), { recursive: true });
    const reply = await tryFolder(folder);
    expect(reply).toMatchObject({ writing: null, locking: null, models: ['models--a--b'] });
    expect(readdirSync(folder)).toEqual(['models--a--b']);
  });

  it('that is not there is tried in the nearest above it, and not made', async () => {
    const before = readdirSync(scratch);
    expect(await tryFolder(join(scratch, 'none', 'of', 'these'))).toMatchObject({ writing: null, models: [] });
    expect(readdirSync(scratch)).toEqual(before);
  });

  it('that is a file cannot be written', async () => {
    const file = join(scratch, 'file');
    writeFileSync(file, '');
    const finding = folderFinding({ ...question, folder: file }, await tryFolder(file));
    expect(finding).toMatchObject({ status: 'missing', mend: 'go elsewhere', facts: { canWrite: false } });
  });

  it('is good where it can be written and locked, with its file system by name', () => {
    expect(folderFinding(question, good)).toMatchObject({
      ...{ status: 'ok', says: '/work: 50.0 GB free on ext4; it can be written and locked' },
      facts: { fileSystem: 'ext4', canWrite: true, canLock: true },
    });
    expect(folderFinding(question, { ...good, type: 0x6969 }).says).toContain('on NFS, which other machines may share');
    expect(folderFinding(question, { ...good, type: 12 }).facts?.fileSystem).toBeNull();
  });

  it.each([
    ['cannot be written', { writing: 'no permission' }, /no permission/],
    ['holds no lock', { locking: 'no links here' }, /no lock can be held: no links here/],
    ['has no room', { freeBytes: 1e6 }, /1.0 MB free on ext4, which is too little/],
  ])('that %s is missing, with what to do', (_, changes, words) => {
    const finding = folderFinding(question, { ...good, ...changes });
    expect(finding).toMatchObject({ status: 'missing', mend: 'go elsewhere' });
    expect(finding.says).toMatch(words);
  });

  it('with little room is noted', () => {
    expect(folderFinding(question, { ...good, freeBytes: 1e9 })).toMatchObject({ status: 'note' });
  });

  it('on a disk that does not answer is missing', () => {
    const finding = folderFinding(question, { error: 'the disk gave no answer within 15 s' });
    expect(finding).toMatchObject({ status: 'missing', facts: { freeBytes: null } });
  });
});
