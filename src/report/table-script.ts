/** The part of the page's script that sorts tables: every head becomes a button. Plain JavaScript for browsers. */

export const TABLE_SCRIPT = `'use strict';
(() => {
  const text = (cell) => cell.textContent.trim();
  const key = (cell) => {
    if (cell.dataset.order !== undefined) return Number(cell.dataset.order);
    const number = /^[+−-]?[\\d,]*\\.?\\d+/.exec(text(cell));
    return number ? Number(number[0].replace('−', '-').replaceAll(',', '')) : NaN;
  };
  const compare = (at, down) => (a, b) => {
    const [first, second] = [a.cells[at], b.cells[at]];
    const isEmpty = (cell) => text(cell) === '–' || text(cell) === '';
    if (isEmpty(first) || isEmpty(second)) return isEmpty(first) - isEmpty(second);
    const difference = key(first) - key(second);
    const order = Number.isNaN(difference) ? text(first).localeCompare(text(second), undefined, { numeric: true }) : difference;
    return down ? -order : order;
  };
  const NEXT = { none: 'ascending', ascending: 'descending', descending: 'none' };
  for (const table of document.querySelectorAll('table.sorts')) {
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...body.rows];
    if (rows.length < 2) continue;
    heads.forEach((head, at) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () => {
        const order = NEXT[head.getAttribute('aria-sort')];
        heads.forEach((other) => other.setAttribute('aria-sort', 'none'));
        head.setAttribute('aria-sort', order);
        body.append(...(order === 'none' ? rows : [...rows].sort(compare(at, order === 'descending'))));
      });
    });
  }
})();
`;
