/** `lightmem cache`: where replies of endpoints and local models are kept, how much that is, and removing them. */
import type { Command } from 'commander';
import { cacheSize, clearCache, type CacheSize } from '../llm/spend/cache-folder.js';
import { cacheFolder } from '../llm/spend/reply-cache.js';
import { bytesText } from '../text/bytes.js';
import { visibleText } from '../text/visible.js';

interface Options {
  readonly clear?: boolean;
  readonly json?: boolean;
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('cache')
    .option('--clear', 'remove all replies; texts, answers and verdicts of studies stay')
    .option('--json', 'one JSON document on standard output')
    .addHelpText('after', HELP)
    .action(run);
}

const HELP = `
A reply is found again by the address and name of the endpoint (--endpoint-name), the model's name, the messages,
and what was wished for (limits, temperature, seed …): what answers behind that address is not known. Where another
server answers there, give it a name, or switch the cache off: --no-cache, "cache: false" in a study file, or
LIGHTMEM_CACHE=off. LIGHTMEM_CACHE names another folder.`;

async function run({ clear = false, json = false }: Options): Promise<void> {
  const folder = cacheFolder();
  const size = folder === null ? { replies: 0, bytes: 0 } : await (clear ? clearCache : cacheSize)(folder);
  process.stdout.write(json ? `${JSON.stringify({ folder, ...size, cleared: clear })}\n` : text(folder, size, clear));
}

function text(folder: string | null, { replies, bytes }: CacheSize, cleared: boolean): string {
  if (folder === null) return 'no cache: LIGHTMEM_CACHE is off\n';
  const what = `${replies} ${replies === 1 ? 'reply' : 'replies'}, ${bytesText(bytes)}`;
  return `${visibleText(folder)}\n${cleared ? `removed: ${what}` : what}\n`;
}
