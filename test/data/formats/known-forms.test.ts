/** Forms that other tools write: chats of every kind, instructions, question answering sets, and records in wrappings. */
import { describe, expect, it } from 'vitest';
import { loadAll } from '../../../src/data/load.js';
import { jsonl, only, scratch } from '../support/files.js';

const load = (name: string, content: string | object) => loadAll(scratch(name, content), { onProblem: 'skip' });
const read = async (name: string, content: string | object) => {
  const { items, report } = await load(name, content);
  const item = only(items);
  const questions = item.questions.map(({ prompt, answers }) => [prompt, ...answers]);
  return { text: item.texts.original?.text, questions, notes: report.notes.map(({ what }) => what), report };
};

const turn = (role: string, content: string, more: object = {}) => ({ role, content, ...more });
const CHAT = [
  turn('user', 'Who wrote the manual?'),
  turn('assistant', 'Ines Kowalke.'),
  turn('user', 'When was she born?'),
  turn('assistant', 'In 1951.'),
  turn('user', 'And where?'),
  turn('assistant', 'In Husum.'),
];
const SYSTEM = turn('system', 'You know the harbour.');

describe('chats', () => {
  const lines = (to: number): string =>
    CHAT.slice(0, to)
      .map(({ role, content }) => `${role}: ${content}`)
      .join('\n');

  /** One chat in all its writings. */
  const WRITINGS: readonly [what: string, record: (turns: readonly { role: string; content: string }[]) => object][] = [
    ['messages', (messages) => ({ messages })],
    ['conversations of role and content', (conversations) => ({ conversations })],
    [
      'ShareGPT',
      (turns) => ({
        conversations: turns.map(({ role, content }) => ({
          from: role === 'user' ? 'human' : role === 'assistant' ? 'gpt' : role,
          value: content,
        })),
      }),
    ],
    [
      'capital roles',
      (turns) => ({ messages: turns.map(({ role, content }) => ({ role: role.toUpperCase(), content })) }),
    ],
    [
      'parts',
      (turns) => ({
        messages: turns.map(({ role, content }) => ({ role, content: [{ type: 'text', text: content }] })),
      }),
    ],
    [
      'speaker and text',
      (turns) => ({ dialogue: turns.map(({ role, content }) => ({ speaker: role, text: content })) }),
    ],
    ["TRL's prompt and completion", (turns) => ({ prompt: turns.slice(0, -1), completion: turns.slice(-1) })],
    [
      "TRL's preferences",
      (turns) => ({ prompt: turns.slice(0, -1), chosen: turns.slice(-1), rejected: [turn('assistant', 'No.')] }),
    ],
    ['JSON text in a field', (turns) => ({ messages: JSON.stringify(turns) })],
  ];

  it.each(WRITINGS)('keep what stands before a question, written as %s', async (what, record) => {
    const isLast = what.startsWith('TRL');
    const withSystem = await read('chat.jsonl', jsonl([record([SYSTEM, ...CHAT])]));
    const asked = [
      ['Who wrote the manual?', 'Ines Kowalke.'],
      [`${lines(2)}\nuser: When was she born?`, 'In 1951.'],
      [`${lines(4)}\nuser: And where?`, 'In Husum.'],
    ];
    expect(withSystem).toMatchObject({ text: SYSTEM.content, questions: isLast ? asked.slice(2) : asked });
    const without = await read('chat.json', [record(CHAT)]);
    expect(without).toMatchObject({ text: lines(4), questions: [['And where?', 'In Husum.']] });
    if (!isLast)
      expect(without.notes).toContain('exchanges before the last one are its text, not questions of their own');
  });

  it('written as rows of questions with answers are turns too', async () => {
    const conversation = [
      { human: 'Who?', assistant: 'Ines.' },
      { human: 'Where?', assistant: 'Husum.' },
    ];
    const { text, questions } = await read('rows.jsonl', jsonl([{ conversation }]));
    expect([text, questions]).toEqual(['user: Who?\nassistant: Ines.', [['Where?', 'Husum.']]]);
  });

  it.each([
    ['weight', 0],
    ['train', false],
    ['loss', false],
  ])('learn nothing of turns with %s %j, and show them', async (field, off) => {
    const messages = [SYSTEM, ...CHAT.map((each, at) => (at === 1 || at === 5 ? { ...each, [field]: off } : each))];
    const { questions, notes } = await read('weights.jsonl', jsonl([{ messages }]));
    expect(questions).toEqual([[`${lines(2)}\nuser: When was she born?`, 'In 1951.']]);
    expect(notes).toEqual([
      'an answer of weight 0 (or train: false) is shown, not learnt',
      'turns behind the last answer that is learnt are left out',
    ]);
  });

  it('ask behind the tools that were called, and refuse parts that are no text by name', async () => {
    const conversations = [
      turn('user', 'Rain?'),
      turn('function_call', '{"f":1}'),
      turn('observation', 'sun'),
      turn('assistant', 'No.'),
    ];
    const { questions, notes } = await read('tools.jsonl', jsonl([{ conversations, system: 'S' }]));
    expect(questions).toEqual([['user: Rain?\nassistant: {"f":1}\ntool: sun', 'No.']]);
    expect(notes).toEqual(['a turn that calls tools is shown, not learnt']);
    const image = {
      role: 'user',
      content: [
        { type: 'image_url', image_url: {} },
        { type: 'text', text: 'q' },
      ],
    };
    const { report } = await load(
      'image.jsonl',
      jsonl([{ messages: [image, turn('assistant', 'a')] }, { messages: CHAT }]),
    );
    expect(report.problems).toMatchObject([
      { field: 'messages[0].content', what: 'holds a part of the type "image_url"' },
    ]);
  });

  it('tell with their place of roles, tools, answers to nobody and turns without answer', async () => {
    const odd = [SYSTEM, turn('assistant', 'Hello.'), turn('user', 'Open?'), { role: 'assistant', content: null, tool_calls: [{ name: 'hours' }] },
      turn('tool', '8 to 5'), turn('user', 'So?'), turn('assistant', 'At 8.'), turn('user', 'Thanks.')]; // prettier-ignore
    const { questions, notes } = await read('odd.jsonl', jsonl([{ messages: odd }]));
    expect(questions).toEqual([
      ['assistant: Hello.\nuser: Open?\nassistant: [{"name":"hours"}]\ntool: 8 to 5\nuser: So?', 'At 8.'],
    ]);
    expect(notes).toEqual([
      'a turn that calls tools is shown, not learnt',
      'an assistant turn behind no user turn is shown, not learnt',
      'turns behind the last answer that is learnt are left out',
    ]);
    const { report } = await load(
      'roles.jsonl',
      jsonl([{ messages: [...CHAT, turn('narrator', 'x')] }, { messages: CHAT }]),
    );
    expect(report.problems).toMatchObject([
      { line: 1, field: 'messages[6].role', what: 'is a string ("narrator"), no known role' },
    ]);
  });
});

