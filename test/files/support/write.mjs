// Writes a file and a folder over those that are there: what the kill test starts with a kill at one of the renames.
import { join } from 'node:path';
const dist = (path) => import(new URL(join('../../../dist', path), import.meta.url).href);
const { writeWhole } = await dist('files/write-whole.js');
const { writeFolder } = await dist('files/write-folder.js');
const [folder, text] = process.argv.slice(2);
writeWhole(join(folder, 'file'), [text, text]);
writeFolder(join(folder, 'folder'), (scratch) => {
  for (const name of ['a', 'b']) writeWhole(join(scratch, name), text);
});
