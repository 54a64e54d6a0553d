/** Probes of one adapter, none of which trains: what it recalls, and what it costs the base, over its strength and its rank. */
import type { Item } from '../../core/records.js';
import type { GenerateSettings } from '../../core/settings.js';
import { mean, type MeanEstimate } from '../../core/statistics.js';
import type { Engine } from '../../engine/engine.js';
import { onnxRuntimeEngine } from '../../engine/onnxruntime.js';
import { ownSamples } from '../../generate/own-samples.js';
import type { Adapter } from '../../models/adapter/adapter.js';
import { scaledAdapter, truncatedAdapter, withAdapter } from '../../models/adapter/adapter-change.js';
import type { LoadedModel } from '../../models/model.js';
import type { PromptStyle } from '../../models/text/prompt.js';
import { answerItems } from '../answer-items.js';
import { judgeAnswers } from '../judge-answers.js';
import { lexicalJudge } from '../judges/lexical.js';
import { localModel } from '../respondent.js';
import { rise, sequencesOf, surprises } from './general-loss.js';

export interface ProbeSettings {
  readonly model: LoadedModel;
  readonly adapter: Adapter;
  /** Text that nobody trained on. */
  readonly general: readonly string[];
  /** Most tokens of it; default 8,192. */
  readonly generalTokens?: number;
  /** What was taught: asked without text. */
  readonly taught?: readonly Item[];
  /** What the base may know already: asked without text, for what is lost and won. */
  readonly known?: readonly Item[];
  /** What was never trained: asked with its text shown, for whether the adapter still reads. */
  readonly reading?: readonly Item[];
  /** Strengths, 1 being as trained. */
  readonly scales: readonly number[];
  /** Ranks to cut to. */
  readonly ranks: readonly number[];
  readonly seed?: number;
  /** How questions are put and answered; default the usual prompts, and at most 48 tokens, greedily. */
  readonly style?: PromptStyle;
  readonly generation?: GenerateSettings;
  /** What every variant is compared with, where it was measured before; it must be of the same model, texts and questions. */
  readonly base?: ProbeBase;
  readonly threads?: number;
  /** Told how much is done: the base is one, each variant another. */
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Answers that changed sides between the base and the adapter. */
export interface Turned {
  readonly asked: number;
  readonly rightToWrong: number;
  readonly wrongToRight: number;
}

/** One variant of the adapter; strength 0 is the base. */
export interface ProbePoint {
  readonly scale: number;
  readonly rank: number;
  /** Rise of the loss on general text, in bits a token. */
  readonly generalRise: MeanEstimate;
  /** Divergence from the base on its own samples, in bits a token. */
  readonly divergence: MeanEstimate;
  /** Share of the taught questions answered; null where none are given. */
  readonly recall: number | null;
  readonly known: Turned | null;
  readonly reading: Turned | null;
}

export interface Probe {
  /** The base model's own share of the taught questions; null where none are given. */
  readonly baseRecall: number | null;
  /** Mean loss of the base on the general text, in bits a token. */
  readonly baseBits: number;
  readonly points: readonly ProbePoint[];
}

const GENERAL_TOKENS = 8192;
const GENERATION: GenerateSettings = { maxNewTokens: 48, temperature: 0, seed: 0, stop: [] };
/** Samples of the base that divergence is estimated on. */
export const OWN_SAMPLES = { count: 32, tokens: 64 };

/** What of the base every point is compared with. */
export interface ProbeBase {
  readonly sequences: number[][];
  readonly general: number[][];
  readonly samples: number[][];
  readonly own: number[][];
  readonly taught: boolean[];
  readonly known: boolean[];
  readonly reading: boolean[];
}

/** Every strength at the adapter's own rank, then every smaller rank at full strength; throws the signal's reason when stopped. */
export async function probeAdapter(settings: ProbeSettings): Promise<Probe> {
  const { adapter, scales, ranks, onProgress, signal } = settings;
  const own = adapter.lora.rank;
  const variants = [
    ...scales.map((scale) => ({ scale, rank: own, adapter: scaledAdapter(adapter, scale) })),
    ...ranks.filter((rank) => rank < own).map((rank) => ({ scale: 1, rank, adapter: truncatedAdapter(adapter, rank) })),
  ];
  const base = settings.base ?? (await probeBase(settings));
  const points: ProbePoint[] = [];
  for (const { scale, rank, adapter: changed } of variants) {
    onProgress?.(points.length + 1);
    signal?.throwIfAborted();
    points.push({ scale, rank, ...(await pointOf(settings, withAdapter(settings.model, changed), base)) });
  }
  onProgress?.(variants.length + 1);
  return { baseRecall: shareOf(base.taught), baseBits: bitsOf(base.general), points };
}

/** Measures the base: the same for all adapters of a model, texts and questions. */
export async function probeBase(settings: Omit<ProbeSettings, 'adapter' | 'scales' | 'ranks'>): Promise<ProbeBase> {
  const { model, taught = [], known = [], reading = [], seed = 0 } = settings;
  const engine = engineOf(settings);
  const sequences = sequencesOf(settings.general, model, settings.generalTokens ?? GENERAL_TOKENS);
  const samples = await ownSamples(model, engine, { ...OWN_SAMPLES, seed });
  return {
    ...(await surprisesOf(model, engine, sequences, samples)),
    ...{ sequences, samples },
    taught: await rightIn(settings, model, taught, 'none'),
    known: await rightIn(settings, model, known, 'none'),
    reading: await rightIn(settings, model, reading, 'original'),
  };
}

async function pointOf(
  settings: ProbeSettings,
  model: LoadedModel,
  base: ProbeBase,
): Promise<Omit<ProbePoint, 'scale' | 'rank'>> {
  const { taught = [], known = [], reading = [] } = settings;
  const adapted = await surprisesOf(model, engineOf(settings), base.sequences, base.samples);
  return {
    generalRise: rise(base.general, adapted.general),
    divergence: rise(base.own, adapted.own),
    recall: shareOf(await rightIn(settings, model, taught, 'none')),
    known: turned(base.known, await rightIn(settings, model, known, 'none')),
    reading: turned(base.reading, await rightIn(settings, model, reading, 'original')),
  };
}

const engineOf = ({ threads }: Pick<ProbeSettings, 'threads'>) =>
  onnxRuntimeEngine({ device: 'cpu', ...(threads !== undefined && { threads }) });

/** What surprises a model in general text and in the base's own samples, compiled and loaded once for both. */
async function surprisesOf(
  model: LoadedModel,
  engine: Engine,
  general: readonly (readonly number[])[],
  samples: readonly (readonly number[])[],
): Promise<Pick<ProbeBase, 'general' | 'own'>> {
  const rows = await surprises(model, engine, [...general, ...samples]);
  return { general: rows.slice(0, general.length), own: rows.slice(general.length) };
}

type AskedSettings = Pick<ProbeSettings, 'threads' | 'signal' | 'style' | 'generation'>;

/** Whether each question is answered right, by the lexical judge. */
async function rightIn(
  { threads, signal, style, generation = GENERATION }: AskedSettings,
  model: LoadedModel,
  items: readonly Item[],
  level: 'none' | 'original',
): Promise<boolean[]> {
  if (items.length === 0) return [];
  const respondent = localModel(model, {
    ...{ adapter: null, ...(style !== undefined && { style }) },
    ...(threads !== undefined && { threads }),
  });
  const options = { settings: generation, ...(signal && { signal }) };
  const records = await answerItems(respondent, items, level, options);
  const verdicts = await judgeAnswers(lexicalJudge(), records);
  return verdicts.map((verdict) => verdict.status === 'scored' && verdict.correct);
}

function turned(before: readonly boolean[], after: readonly boolean[]): Turned | null {
  if (before.length === 0) return null;
  const count = (from: boolean): number => before.filter((was, i) => was === from && after[i] !== from).length;
  return { asked: before.length, rightToWrong: count(true), wrongToRight: count(false) };
}

const shareOf = (right: readonly boolean[]): number | null =>
  right.length === 0 ? null : right.filter(Boolean).length / right.length;

function bitsOf(rows: readonly (readonly number[])[]): number {
  return mean(rows.flat()) / Math.LN2;
}
