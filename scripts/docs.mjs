// Writes what documents say of the schema into them: `npm run docs` after a change of the study file's keys.
import { readFileSync, writeFileSync } from 'node:fs';
import { studyReference } from '../dist/study/reference.js';

const path = new URL('../docs/study-file.md', import.meta.url);
const begin = '<!-- made by npm run docs: begin -->\n';
const end = '<!-- made by npm run docs: end -->';
const old = readFileSync(path, 'utf8');
const head = old.slice(0, old.indexOf(begin) + begin.length);
writeFileSync(path, `${head}\n${studyReference()}\n${old.slice(old.indexOf(end))}`);