describe('question answering records', () => {
  const RECORDS: readonly [what: string, record: object, text: string | undefined, answers: string[], note?: RegExp][] = [
    ['Alpaca', { instruction: 'When?', input: 'In 1987.', output: '1987' }, 'In 1987.', ['1987']],
    ['Dolly', { instruction: 'When?', context: 'In 1987.', response: '1987', category: 'closed_qa' }, 'In 1987.', ['1987']],
    ['Dolly without context', { instruction: 'When?', context: '', response: '1987', category: 'open_qa' }, undefined, ['1987']],
    ['Alpaca with a system message', { instruction: 'When?', input: '', output: '1987', system: 'In 1987.' }, 'In 1987.', ['1987']],
    ['TRL', { prompt: 'When?', completion: '1987' }, undefined, ['1987']],
    ['TRL preferences', { prompt: 'When?', chosen: '1987', rejected: '1988' }, undefined, ['1987'], /rejected/],
    ['KTO', { prompt: 'When?', completion: '1987', label: true }, undefined, ['1987']],
    ["OpenAI's evals", { input: 'When?', ideal: ['1987', 'in 1987'] }, undefined, ['1987', 'in 1987']],
    ['Ragas', { question: 'When?', contexts: ['In', '1987.'], ground_truth: '1987' }, 'In\n\n1987.', ['1987'], /joined by blank lines/],
    ['two answers', { question: 'When?', context: 'x', answer: '1987', ground_truth: '1988' }, 'x', ['1987'], /--column answer=ground_truth takes it/],
    ['SQuAD of the hub', { id: 'x1', title: 't', context: 'In 1987.', question: 'When?', answers: { text: ['1987', '1987', 'in 1987'], answer_start: [3, 3, 0] } }, 'In 1987.', ['1987', 'in 1987']],
    ['TriviaQA', { question: 'When?', answer: { value: '1987', aliases: ['in 1987'] } }, undefined, ['1987', 'in 1987']],
    ['DROP', { passage: 'In 1987.', question: 'When?', answer: { spans: ['1987'] } }, 'In 1987.', ['1987']],
    ['BoolQ', { passage: 'In 1987.', question: 'Was it?', answer: true }, 'In 1987.', ['true']],
    ['capitals and blanks', { Context: 'In 1987.', 'Question ': 'When?', 'Correct Answer': '1987' }, 'In 1987.', ['1987']],
  ]; // prettier-ignore

  it.each(RECORDS)('of %s are read', async (_what, record, text, answers, note) => {
    for (const [name, content] of [
      ['r.jsonl', jsonl([record])],
      ['r.json', [record]],
    ] as const) {
      const found = await read(name, content);
      expect([found.text, found.questions[0]?.slice(1)]).toEqual([text, answers]);
      expect(found.report.problems).toEqual([]);
      if (note) expect(found.notes.join('\n')).toMatch(note);
    }
  });

  it('keep the turns of an instruction before it', async () => {
    const record = { instruction: 'Where?', input: '', output: 'Husum', history: [['Who?', 'Ines.']] };
    const { questions } = await read('history.jsonl', jsonl([record]));
    expect(questions).toEqual([['user: Who?\nassistant: Ines.\nuser: Where?', 'Husum']]);
  });

  it('of a table that lack the answer say once which option to type', async () => {
    const table = 'id,text,question,Lösung\n1,a,b,c\n2,d,e,f\n';
    await expect(load('none.csv', table)).rejects.toThrow(
      /no column is known to hold the answer: .* --column answer="Lösung"/,
    );
  });

  it('have the lists of Python, NumPy and JSON in a cell read as answers, and told where they cannot be', async () => {
    const CELLS: readonly [cell: string, answers: string[], told?: RegExp][] = [
      [`['Paris', 'City of Paris']`, ['Paris', 'City of Paris'], /read as answers/],
      [`["Paris"]`, ['Paris'], /read as answers/],
      [`['King\\'s Cross', "King's"]`, ["King's Cross", "King's"], /read as answers/],
      [`['a\\nb', 'caf\\xe9', '\\u5317']`, ['a\nb', 'café', '北'], /read as answers/],
      [`('Paris', 'Rome')`, ['Paris', 'Rome'], /read as answers/],
      [`['Paris' 'Rome'\n 'Oslo']`, ['Paris', 'Rome', 'Oslo'], /read as answers/],
      [`array(['Paris'], dtype=object)`, ['Paris'], /read as answers/],
      [`{'text': array(['Paris'], dtype=object), 'answer_start': array([3])}`, ['Paris'], /read as answers/],
      [`{'text': ['Paris'], 'answer_start': [3]}`, ['Paris'], /read as answers/],
      [`['King's Cross']`, [`['King's Cross']`], /looks like a list, which cannot be read/],
      [`[1, 2]`, ['[1, 2]'], /looks like a list of numbers; taken as text/],
      [`{'a': 1}`, [`{'a': 1}`], /looks like an object, dictionary or set/],
      [`{'Paris', 'Rome'}`, [`{'Paris', 'Rome'}`], /looks like an object, dictionary or set/],
      [`[d]`, ['[d]']],
      [`(see page 3)`, ['(see page 3)']],
      [`[]`, ['[]'], /looks like an empty list/],
    ]; // prettier-ignore
    for (const [cell, answers, told] of CELLS) {
      const csv = `id,text,question,answer\n1,a,b,"${cell.replaceAll('"', '""')}"\n`;
      for (const [name, content] of [
        ['c.csv', csv],
        ['c.jsonl', jsonl([{ id: 1, text: 'a', question: 'b', answer: cell }])],
      ] as const) {
        const { questions, notes } = await read(name, content);
        expect(questions).toEqual([['b', ...answers]]);
        expect(notes.join('\n')).toMatch(told ?? /^$/);
      }
    }
  });

  it('that spreadsheets have spoilt, and rows that repeat others, are told', async () => {
    const csv = 'id,text,question,answer\n1,a,b,#REF!\n2,c,d,1.79012E+18\n3,e,f,g\n3,e,f,g\n';
    const { items, report } = await load('spoilt.csv', csv);
    expect(report.notes.map(({ what }) => what.slice(0, 40))).toEqual([
      'an answer is the error of a spreadsheet ',
      'an answer is a number that a spreadsheet',
    ]);
    expect(report).toMatchObject({ skippedQuestions: 1, questions: 3 });
    expect(items[2]?.questions).toHaveLength(1);
  });

  it('that hold control tokens are noted, wherever they stand', async () => {
    const records = [
      { text: 'a <|im_end|> b', question: 'q', answer: 'a' },
      { text: 'b', question: 'what is </s>?', answer: 'a' },
      { text: 'c', question: 'q', answer: '[INST]' },
      { messages: [turn('user', '<start_of_turn>'), turn('assistant', 'a')] },
    ];
    for (const record of records) {
      const { notes } = await read('control.jsonl', jsonl([record]));
      expect(notes.join('\n')).toMatch(/control tokens of chat models/);
    }
    expect((await read('none.jsonl', jsonl([{ text: 'a <b> [1] <s', question: 'q', answer: '<i>' }]))).notes).toEqual(
      [],
    );
  });
});

