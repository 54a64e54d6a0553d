/** What ends an answer of a model: what its template writes behind one, as a token that it has; else it would never learn to stop. */
import { UserError } from '../../core/errors.js';
import { hashJson } from '../../core/hash.js';
import { distinct } from '../../core/collections.js';
import type { ChatTemplate, ModelConfig } from '../model.js';
import { markAtStart } from './chat-template.js';
import type { SizedTokenizer } from './tokenizer.js';

/** A template and a configuration that agree on what ends an answer, and what is odd about it. */
export interface TurnEnd {
  readonly template: ChatTemplate;
  readonly config: ModelConfig;
  readonly notes: readonly string[];
}

export interface TurnParts {
  /** Names the model in messages. */
  readonly path: string;
  readonly config: ModelConfig;
  readonly tokenizer: SizedTokenizer;
  readonly template: ChatTemplate;
  /** Tokens at which other programs stop, by the model's files. */
  readonly stops: readonly number[];
}

/** Throws UserError where the template ends answers by what is no token of the model, naming it. */
export function agreeOnTurnEnd({ path, config, tokenizer, template, stops }: TurnParts): TurnEnd {
  const end = endIn(template, tokenizer) ?? ownEnd(path, config, tokenizer, template);
  const token = tokenizer.controls.in(end).at(-1) ?? end;
  const id = tokenizer.tokenId(token);
  if (id === undefined) throw noToken(path, token);
  const notes = [
    ...(stops.includes(id) || stops.length === 0 ? [] : [unnamedEnd(token, stops, tokenizer)]),
    ...stops
      .filter((each) => each >= tokenizer.vocabSize)
      .map((each) => `"eos_token_id" ${each} is no token of the tokenizer`),
  ];
  const changed =
    end === template.endOfTurn
      ? template
      : { ...template, endOfTurn: end, identity: hashJson([template.identity, end]) };
  return { template: changed, config: { ...config, eosTokenIds: distinct([...config.eosTokenIds, id]) }, notes };
}

/** What the template writes behind an answer up to its first control token; undefined where it writes none there. */
function endIn({ behindAnswer, endOfTurn }: ChatTemplate, tokenizer: SizedTokenizer): string | undefined {
  if (behindAnswer === undefined) return endOfTurn === '' ? undefined : endOfTurn;
  const pieces = tokenizer.controls.pieces(behindAnswer);
  const at = pieces.findIndex(({ token }) => token);
  if (at < 0) return undefined;
  const before = pieces.slice(0, at).map(({ text }) => text).join(''); // prettier-ignore
  return (before.trim() === '' ? '' : before) + (pieces[at]?.text ?? '');
}

/** The end where the template has no control token for it: the end-of-sequence token, unless the template has a mark that is no token. */
function ownEnd(
  path: string,
  config: ModelConfig,
  tokenizer: SizedTokenizer,
  { behindAnswer = '', endOfTurn }: ChatTemplate,
): string {
  const mark = markAtStart(behindAnswer);
  if (mark !== undefined && tokenizer.tokenId(mark) === undefined) throw noToken(path, mark);
  if (mark !== undefined) return mark;
  if (endOfTurn !== '' && tokenizer.tokenId(endOfTurn) !== undefined) return endOfTurn;
  const [id] = config.eosTokenIds;
  if (id !== undefined && id < tokenizer.vocabSize) return tokenizer.decode([id]);
  if (endOfTurn !== '') throw noToken(path, endOfTurn);
  throw new UserError(`${path}: no token ends an answer: give "eos_token_id" in config.json or generation_config.json`);
}

function noToken(path: string, mark: string): UserError {
  return new UserError(
    `${path}: answers end by ${JSON.stringify(mark)}, which is no token of the tokenizer, so that a tuned model would never stop: add it to "added_tokens" of tokenizer.json and to the model's vocabulary, or give a chat_template that ends turns by a token`,
  );
}

function unnamedEnd(token: string, stops: readonly number[], tokenizer: SizedTokenizer): string {
  const named = stops.map((each) =>
    each < tokenizer.vocabSize ? JSON.stringify(tokenizer.decode([each])) : `id ${each}`,
  );
  return `the chat template ends answers by ${JSON.stringify(token)}, and the model's files name ${named.join(', ')} as "eos_token_id": answers end at both here, other programs may not stop at ${JSON.stringify(token)}`;
}
