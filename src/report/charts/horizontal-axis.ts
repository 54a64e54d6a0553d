/** Where a level stands on the horizontal axis: even steps, by the logarithm of the tokens left where levels crowd near 100 %, or broken where one lies far off. */
import type { ScaleOptions } from '@observablehq/plot';
import { distinct } from '../../core/collections.js';
import { chartWords } from '../../words/charts.js';
import { horizontalScale, horizontalTicks, type ChartSize } from './frame.js';

export interface HorizontalAxis {
  /** From a value to its place on the axis. */
  readonly position: (value: number) => number;
  /** Label and ticks for a domain in places. */
  readonly options: (domain: readonly [number, number], size: ChartSize) => ScaleOptions;
  /** The place where the axis is broken; null where it is whole. */
  readonly breakAt: number | null;
}

/** What texts kept: even steps. */
export function retentionAxis(): HorizontalAxis {
  return evenAxis(chartWords().answersKept);
}

/** The axis of token reduction rates on which these values can be told apart. */
export function trrAxis(values: readonly number[]): HorizontalAxis {
  if (values.filter((trr) => trr > 0.9).length >= 3) return logarithmicAxis();
  const grown = distinct(values.filter((trr) => trr < FARTHEST_GROWN)).sort((a, b) => b - a);
  const isMixed = new Set(values).size - grown.length > 1;
  return grown.length > 0 && isMixed ? brokenAxis(grown) : evenAxis(chartWords().tokensSaved);
}

function evenAxis(label: string): HorizontalAxis {
  return {
    position: (value) => value,
    options: (_, size) => ({
      label,
      ticks: horizontalTicks(size),
      tickFormat: (x: number) => chartWords().percent(minusPercent(x)),
    }),
    breakAt: null,
  };
}

/** Texts that grew by more than this stand left of a break, where they take no room from the others. */
const FARTHEST_GROWN = -0.15;
const BREAK = -0.18;
/** The first place left of the break, and the step from one to the next. */
const [FIRST_GROWN, NEXT_GROWN] = [-0.28, -0.14];

/** Even steps from the break on; left of it one place after the other, each with its own value as a tick. */
function brokenAxis(grown: readonly number[]): HorizontalAxis {
  const placeOf = (i: number): number => FIRST_GROWN + i * NEXT_GROWN;
  return {
    position: (trr) => (trr < FARTHEST_GROWN ? placeOf(grown.indexOf(trr)) : trr),
    options: (domain, size) => {
      const ticks = [...grown.map((trr, i) => ({ trr, x: placeOf(i) })), ...evenTicks(domain, size)];
      return {
        label: chartWords().tokensSavedBroken,
        ticks: ticks.map(({ x }) => x),
        tickFormat: (x: number) => chartWords().percent(minusPercent(ticks.find((tick) => tick.x === x)?.trr ?? 0)),
      };
    },
    breakAt: BREAK,
  };
}

function evenTicks(domain: readonly [number, number], size: ChartSize): { trr: number; x: number }[] {
  const across = horizontalScale(domain, size);
  const step = across(0.2) - across(0) > 42 ? 0.2 : 0.5;
  return Array.from({ length: Math.round(1 / step) + 1 }, (_, i) => ({ trr: i * step, x: i * step })).filter(
    ({ x }) => x <= domain[1],
  );
}

const CROWDED_TICKS = [-1, 0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

/** By the logarithm of the tokens left. */
function logarithmicAxis(): HorizontalAxis {
  const position = (trr: number): number => -Math.log10(Math.max(1e-4, 1 - trr));
  return {
    position,
    options: (domain, size) => {
      const across = horizontalScale(domain, size);
      let last = -Infinity;
      const ticks = CROWDED_TICKS.map((trr) => ({ trr, x: position(trr) })).filter(({ x }) => {
        const fits = x >= domain[0] && x <= domain[1] && across(x) - last > 42;
        if (fits) last = across(x);
        return fits;
      });
      return {
        label: chartWords().tokensSavedLog,
        ticks: ticks.map(({ x }) => x),
        tickFormat: (x: number) =>
          chartWords().percent(minusPercent(ticks.find((tick) => tick.x === x)?.trr ?? 0, true)),
      };
    },
    breakAt: null,
  };
}

function minusPercent(share: number, fine = false): string {
  const digits = fine ? String(Number((100 * Math.abs(share)).toFixed(1))) : Math.abs(100 * share).toFixed(0);
  return share < 0 && digits !== '0' ? `−${digits}` : digits;
}
