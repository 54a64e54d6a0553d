/** The texts of a dialogue history: its transcript, and the same at every level by rule. */
import type { Level } from '../../core/levels.js';
import type { Item } from '../../core/records.js';
import { oracle } from './articles.js';
import { dialogue, type Dialogue, type DialogueOptions, type Session, type Told } from './dialogues.js';

/** A history as text: each session's date, then its turns. */
export function transcript(sessions: readonly Session[]): string {
  return sessions
    .map((session, i) =>
      [
        `Session ${i + 1}, ${session.date.slice(0, 10)}`,
        ...session.turns.map((turn) => `${turn.role}: ${turn.content}`),
      ].join('\n'),
    )
    .join('\n');
}

function withoutSmallTalk(session: Session): Session {
  return { ...session, turns: session.turns.filter((turn) => !turn.small) };
}

/** The most important share of an account, at least one sentence, in the order told. */
function mostImportant(account: readonly Told[], share: number): string[] {
  const kept = Math.max(1, Math.round(share * account.length));
  return account.filter(({ importance }) => importance < kept).map(({ sentence }) => sentence);
}

function extraction({ user, account, sessions }: Dialogue): string {
  const entities = [
    { name: user, type: 'user' },
    { name: 'assistant', type: 'assistant' },
  ];
  const relations = account.map(({ subject, relation, value }) => ({ subject, relation, object: value }));
  const events = sessions.map(({ date }) => ({ date, event: 'talk with the assistant' }));
  return JSON.stringify({ entities, relations, events }, null, 1);
}

const introduced = ({ user }: Dialogue, sentences: readonly string[]): string =>
  [`The user is ${user}.`, ...sentences].join(' ');

/** Levels that need a language model (`select`, `prune`) are not rendered. */
const RENDERERS: Readonly<Record<Level, (dialogue: Dialogue) => string>> = {
  original: ({ sessions }) => transcript(sessions),
  summ_l1: ({ sessions }) => transcript(sessions.map(withoutSmallTalk)),
  summ_l2: (made) => introduced(made, mostImportant(made.account, 1)),
  summ_l3: (made) => introduced(made, mostImportant(made.account, 0.6)),
  summ_l4: ({ account }) => mostImportant(account, 1 / 3).join(' '),
  summ_l5: ({ account }) => mostImportant(account, 0).join(' '),
  ext: extraction,
  hybrid: (made) => introduced(made, mostImportant(made.account, 1)),
};

/** A dialogue as an item with its texts at the levels asked for. */
export function dialogueItem(index: number, options: DialogueOptions, levels: readonly Level[]): Item {
  const made = dialogue(index, options);
  const texts = Object.fromEntries(
    levels.flatMap((level) => {
      const render = RENDERERS[level];
      return render ? [[level, oracle(render(made))] as const] : [];
    }),
  );
  return { id: made.id, dataset: 'world-dialogues', texts, questions: made.questions };
}
