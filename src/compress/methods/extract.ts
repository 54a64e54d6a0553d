/** Knowledge as JSON by a model: entities, relations, events; checked against a schema, repaired once, asked anew. */
import { z } from 'zod';
import { integer } from '../../core/setting-schemas.js';
import { keyOf, phraseOf, WordText } from '../../text/word-text.js';
import { WORDS_VERSION } from '../../text/words.js';
import { asked, AskFailure, type Usage } from '../asking/ask-again.js';
import { AskingMaker, languageOption } from '../asking/asking-maker.js';
import { askForJson } from '../asking/model-json.js';
import { extractionPrompt, PROMPTS_VERSION } from '../asking/prompts.js';
import { defineMethod } from '../entry.js';
import { finished, sourceText } from '../measure.js';
import type {
  Compression,
  CompressionFailure,
  CompressOptions,
  Flag,
  SourceItem,
  TextMaker,
  WorkEstimate,
} from '../method.js';
import { partsOf } from '../parts.js';
import type { Target } from '../target.js';

const name = z.preprocess(nameOf, z.string().trim().min(1));
const optionalText = z.preprocess((value) => (blank(value) ? undefined : value), z.coerce.string().trim().optional());
const relation = z.preprocess(
  (value) =>
    renamed(value, {
      relation: ['predicate', 'type', 'verb'],
      subject: ['head', 'source'],
      object: ['tail', 'target', 'value'],
    }),
  z.object({ subject: name, relation: z.string().trim().min(1), object: name }),
);
const event = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? { event: value }
      : renamed(value, {
          event: ['description', 'name', 'action'],
          time: ['date', 'when'],
          place: ['location', 'where'],
        }),
  z.object({
    event: z.string().trim().min(1),
    time: optionalText,
    place: optionalText,
    participants: z.array(name).optional(),
  }),
);

/** What the level `ext` holds. */
export const extractionSchema = z
  .object({
    entities: z.array(name).default([]),
    relations: z.array(relation).default([]),
    events: z.array(event).default([]),
  })
  .refine((found) => found.entities.length + found.relations.length + found.events.length > 0, 'nothing was extracted');

export type Extraction = z.infer<typeof extractionSchema>;

function blank(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** `{"name": "X", …}` and numbers taken as names. */
function nameOf(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Record<string, unknown>;
  return fields['name'] ?? fields['entity'] ?? fields['text'] ?? value;
}

/** Other names that models give to fields. */
function renamed(value: unknown, names: Readonly<Record<string, readonly string[]>>): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const fields = { ...value } as Record<string, unknown>;
  for (const [wanted, others] of Object.entries(names)) {
    const other = others.find((candidate) => fields[candidate] !== undefined);
    if (fields[wanted] === undefined && other !== undefined) fields[wanted] = fields[other];
  }
  return fields;
}

const options = z.strictObject({
  language: languageOption,
  partTokens: integer(1, 1_000_000)
    .describe('Longest text in one request, in tokens: the answer is about as long.')
    .default(3000),
  indent: integer(0, 10)
    .describe('Blanks per level of indentation; 0 writes the JSON without any, which costs fewest tokens.')
    .default(0),
});

type Options = z.output<typeof options>;

/** The entry. */
export const extract = defineMethod({
  name: 'extract',
  about: 'entities, relations and events as JSON by a model',
  forms: [{ level: 'ext', amount: null, description: 'structured JSON' }],
  makesOthers: false,
  takesAmounts: false,
  model: 'chat',
  options,
  version: { prompts: PROMPTS_VERSION, words: WORDS_VERSION },
  make: (own, tools) => new Extractor(own, tools),
});

/** The answer may be this much longer than the text, in tokens. */
const GROWTH = 4;
const LEAST_TOKENS = 512;

class Extractor extends AskingMaker<Options> implements TextMaker {
  compress(
    item: SourceItem,
    target: Target,
    { signal }: CompressOptions = {},
  ): Promise<Compression | CompressionFailure> {
    return asked(extract.name, item, target, async (source, usage, flags) => {
      const parts = partsOf(source, this.options.partTokens, this.counter);
      if (parts.length > 1) flags.add('in-parts');
      const found = await Promise.all(parts.map((part) => this.#extract(part, { signal, usage, flags })));
      const { kept, unsupported } = supported(merged(found), source);
      if (unsupported.length > 0) flags.add('unsupported-facts');
      if (Object.values(kept).every((each) => each.length === 0))
        throw new AskFailure('empty', `the text bears out nothing of what was extracted: ${unsupported.join('; ')}`);
      const text = JSON.stringify(kept, undefined, this.options.indent);
      const counts = { entities: kept.entities.length, relations: kept.relations.length, events: kept.events.length };
      const provenance = { prompts: PROMPTS_VERSION, counts, unsupported, ...usage.toJson() };
      return finished({ method: extract.name, target, source, text, provenance, flags: [...flags] }, this.counter);
    });
  }

  estimate(item: SourceItem): WorkEstimate {
    const tokens = Math.ceil((sourceText(item) ?? '').length / 4);
    const calls = Math.max(1, Math.ceil(tokens / this.options.partTokens));
    return { calls, inputTokens: tokens + calls * 250, outputTokens: Math.ceil(tokens * 1.3) };
  }

  /** Asks; has a broken answer repaired once by the model; then asks anew for another sample. */
  async #extract(text: string, work: Work): Promise<Extraction> {
    const maxTokens = Math.max(LEAST_TOKENS, this.counter.count(text) * GROWTH);
    const { messages } = extractionPrompt(text, this.options.language);
    for (const sample of [0, 1]) {
      const request = { messages, schema: extractionSchema, maxTokens, sample, ...work };
      const found = await askForJson(this.model, request);
      if (found !== null) return found;
    }
    throw new AskFailure('invalid-json', 'no usable JSON after a repair and another attempt');
  }
}

interface Work {
  readonly signal: AbortSignal | undefined;
  readonly usage: Usage;
  readonly flags: Set<Flag>;
}

/** Extractions of parts as one, each thing once. */
function merged(parts: readonly Extraction[]): Extraction {
  return {
    entities: distinct(parts.flatMap((part) => part.entities)),
    relations: distinct(parts.flatMap((part) => part.relations)),
    events: distinct(parts.flatMap((part) => part.events)),
  };
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value).toLowerCase(), value])).values()];
}

/** Leaves out entities that do not stand in the source, and relations whose two ends share no word with it. */
function supported(found: Extraction, source: string): { kept: Extraction; unsupported: string[] } {
  const words = new WordText(source);
  const known = new Set(words.words.map(keyOf));
  const stands = (text: string): boolean => {
    const phrase = phraseOf(text);
    if (phrase.length === 0 || words.has(phrase)) return true;
    const parts = phrase.joined.split(' ');
    return parts.filter((part) => known.has(part)).length >= 0.5 * parts.length;
  };
  const kept = {
    entities: found.entities.filter(stands),
    relations: found.relations.filter(({ subject, object }) => stands(subject) || stands(object)),
    events: found.events,
  };
  const lost = found.relations
    .filter((one) => !kept.relations.includes(one))
    .map((one) => Object.values(one).join(' '));
  return { kept, unsupported: [...found.entities.filter((entity) => !stands(entity)), ...lost] };
}
