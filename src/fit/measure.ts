/** What is known before anything is trained: how many bits the answers are, which of them the base knows, and what each level keeps. */
import { sumOf } from '../core/collections.js';
import type { Item, Sample } from '../core/records.js';
import { onnxRuntimeEngine } from '../engine/onnxruntime.js';
import { SurprisalScorer } from '../generate/surprisal.js';
import type { LoadedModel } from '../models/model.js';
import type { PromptRenderer } from '../models/text/prompt.js';
import { adapterParameters } from '../study/estimate.js';
import { readRows } from '../study/run-store.js';
import type { StoredStudy } from '../study/stored-study.js';

export interface LevelMeasure {
  readonly level: string;
  /** Mean share of tokens saved, and of answers still found; null where there is nothing to compare. */
  readonly trr: number | null;
  readonly retention: number | null;
}

export interface Measurement {
  readonly documents: number;
  readonly questions: number;
  /** Questions that the base answers without any text. */
  readonly known: number;
  /** Bits of the other answers: as recorded with the questions, or what they surprise the base by, whichever is less. */
  readonly bits: number;
  /** Parameters of an adapter for each unit of rank. */
  readonly parametersPerRank: number;
  readonly levels: readonly LevelMeasure[];
}

export interface MeasureRequest {
  /** Of documents that are trained on. */
  readonly items: readonly Item[];
  readonly model: LoadedModel;
  readonly renderer: PromptRenderer;
  readonly threads?: number;
}

/** Bits of each question's answer under the base that sees the question alone, by `item` and `question`. */
export async function answerBits(request: MeasureRequest): Promise<ReadonlyMap<string, number>> {
  const { items, model, renderer, threads } = request;
  const engine = onnxRuntimeEngine({ device: 'cpu', ...(threads !== undefined && { threads }) });
  const scorer = new SurprisalScorer(model, engine);
  try {
    const samples = items.flatMap(samplesOf);
    const asked = renderer.tokenize(samples, scorer.maxTokens);
    const bits = new Map<string, number>();
    for (const [i, { prompt, answer }] of asked.entries()) {
      const whole = [...prompt, ...answer].slice(-scorer.maxTokens);
      const [nats = []] = await scorer.surprisal([whole]);
      const own = sumOf(nats.slice(whole.length - answer.length)) / Math.LN2;
      const { id = '', recorded = Infinity } = samples[i] ?? {};
      bits.set(id, Math.min(own, recorded));
    }
    return bits;
  } finally {
    await scorer.dispose();
  }
}

/** A question, with the bits that its answer is recorded to have. */
type Measured = Sample & { readonly recorded: number | undefined };

function samplesOf({ id, questions }: Item): Measured[] {
  return questions
    .filter(({ abstention }) => abstention !== true)
    .map((question) => ({
      id: questionKey(id, question.id),
      ...{ item: id, question: question.id, prompt: question.testPrompt ?? question.prompt },
      answer: question.answers[0] ?? '',
      recorded: question.bits,
    }));
}

function questionKey(item: string, question: string): string {
  return JSON.stringify([item, question]);
}

/** Puts together what was measured: bits by question, and a study of the base alone. */
export function measurementOf(
  { items, model }: Pick<MeasureRequest, 'items' | 'model'>,
  bits: ReadonlyMap<string, number>,
  study: StoredStudy | null,
): Measurement {
  const rows = (study?.runs ?? []).flatMap(readRows).filter(({ control }) => control === 'without text');
  const known = new Set(
    rows.filter(({ correct }) => correct === true).map(({ item, question }) => questionKey(item, question)),
  );
  const [audit] = study?.audits ?? [];
  return {
    documents: items.length,
    questions: bits.size,
    known: [...bits.keys()].filter((key) => known.has(key)).length,
    bits: [...bits].reduce((sum, [key, each]) => sum + (known.has(key) ? 0 : each), 0),
    parametersPerRank: adapterParameters(model.config, 1),
    levels: (audit?.levels ?? []).map(({ level, trr, retention }) => ({
      ...{ level, trr: trr.macro },
      retention: retention.answers.macro,
    })),
  };
}
