/** Where the names of points go, so that they hide neither each other nor a point: the first free place around each. */
import { textWidth } from './text-width.js';

export interface NamedPoint {
  readonly text: string;
  /** Pixels from the left and the top of the drawing. */
  readonly x: number;
  readonly y: number;
  /** Ends of its interval, in pixels from the top. */
  readonly top: number;
  readonly bottom: number;
}

/** Offset of a name's middle from its point, in pixels. */
export interface NamePlace {
  readonly dx: number;
  readonly dy: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const LETTER = 7.4;
const LINE = 14;
const POINT = 7;

/** Places names from left to right; where no place is free, the one that hides least. */
export function placeNames(points: readonly NamedPoint[], bounds: Box): NamePlace[] {
  const taken: Box[] = points.flatMap(({ x, y, top, bottom }) => [
    { left: x - POINT, right: x + POINT, top: y - POINT, bottom: y + POINT },
    { left: x - 1.5, right: x + 1.5, top, bottom },
  ]);
  const places = new Array<NamePlace>(points.length);
  const order = [...points.keys()].sort((a, b) => (points[a]?.x ?? 0) - (points[b]?.x ?? 0));
  for (const i of order) {
    const point = points[i] as NamedPoint;
    const free = candidates(point).map((place) => ({ place, box: boxOf(point, place) }));
    const cost = ({ box }: { box: Box }): number =>
      taken.reduce((sum, other) => sum + overlap(box, other), 0) + outside(box, bounds);
    const best = free.reduce((a, b) => (cost(b) < cost(a) ? b : a));
    places[i] = best.place;
    taken.push(best.box);
  }
  return places;
}

/** Share of a name that another one may hide before it is left out. */
const MOST_HIDDEN = 0.1;

/** The same where there may be too many: a name that would hide one before it is left out (null). */
export function roomyPlaces(points: readonly NamedPoint[], bounds: Box): (NamePlace | null)[] {
  const shown: Box[] = [];
  return placeNames(points, bounds).map((place, i) => {
    const box = boxOf(points[i] as NamedPoint, place);
    const most = MOST_HIDDEN * (box.right - box.left) * LINE;
    if (shown.some((other) => overlap(box, other) > most)) return null;
    shown.push(box);
    return place;
  });
}

/** Points that hide each other as one point with all their names, at the first one's place. */
export function together<T extends NamedPoint>(points: readonly T[]): T[] {
  const apart: T[] = [];
  for (const point of points) {
    const at = apart.findIndex(({ x, y }) => Math.hypot(x - point.x, y - point.y) < POINT);
    const first = apart[at];
    if (first === undefined) apart.push(point);
    else apart[at] = { ...first, text: `${first.text}, ${point.text}` };
  }
  return apart;
}

/** Above and below the interval first, then beside the point, then farther off. */
function candidates({ text, y, top, bottom }: NamedPoint): NamePlace[] {
  const above = Math.min(top, y - POINT) - y - LINE / 2;
  const below = Math.max(bottom, y + POINT) - y + LINE / 2;
  const beside = textWidth(text, LETTER) / 2 + POINT + 2;
  return [
    ...[above, below].map((dy) => ({ dx: 0, dy })),
    ...[beside, -beside].map((dx) => ({ dx, dy: 0 })),
    ...[beside, -beside].flatMap((dx) => [above, below].map((dy) => ({ dx: dx / 1.5, dy }))),
    ...[1, 2].flatMap((step) => [above - step * LINE, below + step * LINE].map((dy) => ({ dx: 0, dy }))),
  ];
}

function boxOf({ text, x, y }: NamedPoint, { dx, dy }: NamePlace): Box {
  const half = textWidth(text, LETTER) / 2;
  return { left: x + dx - half, right: x + dx + half, top: y + dy - LINE / 2, bottom: y + dy + LINE / 2 };
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Area out of bounds, counted heavily. */
function outside(box: Box, bounds: Box): number {
  const area = (box.right - box.left) * (box.bottom - box.top);
  return 10 * (area - overlap(box, bounds));
}
