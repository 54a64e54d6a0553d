/** Opening the model that a command was given: by path, or by its name on the hub, fetched with progress where it is not in the cache. */
import type { HubProgress } from '../models/hub/hub.js';
import { bundledModelPath, fetchModel } from '../models/load.js';
import type { LoadedModel } from '../models/model.js';
import { Progress } from './progress.js';

/** What `--model` says in the help. */
export const MODEL_HELP = 'Hugging Face folder, GGUF file, or name on the hub (ORGANISATION/NAME)';

function begun(name: string, bytes: number, silent: boolean): Progress {
  const progress = new Progress({ label: `fetching ${name}`, total: Math.ceil(bytes / 1e6), unit: 'MB', silent });
  progress.print(`fetching ${name}: ${(bytes / 1e6).toFixed(1)} MB into the hub's cache`);
  return progress;
}

/** Opens a model; without a name, the bundled one. Throws UserError. */
export async function openModel(name: string = bundledModelPath(), silent = false): Promise<LoadedModel> {
  let progress: Progress | undefined;
  const onProgress = ({ file, received, total }: HubProgress): void => {
    progress ??= begun(name, total, silent);
    progress.update(Math.floor(received / 1e6), file);
  };
  try {
    return await fetchModel(name, { onProgress });
  } finally {
    progress?.end();
  }
}
