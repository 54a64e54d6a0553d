/** What an adapter of a text book costs its base, in words: one sentence for each thing that was measured. */
import type { AdapterVariant } from '../run-summary.js';
import { counted, minus, percent, whole } from '../wording.js';
import type { KnowledgeCell } from './knowledge-cell.js';
import { riseText } from './words.js';

/** Sentences about the adapter's cost; none where it was not measured and nothing was known. */
export function costSentences({ cost, known, rank }: KnowledgeCell): string[] {
  const lost = knownSentence(known);
  if (cost === null) return lost;
  const { generalRise, divergence, reading, variants } = cost;
  return [
    `Cost to the base: the loss on other text ${riseText(generalRise)}.`,
    `On the base’s own samples it diverges from the base by ${minus(divergence.mean, 2)} bits a token.`,
    ...lost,
    ...(reading === null
      ? []
      : [
          `Of ${counted(reading.asked, 'question')} about other texts, asked with the text in the prompt, it loses ${whole(reading.rightToWrong)} and wins ${whole(reading.wrongToRight)}.`,
        ]),
    ...strengthSentence(variants, rank),
  ];
}

function knownSentence({ asked, lost }: KnowledgeCell['known']): string[] {
  if (asked === 0) return [];
  return [`Of ${counted(asked, 'fact')} that the base knew without any text, it loses ${whole(lost)}.`];
}

/** The strength nearest to a half. */
function strengthSentence(variants: readonly AdapterVariant[], own: number): string[] {
  const weaker = variants.filter(({ scale, rank, recall }) => scale < 1 && rank === own && recall !== null);
  const [half] = weaker.sort((a, b) => Math.abs(a.scale - 0.5) - Math.abs(b.scale - 0.5));
  if (half === undefined) return [];
  return [
    `At ${percent(half.scale, 0)} of its strength it answers ${percent(half.recall)}, and that loss ${riseText(half.generalRise)}.`,
  ];
}
