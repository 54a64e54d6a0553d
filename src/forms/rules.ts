/** Questions and rewrites without a model: what rules find in a text, asked for in frames that the exam does not use. */
import { partsOfItem, type Part } from '../exam/part.js';
import { ruleFacts, type RuleFact } from '../exam/rule-facts.js';
import type { Source } from './form.js';
import type { FormWriter, StudyDraft } from './writer.js';

/** Raised when rules write otherwise. */
const VERSION = 1;

/** Writes by rules: at once, and the same each time. */
export const ruleFormWriter: FormWriter = {
  name: 'rules',
  identity: { rules: VERSION },
  concurrency: 1,
  study: (source) => Promise.resolve({ drafts: studyDrafts(source), unread: 0 }),
  rewrite: () => Promise.resolve({ texts: [], unread: 0 }),
  estimate: () => null,
};

function studyDrafts(source: Source): StudyDraft[] {
  const part = wholePart(source);
  if (part === undefined) return [];
  const topic = source.topic === '' ? part.topic : source.topic;
  return ruleFacts({ ...part, topic }).flatMap((fact, index) => draftsOf(fact, `${index + 1}`, topic));
}

/** A source as one part; undefined where it has no words. */
function wholePart({ text }: Source): Part | undefined {
  const item = { id: '', dataset: '', questions: [], texts: { original: { text, method: '', provenance: {} } } };
  return partsOfItem(item, Infinity, () => 1)[0];
}

const GAP = '____';

function draftsOf(fact: RuleFact, id: string, topic: string): StudyDraft[] {
  const about = topic === '' ? '' : ` (${topic})`;
  const prompts =
    fact.shape === 'value'
      ? [`What is the ${fact.key}${fact.of === '' ? '' : ` of ${fact.of}`}${about}?`]
      : [`Continue${about}: ${fact.before}`];
  const cloze =
    fact.shape === 'value'
      ? `The ${fact.key}${fact.of === '' ? '' : ` of ${fact.of}`}${about} is ${GAP}.`
      : `${fact.before}${GAP}${fact.behind}${about}`;
  return [
    ...prompts.map((prompt) => ({ fact: id, asking: 'forward' as const, prompt, answer: fact.answer })),
    { fact: id, asking: 'cloze', prompt: cloze, answer: fact.answer },
  ];
}
