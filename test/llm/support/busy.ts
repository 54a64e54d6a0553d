/** Whether the machine leaves this process the time it needs: a throughput measured on a starved one says nothing. */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Mean lateness of timers, in milliseconds, at which a process counts as starved. */
const STARVED_MS = 25;

/** Starts watching; the returned function ends it and tells the mean lateness, and whether that is too much to measure by. */
export function watchBusyness(): () => { readonly latenessMs: number; readonly starved: boolean } {
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  return () => {
    delays.disable();
    const latenessMs = delays.mean / 1e6 - 10;
    return { latenessMs, starved: latenessMs > STARVED_MS };
  };
}

/** Expects a share of the theoretical throughput, unless the machine was too busy to tell, which is said aloud. */
export function tellThroughput(
  name: string,
  share: number,
  busy: ReturnType<ReturnType<typeof watchBusyness>>,
): boolean {
  const note = busy.starved ? `: NOT JUDGED, the machine is too busy` : '';
  console.log(
    `${name}: ${(100 * share).toFixed(1)} % of the theoretical throughput; timers ${busy.latenessMs.toFixed(1)} ms late${note}`,
  );
  return !busy.starved;
}
