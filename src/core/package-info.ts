/** What package.json says of this package. */
import { readFileSync } from 'node:fs';

export interface PackageInfo {
  readonly version: string;
  readonly description: string;
}

/** Name-giving facts of the package, read from the package.json that lies beside `dist` or `src`. */
export function packageInfo(): PackageInfo {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageInfo;
}
