/** Where the worker's built module lies, seen from the built package and from the sources alike. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of `worker.js`; throws where the sources were never built. */
export function workerEntry(): string {
  const places = ['./worker.js', '../../dist/study/worker.js'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`no worker at ${places.join(' or ')}: run npm run build first`);
  return found;
}