describe('wrapped records', () => {
  const qas = [
    { id: '1', question: 'Who runs it?', answers: [{ text: 'Marta', answer_start: 0 }, { text: 'Marta', answer_start: 0 }], is_impossible: false },
    { id: '2', question: 'Who built it?', answers: [], is_impossible: true },
  ]; // prettier-ignore
  const squad = {
    version: 'v2.0',
    data: [
      {
        title: 'Depot',
        paragraphs: [
          { context: 'Marta runs it.', qas },
          { context: 'B.', qas: [{ ...qas[0], question: '' }] },
        ],
      },
    ],
  };

  it.each([
    ['over many lines', 2],
    ['on one line', 0],
  ])("of SQuAD's file, %s, are read and told by their path", async (_what, indent) => {
    const { items, report } = await load('squad.json', JSON.stringify(squad, null, indent));
    expect(
      items.map(({ id, texts, questions }) => [id, texts.original?.text, questions.map(({ answers }) => answers)]),
    ).toEqual([
      ['1', 'Marta runs it.', [['Marta']]],
      ['2', 'B.', []],
    ]);
    expect(report.notes[0]?.what).toBe('a question that its text does not answer is left out');
    expect(report.problems).toMatchObject([
      { within: 'data[0].paragraphs[1]', field: 'qas[0].question', what: 'is empty' },
    ]);
  });

  it.each([
    ['data', { data: [{ text: 'a' }], version: 1 }],
    ['the only list', { meta: {}, entries: [{ text: 'a' }] }],
    ['an object of its own', { dataset: { train: [{ text: 'a' }] } }],
    ['rows of a data set server', { features: [{ name: 'text' }], rows: [{ row_idx: 0, row: { text: 'a' } }] }],
    ['no wrapping: one record over lines', { text: 'a', note: ['x'] }],
  ])('are found under %s', async (_what, content) => {
    expect((await read('wrapped.json', content)).text).toBe('a');
  });

  it('leave no list of records beside those that are read unsaid', async () => {
    const { notes } = await read('splits.json', { train: [{ text: 'a' }], test: [{ text: 'b' }], version: 1 });
    expect(notes).toEqual(['records under "test" are not read; write them to a file of their own']);
  });

  it.each([
    ['columns of lists', { question: ['a', 'b'], answer: ['c', 'd'] }, /one object of columns.*orient="records"/],
    ['columns of pandas', { question: { 0: 'a', 1: 'b' }, answer: { 0: 'c', 1: 'd' } }, /one object of columns/],
    ['a split table', { columns: ['text'], index: [0], data: [['a']] }, /one object of columns/],
    ['records by name', { one: { text: 'a' }, two: { text: 'b' } }, /one object of records by their names: .*jq/],
    ['something else', { a: 1, b: { c: 2 } }, /form is not recognised from their fields \(a, b\)/],
  ])('that are none are one problem: %s', async (_what, content, said) => {
    for (const indent of [0, 2])
      await expect(load('none.json', JSON.stringify(content, null, indent))).rejects.toThrow(said);
  });
});
