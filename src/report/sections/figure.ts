/** A figure: a chart with its words. */
import { numberWords } from '../../words/numbers.js';
import { NARROW, WIDE, type ChartSize } from '../charts/frame.js';
import { html, trusted, type Html } from '../html.js';

/** A chart with its words. */
export interface Figure {
  /** File name without ending, e.g. `wikiupdate-open-compression`. */
  readonly name: string;
  readonly title: string;
  readonly finding: string;
  readonly notes: readonly string[];
  readonly draw: (size: ChartSize) => string;
}

/** The figure under its number, drawn for wide and for narrow screens. */
export function figureHtml({ title, finding, notes, draw }: Figure, number: number): Html {
  return html`<figure>
    <figcaption class="title"><span class="number">${number}</span> ${title}</figcaption>
    <p class="finding">${finding}</p>
    <div class="wide">${trusted(draw(WIDE))}</div>
    <div class="narrow">${trusted(draw(NARROW))}</div>
    <p class="note">${numberWords().sentences(notes)}</p>
  </figure>`;
}
