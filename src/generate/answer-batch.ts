/** Rows of prompts: what all prompts begin with stands once, then per row its trunk and its branches, one per prompt. */
import { groupBy } from '../core/collections.js';
import { sharedPrefix } from '../models/graph/packing.js';

/** A prompt to place: its index among those asked, its group, its tokens. */
export interface Placeable {
  readonly index: number;
  readonly group: string;
  readonly tokens: readonly number[];
}

/** One token to compute: for a branch, or for the trunk (0) that all branches of its row see. */
export interface Fed {
  readonly id: number;
  readonly position: number;
  readonly branch: number;
}

/** One prompt being answered. */
export interface Branch {
  readonly index: number;
  /** 1, 2 … within its row. */
  readonly number: number;
  /** Place among the row's prompt tokens of its last one, whose logits choose the first token of the answer. */
  readonly last: number;
  /** Position of the next token. */
  position: number;
  readonly answer: number[];
  finished: boolean;
}

/** Prompts that share a trunk. */
export interface Row {
  /** The prompts' tokens after the head: the trunk, then each branch's own. */
  readonly prompt: readonly Fed[];
  readonly branches: readonly Branch[];
}

/** All prompts, placed. */
export interface Rows {
  /** What all prompts begin with; empty where there is one row, whose trunk it then belongs to. */
  readonly head: readonly number[];
  /** Shortest first. */
  readonly rows: readonly Row[];
}

/** Shared tokens beyond the head that make a row of a group worthwhile. */
const WORTHWHILE_TRUNK = 8;
/** Tokens of a row whose prompts share the head alone: attention to other branches is lost work, so it stays short. */
const LOOSE_ROW_TOKENS = 256;

function rowOf(prompts: readonly Placeable[], head: number): Row {
  const trunk = sharedPrefix(prompts.map(({ tokens }) => tokens));
  const shared = prompts[0]?.tokens.slice(head, trunk) ?? [];
  const fed: Fed[] = shared.map((id, i) => ({ id, position: head + i, branch: 0 }));
  const branches = prompts.map(({ index, tokens }, i): Branch => {
    tokens.slice(trunk).forEach((id, j) => fed.push({ id, position: trunk + j, branch: i + 1 }));
    const state = { position: tokens.length, answer: [], finished: false };
    return { index, number: i + 1, last: fed.length - 1, ...state };
  });
  return { prompt: fed, branches };
}

/** Splits prompts, in order, so that trunk and branches hold at most `limit` tokens; a longer prompt stands alone. */
function within(prompts: readonly Placeable[], trunk: number, limit: number): Placeable[][] {
  const rows: { prompts: Placeable[]; tokens: number }[] = [];
  for (const prompt of prompts) {
    const own = prompt.tokens.length - trunk;
    const last = rows.at(-1);
    if (last && last.tokens + own <= limit) {
      last.prompts.push(prompt);
      last.tokens += own;
    } else rows.push({ prompts: [prompt], tokens: trunk + own });
  }
  return rows.map((row) => row.prompts);
}

const prefixOf = (prompts: readonly Placeable[]): number => sharedPrefix(prompts.map(({ tokens }) => tokens));

/**
 * Places prompts in rows of at most `rowTokens` tokens: by group where a group shares more than all do, else whatever is of like
 * length.
 */
export function placeInRows(prompts: readonly Placeable[], rowTokens: number): Rows {
  const head = prefixOf(prompts);
  const groups = [...groupBy(prompts, ({ group }) => group).values()];
  const tight = groups.filter((group) => group.length > 1 && prefixOf(group) >= head + WORTHWHILE_TRUNK);
  const loose = groups.filter((group) => !tight.includes(group)).flat();
  const byLength = loose.sort((a, b) => a.tokens.length - b.tokens.length);
  const placed = [
    ...tight.flatMap((group) => within(group, prefixOf(group), rowTokens)),
    ...within(byLength, head, Math.min(head + LOOSE_ROW_TOKENS, rowTokens)),
  ];
  const kept = placed.length > 1 ? head : 0;
  const rows = placed.map((row) => rowOf(row, kept)).sort((a, b) => a.prompt.length - b.prompt.length);
  return { head: prompts[0]?.tokens.slice(0, kept) ?? [], rows };
}
