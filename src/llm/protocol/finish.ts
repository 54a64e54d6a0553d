/** Why a server says that an answer ended: only reasons known to be good make a whole answer. */

/** What a reason means: a whole answer, one cut at the limit, one held back, something other than text, or nothing known. */
export type Ending = 'whole' | 'cut' | 'filtered' | 'refused' | 'tool' | 'unknown';

const ENDINGS: Readonly<Record<Exclude<Ending, 'unknown'>, string>> = {
  whole: 'stop stop_sequence stopped eos eos_token end_turn complete completed finish_reason_stop',
  cut: 'length max_tokens max_length max_output_tokens max_new_tokens model_length model_context_window_exceeded',
  filtered:
    'content_filter content_filtered safety recitation blocklist prohibited_content spii sensitive guardrail_intervened',
  refused: 'refusal',
  tool: 'tool_calls tool_call tool_use function_call',
};

const BY_REASON: ReadonlyMap<string, Ending> = new Map(
  Object.entries(ENDINGS).flatMap(([ending, reasons]) =>
    reasons.split(' ').map((reason) => [reason, ending as Ending] as const),
  ),
);

/** What a finish reason means, in either case; a server that names none (null) gave all that it has. */
export function endingOf(reason: string | null | undefined): Ending {
  if (reason === null || reason === undefined) return 'whole';
  return BY_REASON.get(reason.toLowerCase()) ?? 'unknown';
}
