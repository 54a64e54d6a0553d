/** The probing stage: what an adapter costs its base, measured once for each adapter, text and questions. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashJson } from '../core/hash.js';
import type { Item } from '../core/records.js';
import { probeAdapter, probeBase, type ProbeBase } from '../evaluate/probe/probe.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { readAdapter } from '../models/adapter/adapter.js';
import type { LoadedModel } from '../models/model.js';
import { askedHash, type EngineIdentity, type ProbeIdentity } from './identity.js';
import { STUDY_FILES } from './layout.js';
import { probeRecord, type ProbeRecord } from './study-records.js';

export interface ProbeStage {
  readonly study: string;
  readonly probe: ProbeIdentity;
  readonly model: LoadedModel;
  readonly engine: EngineIdentity;
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

/** The hash of a probe, whose record lies in the study's folder, made where it is not there. */
export async function ensureProbe(stage: ProbeStage): Promise<string> {
  const hash = probeHash(stage);
  const path = probePath(stage.study, hash);
  if (existsSync(path)) return hash;
  const record = await probe(stage);
  writeWhole(path, jsonText(record));
  return hash;
}

/** The record of a hash; throws UserError where it is damaged. */
export function readProbe(study: string, hash: string): ProbeRecord {
  return readJsonFile(
    probePath(study, hash),
    probeRecord,
    'remove it and the run’s result.json, and run the study again',
  );
}

function probePath(study: string, hash: string): string {
  return join(study, STUDY_FILES.probes, `${hash.slice(0, 16)}.json`);
}

function probeHash({ probe: { general, generalTokens, scales, ranks }, ...stage }: ProbeStage): string {
  return hashJson({
    ...{ version: 1, model: stage.model.identity, weights: stage.weights, asked: askedOf(stage) },
    ...{ engine: { ...stage.engine }, probe: { general, generalTokens, scales, ranks } },
  });
}

function askedOf({ taught, reading }: Pick<ProbeStage, 'taught' | 'reading'>): string[] {
  return [askedHash(taught, 'none'), askedHash(reading, 'original')];
}

/** The last base that was measured: runs of a grid share it. */
let measured: { readonly key: string; readonly base: ProbeBase } | undefined;

async function probe(stage: ProbeStage): Promise<ProbeRecord> {
  const { model, probe: settings, threads, signal, taught, reading } = stage;
  const general = [readFileSync(stage.general, 'utf8')];
  const shared = {
    ...{ model, general, generalTokens: settings.generalTokens, taught, reading },
    ...(threads !== undefined && { threads }),
    ...(signal !== undefined && { signal }),
  };
  const key = hashJson([model.identity, settings.general, settings.generalTokens, askedOf(stage)]);
  if (measured?.key !== key) measured = { key, base: await probeBase(shared) };
  const scales = [1, ...settings.scales.filter((scale) => scale !== 1)];
  const { baseBits, points } = await probeAdapter({
    ...{ ...shared, base: measured.base, adapter: readAdapter(stage.adapter, model.config), scales },
    ranks: settings.ranks,
    onProgress: (done) => stage.onProgress?.(done / (scales.length + settings.ranks.length + 1)),
  });
  return { baseBits, points: [...points] };
}
