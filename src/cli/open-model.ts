/** Opening the model that a command was given: by path, or by its name on the hub, fetched with progress where it is not in the cache. */
import type { HubProgress } from '../models/hub/hub.js';
import { BUNDLED, bundledModelPath, fetchModel } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import { visibleText } from '../text/visible.js';
import { Progress } from './progress.js';

/** What `--model` says in the help. */
export const MODEL_HELP = 'Hugging Face folder, GGUF file, name on the hub (ORGANISATION/NAME), or bundled';

function begun(name: string, bytes: number, silent: boolean): Progress {
  const progress = new Progress({ label: `fetching ${name}`, total: Math.ceil(bytes / 1e6), unit: 'MB', silent });
  progress.print(`fetching ${name}: ${(bytes / 1e6).toFixed(1)} MB into the hub's cache`);
  return progress;
}

/** Says on standard error what is odd about a model. */
export function tellNotes({ name, notes = [] }: Pick<LoadedModel, 'name' | 'notes'>): void {
  for (const note of notes) process.stderr.write(`note: ${visibleText(`${name}: ${note}`)}\n`);
}

/** Opens a model, and says what is odd about it unless it is to be silent; without a name, the bundled one. Throws UserError. */
export async function openModel(name: string = BUNDLED, silent = false): Promise<LoadedModel> {
  let progress: Progress | undefined;
  const onProgress = ({ file, received, total }: HubProgress): void => {
    progress ??= begun(name, total, silent);
    progress.update(Math.floor(received / 1e6), file);
  };
  try {
    const model = await fetchModel(name === BUNDLED ? bundledModelPath() : name, { onProgress });
    if (!silent) tellNotes(model);
    return model;
  } finally {
    progress?.end();
  }
}
