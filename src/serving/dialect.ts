/** What is different between servers: how they are started, how they learn of an adapter, how they are asked. */
import type { JsonObject } from '../core/json.js';
import type { LoadedModel } from '../models/model.js';
import type { ServerClient } from './server-client.js';
import type { ServerSettings } from './settings.js';

/** An adapter as servers know it. */
export interface ServedAdapter {
  /** Made of the hash of its weights: what a server keeps under it is this adapter's and no other's. */
  readonly name: string;
  /** Its PEFT folder, absolute. */
  readonly folder: string;
  /** Folder in which files for servers may be made of it, absolute. */
  readonly scratch: string;
}

/** A base model, and how it is served. */
export interface Serving {
  readonly settings: ServerSettings;
  readonly base: LoadedModel;
}

/** A program to start, and what its environment has beside this process's own. */
export interface StartCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A prompt as tokens and as the text of them, and how it is to be answered, greedily. */
export interface ServedPrompt {
  readonly tokens: readonly number[];
  readonly text: string;
  readonly maxNewTokens: number;
  /** Strings that end an answer. */
  readonly stop: readonly string[];
}

/** What a server gave for a prompt. */
export interface Completion {
  /** Tokens of the answer where the server tells them, else its text. */
  readonly answer: { readonly tokens: readonly number[] } | { readonly text: string };
  /** Number of tokens generated; 0 where it is not told. */
  readonly count: number;
  readonly finish: 'stop' | 'length';
  /** Tokens that the server made of the prompt; null where it is not told. */
  readonly promptTokens: number | null;
  /** Natural logarithms of the answer's tokens' probabilities; null where they are not told. */
  readonly logprobs: readonly number[] | null;
}

/** What a server tells of its base; null for what it does not tell. */
export interface Told {
  readonly base: string | null;
  readonly precision: string | null;
}

/** A kind of server. */
export interface Dialect {
  /** For people. */
  readonly name: string;
  /** The program, and its words, for a base with an adapter or without. Throws UserError where this kind is not started here. */
  start(adapter: ServedAdapter | null, port: number): StartCommand;
  /** What the server says of itself. Throws UserError where it is no server of this kind. */
  tell(client: ServerClient): Promise<Told>;
  /**
   * Sees to it that the server has the adapter and gives the fields by which requests name it; null where the server must be started
   * anew with it. Throws UserError where the server refuses it.
   */
  choose(client: ServerClient, adapter: ServedAdapter | null): Promise<JsonObject | null>;
  /** Forgets what the server was told: it was started anew. */
  forget(): void;
  /** Path under the server's address, and body, of a request. */
  request(prompt: ServedPrompt, naming: JsonObject): { readonly path: string; readonly body: JsonObject };
  /** Reads a body of status 200; a text says what is wrong with it. */
  read(body: string): Completion | string;
}
