/** How adapters of a text book, their cost and what they are compared with are put in words. */
import type { MeanEstimate } from '../../core/statistics.js';
import { knowledgeWords } from '../../words/knowledge.js';
import { numberWords } from '../../words/numbers.js';
import { counted, minus, percent, shortLevel } from '../wording.js';
import type { Contrast } from './contrasts.js';
import type { KnowledgeCell } from './knowledge-cell.js';

/** `mix, original, rank 4`. */
export function adapterName({ level, form, rank }: Pick<KnowledgeCell, 'level' | 'form' | 'rank'>): string {
  return knowledgeWords().adapter(form, shortLevel(level), rank);
}

/** `−0.80 bits a token`, `+0.12 bits a token`. */
export function signedBits(bits: number): string {
  return numberWords().bitsEach(signed(bits, 2));
}

/** A number with its sign; zero has none. */
export function signed(value: number, decimals: number): string {
  const text = minus(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** How the loss on other text went: `falls by 0.80 bits a token (−0.90 to −0.68)`; a change that its interval does not carry is called none. */
export function riseText(rise: MeanEstimate): string {
  const { mean, low, high } = rise;
  const words = knowledgeWords();
  const interval = Number.isNaN(low) ? null : numberWords().interval(signed(low, 2), signed(high, 2));
  if (low > 0 || high < 0) return words.change(riseWords(rise), interval);
  return words.noChangeOf(signedBits(mean), interval);
}

/** The same without its interval, and without a size that the interval does not carry. */
export function riseWords({ mean, low, high }: MeanEstimate): string {
  const words = knowledgeWords();
  const size = minus(Math.abs(mean), 2);
  if (low > 0) return words.rises(size);
  return high < 0 ? words.falls(size) : words.noChange;
}

/** `+10.4 points, joint interval −10.3 to +31.2`. */
export function contrastText({ difference, low, high }: Contrast): string {
  const [d = '', l = '', h = ''] = [difference, low, high].map((value) => signed(100 * value, 1));
  const interval = Number.isNaN(low) ? numberWords().noInterval : numberWords().jointInterval(l, h);
  return knowledgeWords().contrast(d, interval);
}

/** `96 questions about 16 items`. */
export function contrastCount({ questions, items }: Contrast): string {
  return knowledgeWords().contrastCount(counted(questions, 'question'), counted(items, 'item'));
}

/** `rank 4 17.6 %`. */
export function recallAt(place: string, { trained }: Pick<KnowledgeCell, 'trained'>): string {
  return knowledgeWords().at(place, percent(trained.mean));
}

/** Bits a parameter to two digits, however few: `0.014`, `0.000018`; `–` where unknown. */
export function bitsEach(bitsPerParameter: number | null): string {
  return bitsPerParameter === null ? '–' : String(Number(bitsPerParameter.toPrecision(2)));
}
