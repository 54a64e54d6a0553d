/** A command as a line of shell with places for what a job is: which places there are, and values quoted so that the shell takes each for one word. */
import { UserError } from '../core/errors.js';

/** What may stand in braces. */
export const PLACEHOLDERS = ['folder', 'study', 'name', 'threads', 'memory', 'slot'] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** `{name}` or `{name:remote}`; `${name}` is the shell's own. */
const PLACE = /(?<!\$)\{([A-Za-z]+)(:[A-Za-z]+)?\}/g;

/** What is wrong with a command; undefined where nothing is. */
export function commandProblem(command: string): string | undefined {
  const places = [...command.matchAll(PLACE)];
  for (const { 0: place, 1: name = '', 2: form, index } of places) {
    if (!isPlaceholder(name))
      return `${place} is not known: use ${PLACEHOLDERS.map((each) => `{${each}}`).join(', ')}; braces of the shell's own need a $ or a comma`;
    if (form !== undefined && form !== ':remote')
      return `${place} is not known: use {${name}}, or {${name}:remote} for a shell that the command hands it to`;
    if (isQuotedAt(command, index)) return `${place} stands within quotes: take it out of them, it is quoted by itself`;
  }
  if (!places.some(({ 1: name }) => name === 'folder'))
    return 'does not say which run: put {folder} where the run’s folder belongs, e.g. ssh node1 lightmem run {folder}';
  return undefined;
}

function isPlaceholder(name: string): name is Placeholder {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}

/** Whether a place of a line of shell is within quotes. */
function isQuotedAt(command: string, index: number): boolean {
  let open = '';
  for (let i = 0; i < index; i++) {
    const sign = command.charAt(i);
    if (sign === '\\' && open !== "'") i++;
    else if (open === '' && (sign === "'" || sign === '"')) open = sign;
    else if (sign === open) open = '';
  }
  return open !== '';
}

/** The line with values in their places. ssh hands its words to a shell over there, so that behind it values are quoted for both. */
export function filledCommand(command: string, values: Readonly<Record<Placeholder, string | number>>): string {
  const problem = commandProblem(command);
  if (problem !== undefined) throw new UserError(`command ${problem}`);
  const isSsh = /^\s*(\S*\/)?ssh\s/.test(command);
  return command.replace(PLACE, (_, name: Placeholder, form?: string) => {
    const word = shellWord(String(values[name]));
    return isSsh || form !== undefined ? shellWord(word) : word;
  });
}

/** A text as one word of a POSIX shell; what needs no quotes gets none. */
export function shellWord(text: string): string {
  return /^[\w/.:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Folders as another machine sees them: beginnings of paths here, and what stands for them there. */
export type PathMap = Readonly<Record<string, string>>;

/** A path as seen there; the longest beginning that fits counts, and without one the path is the same. */
export function mappedPath(path: string, paths: PathMap): string {
  const fitting = Object.keys(paths)
    .filter((from) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`))
    .sort((a, b) => b.length - a.length)[0];
  return fitting === undefined ? path : `${paths[fitting] ?? ''}${path.slice(fitting.length)}`;
}
