import { createHash } from 'node:crypto';
import { JSDOM } from 'jsdom';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyse } from '../../src/analysis/analyse.js';
import type { Row } from '../../src/core/records.js';
import { shownKey, type ReportData } from '../../src/report/data.js';
import { browsedAnswers } from '../../src/report/answers.js';
import { terminalSummary } from '../../src/report/terminal.js';
import { renderReport } from '../../src/report/page.js';
import { demoStudy, runSummary } from '../analysis/fixtures.js';
import { demoReport, madeAudit, reportData } from './fixtures.js';

const quick = (data: ReportData): string => renderReport(data, analyse(data.rows, data.runs, { draws: 500 }));

function opened(page: string, run = true): Document {
  return new JSDOM(page, run ? { runScripts: 'dangerously', pretendToBeVisual: true } : {}).window.document;
}

function select(document: Document, name: string, value: string): void {
  const control = document.querySelector(`[name=${name}]`) as HTMLSelectElement;
  control.value = value;
  control.dispatchEvent(new (document.defaultView as unknown as { Event: typeof Event }).Event('change'));
}

describe('the report', () => {
  let page: string;
  let document: Document;
  beforeAll(() => {
    page = quick(demoReport());
    document = opened(page);
  });

  it('opens with the verdict: level, rank and adapter', () => {
    const first = document.querySelector('main > *');
    expect(first?.id).toBe('verdict');
    expect(document.querySelector('.headline')?.textContent).toMatch(/^Use .* an adapter of rank 8/u);
    expect(document.querySelector('.adapter code')?.textContent).toMatch(/^lightmem-demo\/runs\/.*\/adapter$/u);
    expect(document.querySelector('.cautions')?.textContent).toContain('trained once');
  });

  it('has every section, and a link to each', () => {
    const ids = ['figures', 'audit', 'capacity', 'runs', 'answers', 'reproduce'];
    expect([...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href'))).toEqual(
      ids.map((id) => `#${id}`),
    );
    for (const id of ids) expect(document.querySelector(`section#${id} h2`), id).not.toBeNull();
  });

  it('loads nothing: no address outside the page', () => {
    const loading = document.querySelectorAll('link, img, iframe, object, embed, video, audio, base, script[src]');
    expect(loading.length).toBe(0);
    const links = [...document.querySelectorAll('[href]')].map((link) => link.getAttribute('href') ?? '');
    expect(links.filter((href) => /^[a-z]+:|^\/|^\\/iu.test(href))).toEqual([]);
    expect(page.replaceAll('http://www.w3.org/2000/svg', '').match(/.{20}(?:https?:|url\(|@import).{20}/gu)).toBeNull();
  });

  it('allows its own style and script by their hashes, and nothing else', () => {
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute('content') ?? '';
    const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const style = [...page.matchAll(/<style>([^]*?)<\/style>/gu)].map(([, text]) => text ?? '');
    const script = [...page.matchAll(/<script>([^]*?)<\/script>/gu)].map(([, text]) => text ?? '');
    expect([style.length, script.length]).toEqual([1, 1]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src ${hash(style[0] ?? '')}`);
    expect(policy).toContain(`script-src ${hash(script[0] ?? '')}`);
    expect(policy).not.toContain('unsafe');
    expect(document.querySelectorAll('body [style]').length).toBe(0);
  });

  it('lists all runs, the failed one with its reason', () => {
    const lines = [...document.querySelectorAll('#runs tbody tr')];
    expect(lines.length).toBe(demoReport().runs.length);
    expect(document.querySelectorAll('#runs tr.failed').length).toBe(1);
    expect(document.querySelector('#runs .failures')?.textContent).toContain('loss is not a number at step 12');
  });

  it('links to the rows, to each run and to its adapter by paths that cannot leave the disk', () => {
    const study = demoStudy({ items: 7 });
    const [first] = study.runs.filter(({ rank }) => rank > 0);
    const place = { folder: 'runs/a', adapter: 'javascript:alert(1)/é b' };
    const files = { rows: ['rows.csv'], runs: new Map([[first?.id ?? '', place]]) };
    const linked = opened(quick(reportData(study, { files })));
    const links = [...linked.querySelectorAll('#runs [href], #answers .note [href]')].map((a) =>
      a.getAttribute('href'),
    );
    expect(links).toEqual(['runs/a/', 'javascript%3Aalert(1)/%C3%A9%20b/', 'rows.csv']);
  });

  it('sorts a table by a column up, down and back, numbers as numbers, what is missing last', () => {
    const page = opened(quick(reportData(demoStudy())));
    const head = [...page.querySelectorAll('#runs th')].find((each) => each.textContent === 'Parameters');
    const at = [...(head?.parentElement?.children ?? [])].indexOf(head as Element);
    const column = (): number[] =>
      [...page.querySelectorAll('#runs tbody tr')].map(({ children }) =>
        Number((children[at]?.textContent ?? '').replaceAll(',', '').replace('–', 'NaN')),
      );
    const [before, sorted] = [column(), [...column()].filter((n) => !Number.isNaN(n)).sort((a, b) => a - b)];
    const gaps = new Array<number>(before.length - sorted.length).fill(NaN);
    const orders = ['ascending', 'descending', 'none'].map((order) => {
      head?.querySelector('button')?.click();
      expect(head?.getAttribute('aria-sort')).toBe(order);
      return column();
    });
    expect(orders).toEqual([[...sorted, ...gaps], [...sorted].reverse().concat(gaps), before]);
    expect(new Set(sorted).size).toBeGreaterThan(1);
  });

  it('tells once above a table what all its rows share', () => {
    const page = opened(quick(reportData(demoStudy())));
    expect(page.querySelector('#runs .shared')?.textContent).toMatch(/status done/u);
    const heads = [...page.querySelectorAll('#runs th')].map(({ textContent }) => textContent);
    expect(heads).toContain('Score');
    expect(heads).not.toContain('Status');
  });

  it('shows each level of the audit with its rates, its spread and its facts', () => {
    const rows = [...document.querySelectorAll('#audit table tbody tr')];
    expect(rows.length).toBe(7);
    expect(rows.at(-1)?.textContent).toContain('−60.00\u00a0%');
    expect(rows.at(-1)?.textContent).toContain('3 lose evidence');
    expect(document.querySelectorAll('#audit .spread svg').length).toBe(2);
    const cards = [...document.querySelectorAll('#audit .levels article')];
    expect(cards[0]?.querySelectorAll('mark').length).toBe(3);
    expect(cards[2]?.querySelector('.lost')?.textContent).toContain('Brink & Sons');
  });

  it('tells how to make it again', () => {
    const text = document.querySelector('#reproduce')?.textContent ?? '';
    for (const part of [
      'npx lightmem demo --seed 1',
      'c0ffee11',
      'v20.20.2',
      '1.30.0',
      'train.lora.alpha',
      'exact (accuracy)',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('says first that nothing can be recommended, why, and what to change, as terminal and JSON do', () => {
    const study = demoStudy({ items: 7 });
    const runs = study.runs.map((run) => (run.rank > 0 ? { ...run, steps: 5 } : run));
    const data = reportData({ ...study, runs });
    const analysis = analyse(data.rows, data.runs, { draws: 500 });
    const page = opened(renderReport(data, analysis));
    const [found] = analysis.recommendation.datasets;
    const words = 'othing can be recommended: the adapter was trained for 5 steps only.';
    expect(found?.headline).toContain(words);
    expect(page.querySelector('.verdict.refused .headline')?.textContent).toContain(words);
    expect(page.querySelector('.verdict.refused')?.textContent).toContain(found?.sentences[0]);
    expect(page.querySelector('.verdict.refused .numbers')).toBeNull();
    expect(page.querySelector('#verdict .adapter')).toBeNull();
    const terminal = terminalSummary(data, { analysis, width: 1000 });
    expect(terminal).toMatch(/^[\w-]+: nothing can be recommended: the adapter was trained for 5 steps only\./u);
    expect(terminal).not.toContain('Adapter:');
  });

  it('says what it is without rows too', () => {
    const empty = opened(
      quick(reportData({ rows: [], runs: [runSummary({ status: 'failed', error: 'no' })] }, { audits: [] })),
    );
    expect(empty.querySelector('#verdict')?.textContent).toContain('nothing to recommend');
    expect(empty.querySelector('#figures')).toBeNull();
    expect(empty.querySelectorAll('#runs tbody tr').length).toBe(1);
  });
});

describe('browsing answers', () => {
  const data = demoReport();
  const page = quick(data);
  const asked = (rows: readonly Row[]): number => new Set(rows.map(({ item, question }) => `${item} ${question}`)).size;

  function count(document: Document): number {
    return Number(/^[\d,]+/u.exec(document.querySelector('.count')?.textContent ?? '')?.[0].replace(',', ''));
  }

  it('shows ten questions a page, and the next ten when asked', () => {
    const document = opened(page);
    select(document, 'show', 'all');
    expect(count(document)).toBe(asked(data.rows.filter(({ dataset }) => dataset === 'world-articles')));
    const first = document.querySelector('.question .prompt')?.textContent;
    expect(document.querySelectorAll('.question').length).toBe(10);
    (document.querySelector('[name=next]') as HTMLButtonElement).click();
    expect(document.querySelector('.question .prompt')?.textContent).not.toBe(first);
    expect(document.querySelector('.count')?.textContent).toContain('page 2 of');
  });

  it('keeps only questions whose verdict changed between two runs', () => {
    const document = opened(page);
    const names = [...document.querySelectorAll('[name=first] option')].map(({ textContent }) => textContent);
    const [a, b] = ['original, rank 8', 'L5, rank 8'].map((name) => names.indexOf(name));
    expect([a, b]).not.toContain(-1);
    const values = [...document.querySelectorAll<HTMLOptionElement>('[name=first] option')].map(({ value }) => value);
    select(document, 'first', values[a ?? 0] ?? '');
    select(document, 'second', values[b ?? 0] ?? '');
    const scores = (level: string) =>
      new Map(
        data.rows
          .filter((r) => r.dataset === 'world-articles' && r.book === 'open' && r.rank === 8 && r.level === level)
          .map((r) => [`${r.item} ${r.question}`, r.score]),
      );
    const others = scores('summ_l5');
    const changed = [...scores('original')].filter(([key, score]) => score !== others.get(key));
    expect(count(document)).toBe(changed.length);
    for (const question of document.querySelectorAll('.question')) {
      expect(question.querySelectorAll('.matrix button').length).toBe(2);
    }
  });

  it('finds words in questions, references and answers', () => {
    const document = opened(page);
    select(document, 'show', 'all');
    const words = document.querySelector('[name=words]') as HTMLInputElement;
    words.value = 'WORLD-ARTICLES-17: ';
    words.dispatchEvent(new (document.defaultView as unknown as { Event: typeof Event }).Event('input'));
    expect(count(document)).toBe(4);
  });

  it('lays answers out as a matrix: a line for each text, a column for each rank, each answer where its run belongs', () => {
    const document = opened(page);
    const table = document.querySelector('.matrix');
    const ranks = [...(table?.querySelectorAll('thead th') ?? [])].map(({ textContent }) => textContent);
    expect(ranks).toEqual(['base model', 'rank 4', 'rank 8', 'rank 16']);
    const lines = [...(table?.querySelectorAll('tbody tr') ?? [])].map((line) => line.querySelector('th')?.textContent);
    expect(lines.slice(0, 3)).toEqual(['original', 'ext', 'L1']);
    const prompt = document.querySelector('.question .prompt')?.textContent;
    let compared = 0;
    for (const row of data.rows.filter((each) => each.prompt === prompt && each.book === 'open')) {
      const line = lines.indexOf(row.level.replace('summ_l', 'L'));
      const cell =
        table?.querySelectorAll('tbody tr')[line]?.children[
          1 + ranks.indexOf(row.rank === 0 ? 'base model' : `rank ${row.rank}`)
        ];
      const mark = row.status === 'unscored' ? '?' : row.correct === true ? '✓' : '✗';
      expect(cell?.querySelector('.mark')?.textContent[0]).toBe(mark);
      compared++;
    }
    console.log(`${compared} answers of a question compared`);
    expect(compared).toBeGreaterThan(6);
  });

  const shown = {
    style: { system: 'Be brief.', open: 'Text: {context}\n\n{question}', closed: '{question}' },
    texts: new Map(
      data.rows.map(({ dataset, item, level }) => [shownKey(dataset, item, level), `<b>${item}</b> at ${level}`]),
    ),
  };

  it('opens an answer: prompt, text shown, verdict, reason, and a link that opens it again', () => {
    const linked = quick({ ...data, shown });
    const document = opened(linked);
    select(document, 'show', 'all');
    const button = [...document.querySelectorAll<HTMLButtonElement>('.matrix button')].find(({ title }) =>
      title.startsWith('L2, rank 8'),
    );
    button?.click();
    const detail = document.querySelector('.detail');
    const prompt = document.querySelector('.question .prompt')?.textContent ?? '';
    const row = data.rows.find((each) => each.prompt === prompt && each.level === 'summ_l2' && each.rank === 8);
    expect(detail?.querySelector('.given .text')?.textContent).toBe(
      `Text: <b>${row?.item}</b> at summ_l2\n\n${row?.prompt}`,
    );
    expect(detail?.querySelector('.given')?.textContent).toContain('System: Be brief.');
    expect(detail?.textContent).toContain(row?.reason);
    const address = detail?.querySelector('a')?.getAttribute('href') ?? '';
    expect(decodeURIComponent(address)).toBe(`#a/${row?.run}/${row?.item}/${row?.question}`);
    const again = new JSDOM(linked, { runScripts: 'dangerously', url: `https://example.invalid/${address}` });
    expect(again.window.document.querySelectorAll('.detail').length).toBe(1);
    expect(again.window.document.querySelector('.detail h4')?.textContent).toBe('L2, rank 8');
  });

  it('leaves questions out past the limit, unchanged ones first, and says so', () => {
    const { rows } = demoStudy({ items: 12 });
    const all = browsedAnswers(rows);
    expect(browsedAnswers(rows, { mostQuestions: 2 })).toMatchObject({ omitted: all.questions.length - 2 });
    const few = browsedAnswers(rows, { most: 20_000 });
    expect(all.omitted).toBe(0);
    expect(few.omitted).toBeGreaterThan(0);
    expect(few.omitted + few.questions.length).toBe(all.questions.length);
    expect(few.questions.every(({ answers }) => new Set(answers.map(([, , , score]) => score)).size > 1)).toBe(true);
    const { texts, questions } = few;
    expect(JSON.stringify({ texts, questions }).length).toBeLessThan(3 * 20_000);
  });
});

describe('text that others wrote', () => {
  const corpus = [
    '<script>window.broken = 1</script>',
    '</script><script>window.broken = 2</script>',
    '<!--<script>',
    ']]><img src=x onerror="window.broken = 3">',
    '"><svg onload=window.broken=4>',
    "' onmouseover='window.broken = 5",
    '<iframe srcdoc="<script>parent.broken=6</script>"></iframe>',
    'javascript:window.broken=7',
    '</title><style>*{display:none}</style>',
    '</style><script>window.broken=8</script>',
    '</textarea></noscript><img src=1 onerror=window.broken=9>',
    '&lt;script&gt;window.broken=10&lt;/script&gt;',
    '<a href="https://example.invalid">link</a>',
    '${window.broken = 11}`',
    '\u2028window.broken = 12\u2029',
    '\u202e\u2066evil\u0000\u001b[31m\ud800',
    '<math><mtext></form><form><mglyph><style></math><img src onerror=window.broken=13>',
    '__proto__',
    'constructor',
  ];

  function poisoned(text: string, keep: (row: Row) => boolean = () => true): ReportData {
    const rows = demoStudy({ items: 7 })
      .rows.filter(keep)
      .map((row) => ({
        ...row,
        run: `${row.run}${text}`,
        dataset: `${row.dataset}${text}`,
        item: `${row.item}${text}`,
        question: `${row.question}${text}`,
        ...{ type: text, prompt: text, reference: text, answer: `${row.answer}${text}`, judge: text },
      }));
    const audit = madeAudit(text, 12);
    const view = { item: text, facts: [{ kind: 'answers', label: text }], levels: [] as never[] };
    const spans = [{ start: 0, end: text.length, fact: 0 }];
    const levels = [{ level: 'original' as const, text, tokens: 3, trr: 0, spans, lost: [0] }];
    const failed = runSummary({ id: text, dataset: text, status: 'failed', error: text, adapterPath: text });
    return reportData(
      { rows, runs: [failed, runSummary({ id: rows[0]?.run ?? '', adapterPath: text })] },
      {
        ...{ title: text, command: text, model: text, settings: { [text]: text } },
        shown: {
          style: { system: text, open: `${text}{context}`, closed: text },
          texts: new Map(rows.map((row) => [shownKey(row.dataset, row.item, row.level), text])),
        },
        files: { rows: [text], runs: new Map(rows.map(({ run }) => [run, { folder: text, adapter: text }])) },
        losses: new Map(
          rows.map(({ run }) => [
            run,
            {
              trained: [
                { step: 1, loss: 2 },
                { step: 2, loss: 1 },
              ],
              heldOut: [],
            },
          ]),
        ),
        ...{ identities: { [text]: text }, versions: { [text]: text }, environment: { [text]: text } },
        audits: [
          {
            ...audit,
            tokenizer: text,
            levels: audit.levels.map((l) => ({ ...l, verdict: text })),
            views: [{ ...view, levels }],
          },
        ],
      },
    );
  }

  function check(text: string, keep: (row: Row) => boolean, harmless: Record<string, number>): void {
    const { window } = new JSDOM(quick(poisoned(text, keep)), { runScripts: 'dangerously' });
    for (const button of window.document.querySelectorAll<HTMLElement>('.matrix button')) button.click();
    expect((window as unknown as { broken?: number }).broken, text).toBeUndefined();
    expect(elements(window.document), text).toEqual(harmless);
    for (const element of window.document.querySelectorAll('*')) {
      const handlers = element.getAttributeNames().filter((name) => name.startsWith('on'));
      expect(handlers, text).toEqual([]);
    }
  }

  it('runs nothing and adds no element, wherever it stands', () => {
    const few = (row: Row): boolean => row.dataset === 'world-dialogues' && row.rank === 8 && row.level === 'original';
    const harmless = clicked(opened(quick(poisoned('plain', few))));
    for (const text of corpus) check(text, few, harmless);
    console.log(`${corpus.length} texts put into every field`);
  });

  it('does no harm in figures and tables of many runs either', () => {
    const harmless = clicked(opened(quick(poisoned('plain'))));
    check(corpus.join(' '), () => true, harmless);
    check([...corpus].reverse().join(''), () => true, harmless);
  });

  it('shows what it hides: controls, direction marks, lone surrogates', () => {
    const page = quick(poisoned('\u202e\u2066evil\u0000\u001b[31m\ud800'));

    expect(page.match(/.{20}[\u0000-\u0008\u001b\u202a-\u202e\u2066-\u2069]/gu)).toBeNull();
    expect(Buffer.from(page, 'utf8').toString('utf8') === page).toBe(true);
    expect(opened(page).querySelector('h1')?.textContent).toBe('\ufffd\ufffdevil\ufffd\ufffd');
  });

  function clicked(document: Document): Record<string, number> {
    for (const button of document.querySelectorAll<HTMLElement>('.matrix button')) button.click();
    return elements(document);
  }

  /** How often each kind of element that could carry an attack stands in the page. */
  function elements(document: Document): Record<string, number> {
    const kinds = [
      'script',
      'style',
      'img',
      'iframe',
      'svg',
      'a',
      'form',
      'math',
      'h1',
      'section',
      'textarea',
      'title',
    ];
    return Object.fromEntries(kinds.map((kind) => [kind, document.getElementsByTagName(kind).length]));
  }
});
