/** The table of families: everything that is asked of one (loaders, decoder, adapters, merging, estimates) is asked of its entry here. */
import type { Family } from './family.js';
import { gemma2 } from './gemma2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';

/** Families by `model_type` in config.json. */
export const FAMILIES = { qwen2, qwen3, llama, mistral, gemma2 } as const satisfies Readonly<Record<string, Family>>;

export type FamilyName = keyof typeof FAMILIES;

const NAMES = Object.keys(FAMILIES) as readonly FamilyName[];

/** The entry of a family. */
export const familyOf = ({ family }: { readonly family: FamilyName }): Family => FAMILIES[family];

/** The family of an architecture in config.json, e.g. `Qwen2ForCausalLM`; undefined where there is none. */
export function familyByArchitecture(architecture: string): FamilyName | undefined {
  return NAMES.find((name) => FAMILIES[name].architecture === architecture);
}

/** The family as which files of a GGUF architecture, e.g. `qwen2`, are read; undefined where there is none. */
export function familyByGguf(architecture: unknown): FamilyName | undefined {
  return NAMES.find((name) => FAMILIES[name].gguf.holdsModels && FAMILIES[name].gguf.architecture === architecture);
}

/** All architectures of config.json, for messages. */
export const ARCHITECTURES: readonly string[] = NAMES.map((name) => FAMILIES[name].architecture);

/** All architectures of GGUF files that are read, for messages. */
export const GGUF_ARCHITECTURES: readonly string[] = [
  ...new Set(NAMES.map((name) => FAMILIES[name].gguf).flatMap((each) => (each.holdsModels ? [each.architecture] : []))),
];
