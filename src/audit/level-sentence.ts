/** A level's audit in one line of plain words. */
import type { LevelAudit } from './audit-report.js';

/** What stands out at a level: length, then what was kept, then what a training run would lose. */
export function verdictOf(audit: Omit<LevelAudit, 'verdict'>): string {
  const parts = audit.level === 'original' ? [originalPart(audit)] : [lengthPart(audit), keptPart(audit)];
  return [...parts, grownPart(audit), cutPart(audit)].filter((part) => part !== '').join('; ');
}

function originalPart({ retention: { answers }, texts }: Omit<LevelAudit, 'verdict'>): string {
  if (answers.share === null) return `the source, ${count(texts, 'text')} without answers to look for`;
  return `the source: it holds ${percent(answers.share)} of the answers word for word`;
}

function lengthPart({ trr: { macro }, n }: Omit<LevelAudit, 'verdict'>): string {
  if (macro === null) return `nothing to compare: no item has both this text and the original (${n})`;
  if (macro < 0) return `${percent(-macro)} longer than the source on average`;
  if (macro < 0.02) return 'about as long as the source';
  return `${percent(macro)} shorter than the source`;
}

function keptPart({ retention: { answers, entities } }: Omit<LevelAudit, 'verdict'>): string {
  const share = answers.ofOriginal;
  if (share === null) return entities.share === null ? '' : `${percent(entities.share)} of the names are left`;
  if (share >= 0.9) return `nearly every answer is left (${percent(share)})`;
  if (share >= 0.6) return `most answers are left (${percent(share)})`;
  if (share >= 0.5) return `many answers are gone (${percent(share)} left)`;
  if (share >= 0.2) return `most answers are gone (${percent(share)} left)`;
  return `few answers are left (${percent(share)})`;
}

function grownPart({ grew, level, n }: Omit<LevelAudit, 'verdict'>): string {
  if (grew.count === 0 || level === 'original') return '';
  return `${grew.count} of ${n} texts ${grew.count === 1 ? 'is' : 'are'} longer than the source`;
}

function cutPart({ truncation }: Omit<LevelAudit, 'verdict'>): string {
  if (!truncation) return '';
  const { samples, lostEvidence, shortened, impossible } = truncation;
  const parts = [];
  if (impossible > 0)
    parts.push(`${count(impossible, 'sample')} cannot fit: question and answer alone exceed the limit`);
  if (lostEvidence > 0) parts.push(`${lostEvidence} of ${samples} samples lose their evidence to the context limit`);
  else if (shortened > 0) parts.push(`${shortened} of ${samples} samples are shortened, no evidence lost`);
  return parts.join('; ');
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
