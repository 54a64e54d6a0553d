/** What a fine-tuning's log says of a step: apart, for whoever reads the log without training. */
import { z } from 'zod';

/** A line of `metrics.jsonl`. */
export const stepMetric = z.object({
  step: z.int(),
  epoch: z.int(),
  loss: z.number(),
  learningRate: z.number(),
  gradientNorm: z.number(),
  tokens: z.int(),
  heldOutLoss: z.number().optional(),
});

/** A line of a fine-tuning's log: one step. */
export type StepMetric = z.infer<typeof stepMetric>;
