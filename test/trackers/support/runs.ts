/** Runs as trackers are told them, made up. */
import type { TrackedRun } from '../../../src/trackers/tracker.js';

/** A run that has taken steps and, unless `status` says otherwise, ended. */
export function madeUpRun(steps: number, changes: Partial<TrackedRun> = {}): TrackedRun {
  const hasEnded = changes.status === undefined || changes.status === 'done' || changes.status === 'failed';
  return {
    ...{ name: 'a-r2-123', label: 'a r2', study: { name: 'tests', mark: '0123456789abcdef' }, status: 'done' },
    params: { rank: 2, level: 'summ_l3', 'train.rslora': false, 'train.learningRate': 5e-4, empty: '' },
    tags: { status: changes.status ?? 'done', program: 'lightmem' },
    steps: Array.from({ length: steps }, (_, i) => ({
      step: i + 1,
      values: {
        'train/loss': 1 / (i + 3),
        'train/gradient_norm': i / 7,
        ...((i + 1) % 10 === 0 && { 'held_out/loss': i }),
      },
    })),
    outcome: hasEnded ? { 'accuracy/llm (qwen: plus)': 0.75, 'answers/count': 12 } : {},
    times: { begun: 1_700_000_000_000, stepped: 1_700_000_001_000, ended: hasEnded ? 1_700_000_002_000 : null },
    version: hasEnded ? 'fedcba9876543210' : null,
    ...changes,
  };
}
