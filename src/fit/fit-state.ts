/** What a fit has decided so far, kept in its folder: each decision is written before it is acted on, so that a fit that was killed goes on as it was. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { FIT_FILES } from './fit-layout.js';

const candidate = z.object({ level: z.string(), form: z.string(), rank: z.number().int(), rate: z.number() });

const measurement = z.object({
  documents: z.number(),
  questions: z.number(),
  known: z.number(),
  bits: z.number(),
  parametersPerRank: z.number(),
  levels: z
    .array(z.object({ level: z.string(), trr: z.number().nullable(), retention: z.number().nullable() }))
    .readonly(),
});

const stateRecord = z.object({
  version: z.literal(1),
  /** Hash of the settings and of what they are about: the decisions of other ones do not count. */
  identity: z.string(),
  /** Of the budget, in its unit, by all processes so far. */
  spent: z.number(),
  measured: measurement.nullable(),
  /** Rungs that were begun, candidates in the order in which they are tried. */
  rungs: z.array(z.object({ exposures: z.number().int(), candidates: z.array(candidate).readonly() })).readonly(),
});

export type FitState = Readonly<z.infer<typeof stateRecord>>;

/** That of a fit which has decided nothing. */
export function newState(identity: string): FitState {
  return { version: 1, identity, spent: 0, measured: null, rungs: [] };
}

/** The state of a fit with this identity in a folder; a new one where there is none, or that of another. Throws UserError where it is damaged. */
export function readState(folder: string, identity: string): FitState {
  const path = join(folder, FIT_FILES.state);
  if (!existsSync(path)) return newState(identity);
  const state = readJsonFile(path, stateRecord, 'remove it and fit again: trainings that are there are used again');
  return state.identity === identity ? state : newState(identity);
}

/** Replaces the state in a folder. */
export function writeState(folder: string, state: FitState): void {
  writeWhole(join(folder, FIT_FILES.state), jsonText(state));
}
