/** What of a question an adapter's training on texts had: asked for, only told, or nothing. */
import type { Item, TextGroup } from '../core/records.js';
import { coveredQuestions } from '../forms/covered.js';
import type { FormSample } from '../forms/form.js';

export interface TextGroupsInput {
  readonly asked: readonly Item[];
  /** Ids of items whose texts are trained on, and of those of which questions are. */
  readonly trained: ReadonlySet<string>;
  readonly taught: ReadonlySet<string>;
  readonly samples: readonly FormSample[];
}

/** The group of every question, by `item/question`. */
export function textGroups({ asked, trained, taught, samples }: TextGroupsInput): ReadonlyMap<string, TextGroup> {
  const covered = coveredQuestions(samples, asked);
  const groupOf = (item: string, key: string): TextGroup => {
    if (!trained.has(item)) return 'unseen';
    if (!taught.has(item)) return 'untaught';
    return covered.has(key) ? 'covered' : 'uncovered';
  };
  return new Map(
    asked.flatMap(({ id, questions }) =>
      questions.map((question) => {
        const key = `${id}/${question.id}`;
        return [key, groupOf(id, key)];
      }),
    ),
  );
}
