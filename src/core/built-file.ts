/** Files of the built package, for processes and threads that are started on one. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a built file, e.g. `study/worker.js`, seen from the built package and from the sources alike; throws where the sources were never built. */
export function builtFile(name: string): string {
  const places = [`../${name}`, `../../dist/${name}`].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`no ${name} at ${places.join(' or ')}: run npm run build first`);
  return found;
}
