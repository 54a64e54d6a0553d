/** What an adapter of a text book costs its base, in words: one sentence for each thing that was measured. */
import type { AdapterVariant } from '../run-summary.js';
import { knowledgeWords } from '../../words/knowledge.js';
import { counted, minus, percent, whole } from '../wording.js';
import type { KnowledgeCell } from './knowledge-cell.js';
import { riseText } from './words.js';

/** Sentences about the adapter's cost; none where it was not measured and nothing was known. */
export function costSentences({ cost, known, rank }: KnowledgeCell): string[] {
  const lost = knownSentence(known);
  if (cost === null) return lost;
  const { generalRise, divergence, reading, variants } = cost;
  const words = knowledgeWords();
  return [
    words.cost(riseText(generalRise)),
    words.diverges(minus(divergence.mean, 2)),
    ...lost,
    ...(reading === null
      ? []
      : [words.reading(counted(reading.asked, 'question'), whole(reading.rightToWrong), whole(reading.wrongToRight))]),
    ...strengthSentence(variants, rank),
  ];
}

function knownSentence({ asked, lost }: KnowledgeCell['known']): string[] {
  if (asked === 0) return [];
  return [knowledgeWords().knownLost(counted(asked, 'fact'), whole(lost))];
}

/** The strength nearest to a half. */
function strengthSentence(variants: readonly AdapterVariant[], own: number): string[] {
  const weaker = variants.filter(({ scale, rank, recall }) => scale < 1 && rank === own && recall !== null);
  const [half] = weaker.sort((a, b) => Math.abs(a.scale - 0.5) - Math.abs(b.scale - 0.5));
  if (half === undefined) return [];
  return [knowledgeWords().strength(percent(half.scale, 0), percent(half.recall), riseText(half.generalRise))];
}
