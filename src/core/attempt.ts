/** Reading what may be absent or damaged, where what is lost is made anew. */

/** What reading gives; undefined where it fails, whatever the reason. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
