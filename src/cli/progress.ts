/** Progress of long work on standard error: a line that moves on a terminal, plain lines now and then elsewhere. */
import { durationText } from '../text/duration.js';
import { visibleText } from '../text/visible.js';

export interface ProgressOptions {
  /** What is being done, e.g. `training`. */
  readonly label: string;
  /** Amount of the whole work, in any unit. */
  readonly total: number;
  /** The unit's plural, e.g. `items`; without it the share is shown in per cent and no rate. */
  readonly unit?: string;
  /** Shows nothing, as with `--json`; default no. */
  readonly silent?: boolean;
  /** Default standard error. */
  readonly stream?: ProgressStream;
  /** Monotonic time in milliseconds; default `performance.now`. */
  readonly now?: () => number;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What is known of long work beside what is done. */
interface Foreseen {
  readonly total?: number;
  readonly secondsLeft?: number;
}

/** Milliseconds between two lines on a terminal, and elsewhere. */
const TERMINAL_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5_000;

/** One piece of long work; `update` as often as you like, `end` once. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  readonly #start: number;
  #shown: number;
  #done: number;
  #from: number;
  #known: Foreseen = {};

  /** `from` is what was done before this process began, which says nothing of its speed; default 0. */
  constructor(options: ProgressOptions, from = 0) {
    this.#options = options;
    this.#stream = options.stream ?? process.stderr;
    this.#now = options.now ?? (() => performance.now());
    this.#start = this.#now();
    this.#shown = this.#stream.isTTY === true ? -Infinity : this.#start - PLAIN_EVERY_MS + 1_000;
    this.#done = from;
    this.#from = from;
  }

  /** Tells how much is done by now, and what is under way; and where they are known better, the whole by now and the time left. */
  update(done: number, note = '', known: Foreseen = {}): void {
    this.#done = done;
    this.#known = known;
    const every = this.#stream.isTTY === true ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
    const now = this.#now();
    if (this.#options.silent === true || now - this.#shown < every) return;
    this.#shown = now;
    this.#write(this.#line(now, note));
  }

  /** Counts work as done that took no time, such as what an earlier call finished. */
  skip(amount: number): void {
    this.#done += amount;
    this.#from += amount;
  }

  /** Writes a line that stays, above the moving one. */
  print(text: string): void {
    if (this.#options.silent === true) return;
    this.#clear();
    this.#stream.write(`${visibleText(text)}\n`);
  }

  /** Clears the moving line. */
  end(): void {
    this.#clear();
  }

  #line(now: number, note: string): string {
    const { label, unit } = this.#options;
    const total = this.#known.total ?? this.#options.total;
    const seconds = (now - this.#start) / 1000;
    const rate = (this.#done - this.#from) / seconds;
    const share = total > 0 ? Math.min(1, this.#done / total) : 0;
    const amount =
      unit === undefined ? `${Math.floor(100 * share)} %` : `${Math.floor(this.#done)} of ${total} ${unit}`;
    const known = Number.isFinite(rate) && rate > 0;
    const left = this.#known.secondsLeft ?? (known ? (total - this.#done) / rate : undefined);
    const parts = [
      `${label}: ${amount}`,
      ...(known && unit !== undefined ? [rateText(rate, unit)] : []),
      ...(left !== undefined && this.#done < total ? [`${durationText(left)} left`] : []),
      ...(note === '' ? [] : [note]),
    ];
    return visibleText(parts.join(', '));
  }

  #write(line: string): void {
    if (this.#stream.isTTY !== true) this.#stream.write(`${line}\n`);
    else this.#stream.write(`\r\u001b[2K${cut(line.replace(/\n/g, ' '), (this.#stream.columns ?? 80) - 1)}`);
  }

  #clear(): void {
    if (this.#stream.isTTY === true && this.#options.silent !== true) this.#stream.write('\r\u001b[2K');
  }
}

/** `12 texts/s`, `0.4 texts/s`, `3.1 texts/min`. */
function rateText(rate: number, unit: string): string {
  if (rate >= 10) return `${rate.toFixed(0)} ${unit}/s`;
  return rate >= 0.1 ? `${rate.toFixed(1)} ${unit}/s` : `${(60 * rate).toFixed(1)} ${unit}/min`;
}

function cut(line: string, width: number): string {
  const characters = [...line];
  return characters.length > width ? `${characters.slice(0, Math.max(0, width - 1)).join('')}…` : line;
}
