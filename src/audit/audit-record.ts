/** The schema of an audit as a study keeps it: checked where it is read. */
import { z } from 'zod';
import { AUDIT_VERSION, type AuditReport } from './audit-report.js';

const count = z.number().int().min(0);
const share = z.number().nullable();
const level = z.string();
const kind = z.enum(['answers', 'entities', 'numbers', 'dates']);
const rates = z.object({ macro: share, micro: share });

const quantiles = z.object({
  min: z.number(),
  p5: z.number(),
  p25: z.number(),
  median: z.number(),
  p75: z.number(),
  p95: z.number(),
  max: z.number(),
});

const distribution = z.object({
  n: count,
  quantiles: quantiles.nullable(),
  histogram: z.array(z.object({ start: z.number(), end: z.number(), count })),
});

const retention = z.object({ facts: count, kept: count, share, macro: share, ofOriginal: share });

const truncation = z.object({
  samples: count,
  shortened: count,
  lostEvidence: count,
  lostQuestion: count,
  lostAnswer: count,
  impossible: count,
  longest: count,
});

const levelAudit = z.object({
  level,
  n: count,
  texts: count,
  words: z.number(),
  description: z.string().nullable(),
  tokens: z.object({ original: z.number(), level: z.number(), mean: z.number() }),
  trr: rates,
  sampleTrr: rates.nullable(),
  distribution,
  grew: z.object({ count, items: z.array(z.string()) }),
  retention: z.record(kind, retention),
  density: z.object({ factsPer1000Tokens: share, bitsPerToken: share, bits: z.enum(['recorded', 'estimated']) }),
  truncation: truncation.nullable(),
  verdict: z.string(),
});

const itemAudit = z.object({
  item: z.string(),
  level,
  tokens: count,
  originalTokens: count.nullable(),
  trr: share,
  retention: z.record(kind, share),
});

const view = z.object({
  item: z.string(),
  facts: z.array(z.object({ kind, label: z.string() })),
  levels: z.array(
    z.object({
      level,
      text: z.string(),
      tokens: count,
      trr: share,
      spans: z.array(z.object({ start: count, end: count, fact: count })),
      lost: z.array(count),
    }),
  ),
});

/** One data set's audit. */
export const auditRecord: z.ZodType<AuditReport> = z.object({
  version: z.literal(AUDIT_VERSION),
  dataset: z.string(),
  tokenizer: z.string(),
  maxLength: count.nullable(),
  items: count,
  questions: count,
  levels: z.array(levelAudit),
  perItem: z.array(itemAudit),
  views: z.array(view),
});
