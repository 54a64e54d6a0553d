/** Report data of the made studies, with audits of the form that audits have. */
import type { AuditedItem, AuditedLevel, AuditSummary, ReportData } from '../../src/report/data.js';
import type { Level } from '../../src/core/levels.js';
import { Random } from '../../src/core/random.js';
import { demoStudy, reportedStudy, runSummary, type MadeStudy } from '../analysis/fixtures.js';

/** Report data around a made study. */
export function reportData(study: MadeStudy, given: Partial<ReportData> = {}): ReportData {
  return {
    title: 'How far the demo’s texts can be compressed',
    created: '2026-11-21T09:30:00.000Z',
    command: 'npx lightmem demo --seed 1',
    model: 'lightmem-base-4m',
    settings: {
      levels: ['original', 'summ_l2'],
      train: { learningRate: 0.002, epochs: 3, lora: { rank: 8, alpha: 16, rslora: false } },
      generate: { maxNewTokens: 16, temperature: 0 },
    },
    identities: { model: 'c0ffee11'.repeat(8), tokenizer: 'beef0123'.repeat(8), template: 'ab54a98c'.repeat(8) },
    versions: { lightmem: '0.1.0', node: 'v20.20.2', 'onnxruntime-node': '1.30.0' },
    environment: { processor: '2 × Example CPU', memory: '8 GB', device: 'cpu' },
    rows: study.rows,
    runs: study.runs,
    audits: [madeAudit('world-articles')],
    ...given,
  };
}

/** The demo's report, with one failed run and a few answers that could not be judged. */
export function demoReport(): ReportData {
  const study = demoStudy();
  const failed = runSummary({
    id: 'world-articles-open-hybrid-r8',
    dataset: 'world-articles',
    level: 'hybrid',
    status: 'failed',
    error: 'loss is not a number at step 12 (batch of item-3, item-9)',
    adapterPath: null,
    lastLoss: null,
  });
  const rows = study.rows.map((row, i) =>
    i % 397 === 0 ? { ...row, status: 'unscored' as const, score: null, correct: null } : row,
  );
  return reportData({ rows, runs: [...study.runs, failed] });
}

/** The reported study as a report. */
export function reportedReport(): ReportData {
  return reportData(reportedStudy(), {
    title: 'The study’s own numbers, redrawn',
    model: 'Qwen2.5-3B-Instruct',
    audits: [],
  });
}

const SHAPES: readonly (readonly [Level, number, number, number])[] = [
  ['original', 0, 0, 1],
  ['summ_l1', 0.36, 0.1, 0.94],
  ['summ_l2', 0.5, 0.22, 0.86],
  ['summ_l3', 0.7, 0.1, 0.6],
  ['summ_l4', 0.82, 0.08, 0.4],
  ['summ_l5', 0.93, 0.03, 0.15],
  ['ext', -0.6, 0.35, 0.97],
];

/** An audit whose rates spread as real ones do. */
export function madeAudit(dataset: string, items = 150): AuditSummary {
  return {
    dataset,
    tokenizer: 'beef0123'.repeat(8),
    maxLength: 1024,
    items,
    questions: 4 * items,
    levels: SHAPES.map(([level, mean, deviation, kept]) => madeLevel(level, mean, deviation, kept, items)),
    views: [madeItem()],
  };
}

function madeLevel(level: Level, mean: number, deviation: number, kept: number, items: number): AuditedLevel {
  const random = new Random(11, 'audit', level);
  const rates = Array.from({ length: items }, () => Math.min(0.99, mean + deviation * random.normal())).sort(
    (a, b) => a - b,
  );
  const at = (share: number): number => rates[Math.floor(share * (items - 1))] ?? 0;
  const histogram = Array.from({ length: 60 }, (_, i) => {
    const start = -2 + i / 20;
    return { start, end: start + 0.05, count: rates.filter((rate) => rate >= start && rate < start + 0.05).length };
  });
  const retention = (share: number) => ({ facts: 4 * items, share, ofOriginal: share });
  return {
    level,
    n: items,
    tokens: { mean: 210 * (1 - mean) },
    words: 160 * (1 - mean),
    description: level === 'ext' ? 'structured JSON' : null,
    trr: { macro: mean, micro: mean + 0.012 },
    sampleTrr: { macro: 0.8 * mean, micro: 0.8 * mean },
    distribution: { n: items, quantiles: { p5: at(0.05), median: at(0.5), p95: at(0.95) }, histogram },
    grew: { count: rates.filter((rate) => rate < 0).length },
    retention: {
      answers: retention(kept),
      entities: retention(kept),
      numbers: retention(kept),
      dates: retention(kept),
    },
    density: { factsPer1000Tokens: (19 * kept) / (1 - mean), bitsPerToken: (0.07 * kept) / (1 - mean) },
    truncation: {
      samples: 4 * items,
      shortened: level === 'ext' ? 12 : 0,
      lostEvidence: level === 'ext' ? 3 : 0,
      lostQuestion: 0,
      lostAnswer: 0,
      impossible: 0,
    },
    verdict:
      level === 'original'
        ? 'the source: it holds 98 % of the answers word for word'
        : `${Math.round(100 * kept)} % of the answers are left`,
  };
}

/** One item at three levels; the spans of the two facts touch and overlap. */
export function madeItem(): AuditedItem {
  const facts = [
    { kind: 'answers', label: 'Velden' },
    { kind: 'answers', label: 'Brink & Sons' },
    { kind: 'numbers', label: '1974' },
  ];
  const at = (text: string) =>
    facts.flatMap(({ label }, fact) => {
      const start = text.indexOf(label);
      return start < 0 ? [] : [{ start, end: start + label.length, fact }];
    });
  const level = (name: Level, text: string, trr: number) => ({
    ...{ level: name, text, tokens: Math.ceil(text.length / 4), trr, spans: at(text) },
    lost: facts.flatMap(({ label }, fact) => (text.includes(label) ? [] : [fact])),
  });
  return {
    item: 'world-articles-0',
    facts,
    levels: [
      level(
        'original',
        'Ada Brink, born in 1974, lives in Velden, where she has worked for Brink & Sons ever since the firm opened its second yard.',
        0,
      ),
      level('summ_l2', 'Ada Brink (1974) lives in Velden and works for Brink & Sons.', 0.48),
      level('summ_l5', 'Ada Brink of Velden', 0.86),
    ],
  };
}
