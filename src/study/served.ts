/** A study's model where it is served by an OpenAI-compatible endpoint: how it is asked, and by whose tokens its texts are counted. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { UserError } from '../core/errors.js';
import { jsonText, readJsonFile } from '../files/json-file.js';
import { writeWhole } from '../files/write-whole.js';
import { endpointModel, type Respondent } from '../evaluate/respondent.js';
import type { Json } from '../core/json.js';
import { ChatEndpoint } from '../llm/endpoint.js';
import { endpointSettings } from '../llm/settings.js';
import type { Tokenizer } from '../models/model.js';
import { bundledTokenizerFolder } from '../models/text/bundled-tokenizer.js';
import type { PromptStyle } from '../models/text/prompt.js';
import { loadTokenizer } from '../models/text/tokenizer.js';
import type { ModelPlace } from './run-spec.js';
import { toldRecord } from './study-records.js';

function endpointOf(place: ModelPlace): ChatEndpoint {
  if (place.kind === 'local') throw new Error('a local model is not asked through an endpoint');
  const { name: model, endpoint, endpointName, cache = true } = place;
  return new ChatEndpoint(
    endpointSettings({
      model,
      ...(endpoint !== null && { baseUrl: endpoint }),
      ...(endpointName !== undefined && { endpointName }),
      ...(!cache && { cacheFolder: null }),
    }),
  );
}

/** The model behind an endpoint, as whoever answers. Throws UserError where its address or key is missing. */
export function servedModel(place: ModelPlace, style: PromptStyle): Respondent {
  return endpointModel(endpointOf(place), { style });
}

/** Everything about the endpoint's model that can change an answer. */
export function servedIdentity(place: ModelPlace): Json {
  return endpointOf(place).identity;
}

/** The tokenizer of the folder that was named for it, or Qwen2.5's, which comes with lightmem. */
export function servedTokenizer(place: ModelPlace): Tokenizer {
  const path = place.kind === 'served' ? place.tokenizer : null;
  return loadTokenizer(path ?? bundledTokenizerFolder());
}

type ToldRecord = z.output<typeof toldRecord>;

/**
 * Keeps what a server said of itself beside the answers that it gives. Throws UserError where answers are there of a server that said
 * otherwise: they would be mixed.
 */
export function keepTold(path: string, told: ToldRecord): void {
  if (!existsSync(path)) return writeWhole(path, jsonText(told));
  const before = readJsonFile(path, toldRecord, `remove ${dirname(path)} to have its questions asked again`);
  if (jsonText(before) === jsonText(told)) return;
  const words = ({ kind, base, precision }: ToldRecord): string =>
    `${kind} with ${base ?? 'a base it does not tell'}${precision === null ? '' : ` in ${precision}`}`;
  throw new UserError(
    `answers were given by ${words(before)}, and now ${words(told)} would answer: serve what was served before, or remove ${dirname(path)} to have all its questions asked again`,
  );
}
