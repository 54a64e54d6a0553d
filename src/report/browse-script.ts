/** The part of the page's script that shows answers: filters, pages, a matrix for each question, and what lies behind an answer. Plain JavaScript for browsers; it writes text as text, never as markup. */
import { browseWords } from '../words/browse.js';

/** What the script calls verdicts, which are the classes of their marks. */
const KINDS = { '-1': 'unscored', '0': 'wrong', '1': 'right' };

/** Text as a literal of the script. */
function text(words: string): string {
  return `'${words.replace(/[\\']/gu, '\\$&').replaceAll('<', '\\x3c')}'`;
}

/** The verdicts' names: the classes themselves where they say the same. */
function labels(verdicts: Readonly<Record<keyof typeof KINDS, string>>): string {
  const names = [verdicts['-1'], verdicts['0'], verdicts['1']] as const;
  if (names.join() === [KINDS['-1'], KINDS['0'], KINDS['1']].join()) return 'KINDS';
  const [unscored, wrong, right] = names;
  return `({ '-1': ${text(unscored)}, 0: ${text(wrong)}, 1: ${text(right)} })`;
}

/** The script in the language that is spoken. */
export function browseScript(): string {
  const words = browseWords().script;
  return `'use strict';
(() => {
  const source = document.getElementById('answers-data');
  const root = document.getElementById('browser');
  if (!source || !root) return;
  const data = JSON.parse(source.textContent);
  const [RUN, ANSWER, VERDICT, SCORE, REASON, FLAGS] = [0, 1, 2, 3, 4, 5];
  const perPage = 10;
  const control = (name) => root.querySelector('[name=' + name + ']');
  const list = root.querySelector('.questions');
  const state = { page: 0, found: [], opened: null };

  const element = (tag, className, ...content) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };
  const option = (value, text) => {
    const made = element('option', '', text);
    made.value = String(value);
    return made;
  };
  const link = (address, text) => {
    const made = element('a', '', text);
    made.href = address;
    return made;
  };
  const addressOf = (question, answer) => {
    const place = answer ? ['a', data.runs[answer[RUN]].id] : ['q', question.dataset];
    return '#' + [...place, question.item, question.id].map(encodeURIComponent).join('/');
  };

  const fillRuns = () => {
    const dataset = control('dataset').value;
    if (trainedAs) {
      const kinds = new Set(data.runs.filter((run) => run.dataset === dataset && run.trainedAs !== '').map((run) => run.trainedAs));
      trainedAs.replaceChildren(option('', ${text(words.all)}), ...[...kinds].map((kind) => option(kind, kind)));
    }
    for (const name of ['first', 'second']) {
      const select = control(name);
      select.replaceChildren(option(-1, name === 'first' ? ${text(words.allRuns)} : ${text(words.anyOther)}));
      data.runs.forEach((run, i) => {
        if (run.dataset === dataset) select.append(option(i, run.name));
      });
    }
  };

  // Only pages of studies that train on texts have these two.
  const [trainedAs, inGroup] = [control('trained'), control('group')];
  const groupOf = (answer) => answer[FLAGS] >> 2;
  const GROUPS = [${words.groups.map(text).join(', ')}];
  const ofKind = (answers) => {
    if (!trainedAs) return answers;
    const [trained, group] = [trainedAs.value, Number(inGroup.value)];
    if (trained === '' && group === 0) return answers;
    return answers.filter(
      (answer) => (trained === '' || data.runs[answer[RUN]].trainedAs === trained) && (group === 0 || groupOf(answer) === group),
    );
  };
  const shownAnswers = (question) => {
    const [first, second] = ['first', 'second'].map((name) => Number(control(name).value));
    const answers = ofKind(question.answers);
    if (second < 0) return answers;
    return answers.filter((answer) => answer[RUN] === first || answer[RUN] === second);
  };
  const differs = (answers, at) => {
    const first = Number(control('first').value);
    const mine = first < 0 ? answers[0] : answers.find((answer) => answer[RUN] === first);
    return mine !== undefined && answers.some((answer) => answer[at] !== mine[at]);
  };
  const filters = {
    all: () => true,
    verdict: (answers) => differs(answers, SCORE) || differs(answers, VERDICT),
    answer: (answers) => differs(answers, ANSWER),
    wrong: (answers) => answers.every((answer) => answer[VERDICT] === 0),
    unscored: (answers) => answers.some((answer) => answer[VERDICT] === -1),
  };

  const search = () => {
    const dataset = control('dataset').value;
    const words = control('words').value.trim().toLowerCase();
    const keep = filters[control('show').value];
    state.found = data.questions.filter((question) => {
      if (question.dataset !== dataset) return false;
      const answers = shownAnswers(question);
      if (answers.length === 0 || !keep(answers)) return false;
      if (words === '') return true;
      const texts = [question.item, question.type, question.prompt, question.reference];
      return texts.concat(answers.map((answer) => data.texts[answer[ANSWER]])).some((text) => text.toLowerCase().includes(words));
    });
    state.page = 0;
    draw();
  };

  const KINDS = { '-1': 'unscored', 0: 'wrong', 1: 'right' };
  const MARKS = { '-1': '?', 0: '✗', 1: '✓' };
  const verdictText = (answer) => ${labels(words.verdicts)}[answer[VERDICT]] + (answer[SCORE] === null ? '' : ${text(words.score)} + answer[SCORE]);
  const rankName = (rank) => (rank === 0 ? ${text(words.base)} : ${text(words.rank)} + rank);

  const given = (question, run) => {
    const text = (data.shown[question.shown] || []).find(([level]) => level === run.level);
    const isOpen = run.level !== 'none';
    if (data.style === null || (isOpen && text === undefined)) return null;
    const made = element('div', 'given');
    if (data.style.system !== null) made.append(element('p', 'note', ${text(words.system)} + data.style.system));
    const body = element('p', 'text');
    const pattern = isOpen ? data.style.open : data.style.closed;
    for (const part of pattern.split(/({context}|{question})/)) {
      if (part === '{context}') body.append(element('span', 'context', text[1]));
      else body.append(part === '{question}' ? question.prompt : part);
    }
    made.append(body);
    return made;
  };

  const detail = (question, answer) => {
    const run = data.runs[answer[RUN]];
    const made = element('div', 'detail');
    const facts = element('dl', 'facts');
    const fact = (name, ...content) => facts.append(element('dt', '', name), element('dd', '', ...content));
    const said = element('bdi', '', data.texts[answer[ANSWER]] || ${text(words.empty)});
    fact(${text(words.answer)}, said, answer[FLAGS] & 2 ? ${text(words.ranToLimit)} : '');
    fact(${text(words.verdict)}, element('span', KINDS[answer[VERDICT]], verdictText(answer)));
    if (groupOf(answer) > 0) fact(${text(words.inTraining)}, GROUPS[groupOf(answer)]);
    fact(${text(words.reason)}, data.texts[answer[REASON]] || '–');
    const shown = given(question, run);
    const cut = answer[FLAGS] & 1 ? element('p', 'note', ${text(words.shortened)}) : '';
    if (shown) fact(${text(words.given)}, cut, shown);
    else if (cut) fact(${text(words.given)}, cut);
    const links = [link(addressOf(question, answer), ${text(words.thisAnswer)})];
    if (run.folder) links.push(' · ', link(run.folder, ${text(words.filesOfRun)}));
    fact(${text(words.links)}, ...links);
    made.append(element('h4', '', run.name), facts);
    return made;
  };

  const matrix = (question) => {
    const answers = shownAnswers(question);
    const runs = answers.map((answer) => data.runs[answer[RUN]]);
    const ranks = [...new Set(runs.map(({ rank }) => rank))].sort((a, b) => a - b);
    const place = element('div', 'place');
    const open = (answer, button) => {
      const isOpen = button.getAttribute('aria-expanded') === 'true';
      table.querySelectorAll('button').forEach((other) => other.setAttribute('aria-expanded', 'false'));
      button.setAttribute('aria-expanded', String(!isOpen));
      place.replaceChildren(...(isOpen ? [] : [detail(question, answer)]));
    };
    const cell = (line, rank) => {
      const made = element('td');
      answers.forEach((answer, i) => {
        if (runs[i].place !== line || runs[i].rank !== rank) return;
        const score = answer[SCORE] === null || answer[SCORE] === 1 || answer[SCORE] === 5 ? '' : ' ' + answer[SCORE];
        const said = data.texts[answer[ANSWER]] || ${text(words.empty)};
        const button = element('button', KINDS[answer[VERDICT]], element('span', 'mark', MARKS[answer[VERDICT]] + score), ' ', element('bdi', 'said', said.slice(0, 80)));
        button.type = 'button';
        button.title = runs[i].name + ${text(words.colon)} + verdictText(answer) + ${text(words.colon)} + said.slice(0, 200);
        button.setAttribute('aria-expanded', 'false');
        button.addEventListener('click', () => open(answer, button));
        made.append(button);
        if (state.opened === answer) open(answer, button);
      });
      return made;
    };
    const head = element('tr', '', element('td', 'corner'));
    ranks.forEach((rank) => head.append(element('th', '', rankName(rank))));
    const table = element('table', 'matrix', element('thead', '', head));
    const body = element('tbody');
    table.append(body);
    for (const line of new Set(runs.map((run) => run.place))) {
      const row = element('tr', '', element('th', '', line));
      ranks.forEach((rank) => row.append(cell(line, rank)));
      body.append(row);
    }
    return [table, place];
  };

  const card = (question) => {
    const made = element('article', 'question');
    const over = question.item + ' · ' + question.type + (question.abstention ? ${text(words.abstention)} : '') + ' ';
    made.append(element('p', 'over', over, link(addressOf(question), '#')));
    made.append(element('p', 'prompt', question.prompt));
    made.append(element('p', 'reference', element('span', 'label', ${text(words.reference)}), element('bdi', '', question.reference)));
    made.append(...matrix(question));
    return made;
  };

  const draw = () => {
    const pages = Math.max(1, Math.ceil(state.found.length / perPage));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    list.replaceChildren(...state.found.slice(state.page * perPage, (state.page + 1) * perPage).map(card));
    root.querySelector('.count').textContent =
      state.found.length.toLocaleString('en') + (state.found.length === 1 ? ${text(words.question)} : ${text(words.questions)}) + ${text(words.page)} + (state.page + 1) + ${text(words.of)} + pages.toLocaleString('en');
    control('previous').disabled = state.page === 0;
    control('next').disabled = state.page >= pages - 1;
  };

  const follow = () => {
    const [kind, place, item, id] = location.hash.slice(1).split('/').map((part) => {
      try { return decodeURIComponent(part); } catch { return part; }
    });
    if (kind !== 'a' && kind !== 'q') return;
    const answerOf = (question) => question.answers.find((answer) => data.runs[answer[RUN]].id === place);
    const found = data.questions.find(
      (question) => question.item === item && question.id === id && (kind === 'q' ? question.dataset === place : answerOf(question)),
    );
    if (!found) return;
    control('dataset').value = found.dataset;
    fillRuns();
    control('show').value = 'all';
    control('words').value = '';
    if (inGroup) inGroup.value = '0';
    state.opened = kind === 'a' ? answerOf(found) : null;
    search();
    state.page = Math.floor(state.found.indexOf(found) / perPage);
    draw();
    const at = list.children[state.found.indexOf(found) % perPage];
    if (at && at.scrollIntoView) at.scrollIntoView();
  };

  const turn = (by) => () => {
    state.page += by;
    draw();
    if (root.scrollIntoView) root.scrollIntoView();
  };
  control('dataset').append(...[...new Set(data.questions.map(({ dataset }) => dataset))].map((name) => option(name, name)));
  control('dataset').addEventListener('change', () => {
    fillRuns();
    search();
  });
  for (const name of ['show', 'first', 'second']) control(name).addEventListener('change', search);
  for (const select of [trainedAs, inGroup]) if (select) select.addEventListener('change', search);
  control('words').addEventListener('input', search);
  control('previous').addEventListener('click', turn(-1));
  control('next').addEventListener('click', turn(1));
  addEventListener('hashchange', follow);
  root.hidden = false;
  fillRuns();
  search();
  if (state.found.length === 0) {
    control('show').value = 'all';
    search();
  }
  follow();
})();
`;
}
