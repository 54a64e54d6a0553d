/** The page's only script: filters and pages through the answers. Plain JavaScript for browsers; it writes text as text, never as markup. */

export const BROWSE_SCRIPT = `'use strict';
(() => {
  const source = document.getElementById('answers-data');
  const root = document.getElementById('browser');
  if (!source || !root) return;
  const data = JSON.parse(source.textContent);
  const perPage = 20;
  const control = (name) => root.querySelector('[name=' + name + ']');
  const list = root.querySelector('.questions');
  const state = { page: 0, found: [] };

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const option = (value, text) => {
    const made = element('option', '', text);
    made.value = String(value);
    return made;
  };

  const fillRuns = () => {
    const dataset = control('dataset').value;
    for (const name of ['first', 'second']) {
      const select = control(name);
      select.replaceChildren(option(-1, name === 'first' ? 'all runs' : 'any other run'));
      data.runs.forEach((run, i) => {
        if (run.dataset === dataset) select.append(option(i, run.name));
      });
    }
  };

  const shownAnswers = (question) => {
    const first = Number(control('first').value);
    const second = Number(control('second').value);
    if (first < 0 && second < 0) return question.answers;
    if (first >= 0 && second >= 0) return question.answers.filter(([run]) => run === first || run === second);
    if (first >= 0) return question.answers;
    return question.answers.filter(([run]) => run === second);
  };

  const differs = (answers, at) => {
    const first = Number(control('first').value);
    const mine = answers.find(([run]) => run === first);
    if (first >= 0) return mine !== undefined && answers.some((answer) => answer[at] !== mine[at]);
    return answers.some((answer) => answer[at] !== answers[0][at]);
  };
  const filters = {
    all: () => true,
    verdict: (answers) => differs(answers, 3) || differs(answers, 2),
    answer: (answers) => differs(answers, 1),
    wrong: (answers) => answers.every(([, , verdict]) => verdict === 0),
    unscored: (answers) => answers.some(([, , verdict]) => verdict === -1),
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
      return texts.concat(answers.map(([, text]) => data.texts[text])).some((text) => text.toLowerCase().includes(words));
    });
    state.page = 0;
    draw();
  };

  const verdictText = (verdict, score) => (verdict === -1 ? 'unscored' : (verdict === 1 ? 'right' : 'wrong') + (score === null ? '' : ' · ' + score));

  const answersTable = (question) => {
    const groups = new Map();
    for (const [run, text, verdict, score] of shownAnswers(question)) {
      const key = [text, verdict, score].join();
      if (!groups.has(key)) groups.set(key, { text, verdict, score, runs: [] });
      groups.get(key).runs.push(run);
    }
    const body = element('tbody');
    const ordered = [...groups.values()].sort((a, b) => b.verdict - a.verdict || b.runs.length - a.runs.length);
    for (const { text, verdict, score, runs } of ordered) {
      const row = element('tr', ['unscored', 'wrong', 'right'][verdict + 1]);
      row.append(element('td', 'state', verdictText(verdict, score)), element('td', 'answer', data.texts[text] || '(empty answer)'));
      const names = element('td', 'by');
      runs.forEach((run) => names.append(element('span', 'run', data.runs[run].name), ' '));
      row.append(names);
      body.append(row);
    }
    const table = element('table', 'answers');
    table.append(body);
    return table;
  };

  const card = (question) => {
    const made = element('article', 'question');
    made.append(element('p', 'over', question.item + ' · ' + question.type + (question.abstention ? ' · abstention' : '')));
    made.append(element('p', 'prompt', question.prompt));
    const reference = element('p', 'reference');
    reference.append(element('span', 'label', 'Reference '), element('bdi', '', question.reference));
    made.append(reference, answersTable(question));
    return made;
  };

  const draw = () => {
    const pages = Math.max(1, Math.ceil(state.found.length / perPage));
    state.page = Math.min(Math.max(0, state.page), pages - 1);
    list.replaceChildren(...state.found.slice(state.page * perPage, (state.page + 1) * perPage).map(card));
    root.querySelector('.count').textContent =
      state.found.length.toLocaleString('en') + (state.found.length === 1 ? ' question' : ' questions') + ' · page ' + (state.page + 1) + ' of ' + pages.toLocaleString('en');
    control('previous').disabled = state.page === 0;
    control('next').disabled = state.page >= pages - 1;
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
  control('words').addEventListener('input', search);
  control('previous').addEventListener('click', turn(-1));
  control('next').addEventListener('click', turn(1));
  root.hidden = false;
  fillRuns();
  search();
})();
`;
