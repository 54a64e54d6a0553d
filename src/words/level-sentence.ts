/** A level's audit in one line of plain words. */
import type { Level } from '../core/levels.js';
import { auditWords } from './audit.js';

/** What the sentence is told from. */
export interface AuditedNumbers {
  readonly level: Level;
  /** Items that have both this text and the original. */
  readonly n: number;
  /** Items that have this text; default `n`. */
  readonly texts?: number;
  readonly trr: { readonly macro: number | null };
  readonly grew: { readonly count: number };
  readonly retention: {
    readonly answers: { readonly share: number | null; readonly ofOriginal: number | null };
    readonly entities: { readonly share: number | null };
  };
  readonly truncation: {
    readonly samples: number;
    readonly lostEvidence: number;
    readonly shortened: number;
    readonly impossible: number;
  } | null;
}

/** What stands out at a level: length, then what was kept, then what a training run would lose. */
export function levelSentence(audit: AuditedNumbers): string {
  const parts = audit.level === 'original' ? [originalPart(audit)] : [lengthPart(audit), keptPart(audit)];
  return auditWords().joined([...parts, grownPart(audit), ...cutParts(audit)].filter((part) => part !== ''));
}

function originalPart({ retention: { answers }, n, texts = n }: AuditedNumbers): string {
  const words = auditWords();
  return answers.share === null ? words.sourceWithout(words.text(texts)) : words.source(percent(answers.share));
}

function lengthPart({ trr: { macro }, n }: AuditedNumbers): string {
  const words = auditWords();
  if (macro === null) return words.nothingToCompare(n);
  if (macro < 0) return words.longer(percent(-macro));
  return macro < 0.02 ? words.asLong : words.shorter(percent(macro));
}

function keptPart({ retention: { answers, entities } }: AuditedNumbers): string {
  const words = auditWords();
  const share = answers.ofOriginal;
  if (share === null) return entities.share === null ? '' : words.namesLeft(percent(entities.share));
  if (share >= 0.9) return words.nearlyAll(percent(share));
  if (share >= 0.6) return words.mostLeft(percent(share));
  if (share >= 0.5) return words.manyGone(percent(share));
  if (share >= 0.2) return words.mostGone(percent(share));
  return words.fewLeft(percent(share));
}

function grownPart({ grew, level, n }: AuditedNumbers): string {
  return grew.count === 0 || level === 'original' ? '' : auditWords().grew(grew.count, n);
}

function cutParts({ truncation }: AuditedNumbers): string[] {
  if (!truncation) return [];
  const words = auditWords();
  const { samples, lostEvidence, shortened, impossible } = truncation;
  return [
    ...(impossible > 0 ? [words.impossible(words.sample(impossible))] : []),
    ...(lostEvidence > 0 ? [words.evidenceLost(lostEvidence, samples)] : []),
    ...(lostEvidence === 0 && shortened > 0 ? [words.onlyShortened(shortened, samples)] : []),
  ];
}

function percent(share: number): string {
  return auditWords().percent((100 * share).toFixed(0));
}
