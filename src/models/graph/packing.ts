/** Packing: samples that begin alike share a row [trunk][branch][branch] …; a branch follows the trunk, and sees it and itself. */

/** A row's tokens and how they see each other. */
export interface RowTokens {
  readonly ids: readonly number[];
  readonly positions: readonly number[];
  /** 0 for the trunk, 1, 2 … for the branches. */
  readonly branch: readonly number[];
}

/** What a token is compared with: labels, each with its weight in the loss. A hard label is one alone. */
export interface Labels {
  readonly tokens: readonly number[];
  readonly weights: readonly number[];
}

/** What a teacher says in the place of every token of an answer. */
export interface TeacherAnswer {
  /** Its most probable tokens, the most probable first, with probabilities that add up to 1. */
  readonly labels: readonly Labels[];
  /** Probability of all others, by which these were short of 1. */
  readonly missing: readonly number[];
}

/** One token to be learnt: its labels, predicted from an index of the row, at which no other is. */
export interface Target extends Labels {
  readonly at: number;
  /** Index of the sample among those packed; -1 for what is learnt of the row as a whole. */
  readonly sample: number;
}

/** A row with what is learnt of it, and the ids of its samples. */
export interface PackedRow extends RowTokens {
  readonly targets: readonly Target[];
  readonly samples: readonly string[];
}

/** What packing needs of a sample: tokens that are given, and tokens of which each is learnt from those before it. */
export interface Packable {
  readonly id: string;
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  /** Labels of each answer token; default the token itself, at weight 1. */
  readonly labels?: readonly Labels[];
}

/** The one label of a token that is to be said. */
export const hardLabel = (token: number, weight = 1): Labels => ({ tokens: [token], weights: [weight] });

/** Score added where a token is not seen. */
export const UNSEEN = -1e9;

/** How many tokens all prompts begin with alike; at least one token of every prompt is left out. */
export function sharedPrefix(prompts: readonly (readonly number[])[]): number {
  const first = prompts[0] ?? [];
  return prompts.reduce((shared, prompt) => {
    const most = Math.min(shared, prompt.length - 1);
    let same = 0;
    while (same < most && prompt[same] === first[same]) same++;
    return same;
  }, first.length - 1);
}

/** Packs samples behind the tokens they share; the last answer token is learnt but, having no successor, not fed. */
export function pack(samples: readonly Packable[]): PackedRow {
  const trunk = sharedPrefix(samples.map((each) => each.prompt));
  const ids = [...(samples[0]?.prompt.slice(0, trunk) ?? [])];
  const positions = ids.map((_, i) => i);
  const branch = ids.map(() => 0);
  const targets: Target[] = [];
  samples.forEach((sample, index) => {
    const start = ids.length + sample.prompt.length - trunk - 1;
    sample.answer.forEach((token, i) =>
      targets.push({ at: start + i, sample: index, ...(sample.labels?.[i] ?? hardLabel(token)) }),
    );
    const own = [...sample.prompt.slice(trunk), ...sample.answer.slice(0, -1)];
    own.forEach((token, i) => {
      ids.push(token);
      positions.push(trunk + i);
      branch.push(index + 1);
    });
  });
  return { ids, positions, branch, targets, samples: samples.map((each) => each.id) };
}

/** Tokens that a packed row of these samples holds. */
export function packedLength(samples: readonly Packable[]): number {
  const trunk = sharedPrefix(samples.map((each) => each.prompt));
  return samples.reduce((total, each) => total + each.prompt.length - trunk + each.answer.length - 1, trunk);
}

/**
 * Splits samples, kept in order, into groups whose packed rows hold at most `limit` tokens; one sample that is longer
 * by itself has a row of its own.
 */
export function packWithin(samples: readonly Packable[], limit: number): PackedRow[] {
  const groups: Packable[][] = [];
  for (const sample of samples) {
    const last = groups.at(-1);
    if (last && packedLength([...last, sample]) <= limit) last.push(sample);
    else groups.push([sample]);
  }
  return groups.map(pack);
}
