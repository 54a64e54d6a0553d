/** A question about an item: one schema, from which its type, its reading and its checking come. */
import { z } from 'zod';

/** A question as records hold it. */
export const questionRecord = z.object({
  /** Unique within the item. */
  id: z.string(),
  /** The whole wording put to the model, e.g. `Complete the sentence: Misty Buscher is the mayor of`. */
  prompt: z.string(),
  /** Further wordings to train on in closed book, where a fact seen in one wording alone is learnt as a string. */
  paraphrases: z.array(z.string()).readonly().exactOptional(),
  /** A wording kept for testing only: when present it is asked in evaluation and never trained on. */
  testPrompt: z.string().exactOptional(),
  /** Accepted answers; the first is the reference and the one trained on. Never empty. */
  answers: z.array(z.string()).min(1).readonly(),
  /** Question type: a LongMemEval type, a relation's name, or `fact`. */
  type: z.string(),
  /** Whether the right answer is that the text does not say. */
  abstention: z.boolean().exactOptional(),
  /** Information of the answer in bits, where known (a choice among n equally likely values has log2 n). */
  bits: z.number().nonnegative().exactOptional(),
  /** The subject the question is about, where known: words of it earn no credit in judging. */
  subject: z.string().exactOptional(),
  /** What of the text the answer rests on, as the text has it. */
  evidence: z.string().exactOptional(),
  /** When the question is asked (LongMemEval's `question_date`). */
  date: z.string().exactOptional(),
});

/** One question about an item. */
export type Question = Readonly<z.infer<typeof questionRecord>>;
