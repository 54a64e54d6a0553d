/** Pictures of what benches found, as SVG files. */
import { writeFileSync } from 'node:fs';
import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';

/** Size of one panel, in pixels. */
export interface Panel {
  readonly width: number;
  readonly height: number;
}

/** One chart as SVG text. */
export function chart(options: Plot.PlotOptions): string {
  return Plot.plot({ ...options, document: new JSDOM('').window.document }).outerHTML;
}

/** Writes charts into one file, `rows` of them one below the other in every column. */
export function drawPanels(path: string, panels: readonly string[], { width, height }: Panel, rows = 1): void {
  const placed = panels.map((each, i) =>
    each.replace('<svg', `<svg x="${Math.floor(i / rows) * width}" y="${(i % rows) * height}"`),
  );
  const [across, down] = [Math.ceil(panels.length / rows) * width, rows * height];
  writeFileSync(
    path,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${across} ${down}" width="${across}" height="${down}">` +
      `<rect width="${across}" height="${down}" fill="white"/>${placed.join('')}</svg>\n`,
  );
}

/** One contestant's bar: a value, and the text beside it. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly text: string;
  readonly isOurs: boolean;
}

const OURS = '#0072b2';
const OTHERS = '#bbb';

/** Bars below a title. */
export function bars(title: string, values: readonly Bar[], { width, height }: Panel): string {
  return chart({
    ...{ width, height, marginLeft: 150, marginRight: 70, marginTop: 40 },
    x: { axis: null },
    y: { label: null, tickSize: 0, domain: values.map(({ name }) => name) },
    marks: [
      Plot.barX(values, { x: 'value', y: 'name', fill: ({ isOurs }: Bar) => (isOurs ? OURS : OTHERS) }),
      Plot.text(values, { x: 'value', y: 'name', text: 'text', textAnchor: 'start', dx: 5 }),
      Plot.text([title], { frameAnchor: 'top-left', dx: -145, dy: -30, fontWeight: 'bold' }),
      Plot.ruleX([0]),
    ],
  });
}
