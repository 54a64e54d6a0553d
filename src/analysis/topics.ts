/** A verdict's sentences by what they are about. */

/** What was found, how much a text may be compressed, what adapter it takes, and what that costs the base. */
export type Topic = 'finding' | 'compression' | 'parameters' | 'cost';

export interface TopicSentences {
  readonly topic: Topic;
  readonly sentences: readonly string[];
}

/** The topics of which something is said, and all sentences in their order. */
export function byTopic(all: Readonly<Partial<Record<Topic, readonly string[]>>>) {
  const topics: TopicSentences[] = (['finding', 'compression', 'parameters', 'cost'] as const).flatMap((topic) => {
    const sentences = all[topic] ?? [];
    return sentences.length === 0 ? [] : [{ topic, sentences }];
  });
  return { topics, sentences: topics.flatMap(({ sentences }) => sentences) };
}
