/** How many processes the kernel has killed for memory: tells a worker that it killed from one that a person or a scheduler did. */
import { readFileSync } from 'node:fs';

/** Its count since the machine started, of all processes; null where it does not tell. */
export function oomKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}
