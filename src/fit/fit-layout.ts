/** Names in a fit's folder. */
export const FIT_FILES = {
  /** The documents with their questions. */
  items: 'documents.jsonl',
  /** What those were made of. */
  source: 'documents.json',
  /** Decisions so far. */
  state: 'state.json',
  /** The study of all trials. */
  pilots: 'pilots',
  /** The study of the adapter that was chosen. */
  final: 'final',
  /** That adapter, as PEFT reads it. */
  adapter: 'adapter',
  /** The outcome, for programs and for people; written last. */
  outcome: 'fit.json',
  page: 'fit.html',
} as const;
