/** uv: whether it is there, which brings an interpreter with all that training by PyTorch and PEFT takes. */
import { missing, note, ok, type Finding } from './finding.js';
import { askProgram, failureOf, type Ask } from './program.js';
import { INSTALL_UV } from './python.js';

export type UvFacts = { readonly version: string | null };
const UV_MS = 10_000;

/** Its version, or why it is of no use. */
export async function uvFinding(ask: Ask = askProgram): Promise<Finding<UvFacts>> {
  const answer = await ask('uv', ['--version'], UV_MS);
  const version = answer.kind === 'ended' && answer.code === 0 ? /^uv (\S+)/.exec(answer.out)?.[1] : undefined;
  if (version !== undefined) return ok('uv', version, { version });
  const rest = { facts: { version: null }, mend: INSTALL_UV };
  if (answer.kind === 'absent') return note('uv', 'not installed: it brings Python with what engine: peft takes', rest);
  return missing('uv', `uv does not work: ${failureOf(answer, UV_MS)}`, rest);
}
