/** The probing stage: what an adapter costs its base, measured once for each adapter, text and questions. */
import { existsSync, readFileSync } from 'node:fs';
import { hashJson } from '../core/hash.js';
import type { Item } from '../core/records.js';
import type { GenerateSettings } from '../core/settings.js';
import { probeAdapter, probeBase, type ProbeBase } from '../evaluate/probe/probe.js';
import { jsonText } from '../files/json-file.js';
import { parseRecord } from '../files/json-record.js';
import { writeWhole } from '../files/write-whole.js';
import { readAdapter } from '../models/adapter/adapter.js';
import type { LoadedModel } from '../models/model.js';
import type { PromptStyle } from '../models/text/prompt.js';
import { askedHash, type EngineIdentity, type ProbeIdentity } from './identity.js';
import { probePath } from './probe-store.js';
import { probeRecord, type ProbeRecord } from './study-records.js';

export interface ProbeStage {
  readonly study: string;
  readonly probe: ProbeIdentity;
  readonly model: LoadedModel;
  readonly engine: EngineIdentity;
  /** How questions are put and answered, as in the run's own asking. */
  readonly style: PromptStyle;
  readonly generation: GenerateSettings;
  /** The adapter's folder, and the identity of its weights. */
  readonly adapter: string;
  readonly weights: string;
  /** File of the general text. */
  readonly general: string;
  /** Items whose texts were trained on, asked without them at every strength and rank. */
  readonly taught: readonly Item[];
  /** Items that were not, asked with their texts shown. */
  readonly reading: readonly Item[];
  readonly threads?: number;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** The hash of a probe, whose record lies in the study's folder, and whether this call made it. */
export async function ensureProbe(stage: ProbeStage): Promise<{ hash: string; isNew: boolean }> {
  const hash = probeHash(stage);
  const path = probePath(stage.study, hash);
  if (holdsProbe(path)) return { hash, isNew: false };
  const record = await probe(stage);
  writeWhole(path, jsonText(record));
  return { hash, isNew: true };
}

function holdsProbe(path: string): boolean {
  return existsSync(path) && !('problem' in parseRecord(readFileSync(path), probeRecord));
}

function probeHash({ probe: { general, generalTokens, scales, ranks }, ...stage }: ProbeStage): string {
  return hashJson({
    ...{ version: 2, style: { ...stage.style }, generation: { ...stage.generation } },
    ...{ model: stage.model.identity, weights: stage.weights, asked: askedOf(stage) },
    ...{ engine: { ...stage.engine }, probe: { general, generalTokens, scales, ranks } },
  });
}

function askedOf({ taught, reading }: Pick<ProbeStage, 'taught' | 'reading'>): string[] {
  return [askedHash(taught, 'none'), askedHash(reading, 'original')];
}

/** The last base that was measured: runs of a grid share it. */
let measured: { readonly key: string; readonly base: ProbeBase } | undefined;

async function probe(stage: ProbeStage): Promise<ProbeRecord> {
  const { model, probe: settings, threads, signal, taught, reading, style, generation } = stage;
  const general = [readFileSync(stage.general, 'utf8')];
  const shared = {
    ...{ model, general, generalTokens: settings.generalTokens, taught, reading, style, generation },
    ...(threads !== undefined && { threads }),
    ...(signal !== undefined && { signal }),
  };
  const asking = { style: { ...style }, generation: { ...generation } };
  const key = hashJson([model.identity, settings.general, settings.generalTokens, askedOf(stage), asking]);
  if (measured?.key !== key) measured = { key, base: await probeBase(shared) };
  const scales = [1, ...settings.scales.filter((scale) => scale !== 1)];
  const { baseBits, points } = await probeAdapter({
    ...{ ...shared, base: measured.base, adapter: readAdapter(stage.adapter, model.config), scales },
    ranks: settings.ranks,
    onProgress: (done) => stage.onProgress?.(done / (scales.length + settings.ranks.length + 1)),
  });
  return { baseBits, points: [...points] };
}
