/** The page's style: system fonts, one column, colours for light and dark screens, and paper. */
import { spokenLanguage } from '../words/language.js';

const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c2024; --muted: #5c646c; --grid: #e3e6e9; --line: #d5d9dd; --soft: #f5f6f7;
  --good: #0067a5; --bad: #c2500b; --warn: #fdf3e3; --warn-line: #d9a441;
  --series-1: #0072b2; --series-2: #d55e00; --series-3: #007f5f; --series-4: #aa4499; --series-5: #8a6d00; --series-6: #4b4b4b;
  --mark: #e8ebee; --mark-answer: #cfe6f7;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #e4e7ea; --muted: #9aa3ab; --grid: #2b3036; --line: #363c43; --soft: #1c2024;
    --good: #5cb3ec; --bad: #f08c4a; --warn: #2c2415; --warn-line: #a67c2e;
    --series-1: #56b4e9; --series-2: #f08c4a; --series-3: #3ec79a; --series-4: #d990cc; --series-5: #d8b93a; --series-6: #b8bec4;
    --mark: #2d3339; --mark-answer: #123d59;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 78rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; font-weight: 650; }
h2 { font-size: 1.2rem; margin: 3.25rem 0 .75rem; padding-top: .9rem; border-top: 1px solid var(--line); font-weight: 650; }
h3 { font-size: 1rem; margin: 1.75rem 0 .4rem; font-weight: 650; }
h4 { font-size: .95rem; margin: 0; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.15rem; }
a { color: var(--good); }
code, pre { font: .88em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { overflow-wrap: anywhere; }
.note, .over, .about { color: var(--muted); font-size: .875rem; }
.note, .sentences, .evidence { max-width: 78ch; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; margin: 1rem 0 1.75rem; font-size: .9rem; }
nav a { text-decoration: none; }
nav a:hover { text-decoration: underline; }

article.verdict { border-left: 3px solid var(--good); padding: .1rem 0 .1rem 1.25rem; margin: 0 0 2rem; }
.verdict .over { margin: 0; }
article.refused { border-left-color: var(--bad); }
.headline { font-size: 1.45rem; line-height: 1.3; margin: .15rem 0 .75rem; font-weight: 600; max-width: 46ch; }
article.verdict ~ article.verdict .headline { font-size: 1.2rem; }
.topic { font-size: .875rem; margin: .9rem 0 0; }
.numbers { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 0 0 .75rem; }
.numbers dt { color: var(--muted); font-size: .8rem; }
.numbers dd { margin: 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; }
.cautions { background: var(--warn); border-left: 3px solid var(--warn-line); padding: .8rem 1.25rem; margin: 0 0 1.25rem; }
.cautions h2 { border: 0; padding: 0; margin: 0; font-size: .95rem; }
.cautions ul { font-size: .92rem; max-width: 84ch; margin-bottom: 0; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--good); font-size: .95rem; }
.evidence { font-size: .85rem; font-variant-numeric: tabular-nums; max-width: 100ch; }

.figures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2.5rem 2.25rem; }
figure { margin: 0; min-width: 0; }
figcaption.title { color: var(--muted); font-size: .85rem; }
figcaption .number { display: inline-block; min-width: 1.35em; font-weight: 650; color: var(--ink); }
.finding { font-weight: 600; margin: .1rem 0 .6rem; line-height: 1.35; }
.chart { display: block; max-width: 100%; height: auto; overflow: visible; }
.chart text { white-space: pre; font-family: inherit; }
.narrow { display: none; }
figure .note { font-size: .8rem; line-height: 1.4; margin-top: .25rem; }

.scroll { overflow-x: auto; margin: .5rem 0 1rem; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; max-width: 100%; }
th, td { padding: .35rem .4rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); }
th { line-height: 1.25; color: var(--muted); font-weight: 500; border-bottom-color: var(--line); vertical-align: bottom; }
th[title] { text-decoration: underline dotted; text-underline-offset: .2em; }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; border-radius: 2px; }
th button::after { content: '↕'; position: absolute; padding-left: .1em; opacity: .3; font-size: .75em; }
th[aria-sort=ascending] button::after { content: '↑'; opacity: 1; }
th[aria-sort=descending] button::after { content: '↓'; opacity: 1; }
td.long { overflow-wrap: anywhere; min-width: 8rem; }
.number { text-align: right; white-space: nowrap; }
th.number { white-space: normal; }
td.screen { white-space: nowrap; }
tbody tr:hover td { background: var(--soft); }
figcaption .number { text-align: left; }
tr.failed td { background: var(--warn); }
.shared b { color: var(--ink); font-weight: 500; }
.inwords { font-size: .875rem; columns: 2; column-gap: 2rem; padding-left: 1.1rem; }
.inwords li { break-inside: avoid; }
.failures { font-size: .875rem; color: var(--bad); }
.paper { display: none; }
.spread { display: grid; grid-template-columns: minmax(0, 32.5rem) minmax(0, 1fr); gap: 0 2rem; align-items: center; }

.levels { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; padding-bottom: .75rem; }
.levels article { background: var(--soft); padding: .75rem .9rem; font-size: .85rem; }
.levels .text { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow-y: auto; }
mark { background: var(--mark); color: inherit; padding: 0 .1em; border-radius: 2px; }
mark.fact { background: var(--mark-answer); box-shadow: inset 0 -1.5px var(--good); }
.lost del { color: var(--bad); margin-right: .35em; }
.kept, .lost { border-top: 1px solid var(--line); padding-top: .5rem; margin-bottom: 0; }

.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1.25rem; font-size: .875rem; margin: .25rem 0; }
.facts dt { color: var(--muted); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.command { background: var(--soft); padding: .7rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }

.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; font-size: .875rem; align-items: start; }
.filters select, .filters input { height: 2.1rem; }
.filters label { display: grid; gap: .15rem; color: var(--muted); min-width: 0; max-width: 100%; }
select, input, button { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: .25rem .5rem; max-width: 100%; }
button:disabled { opacity: .45; }
.filters select { max-width: min(14.5rem, 100%); }
.filters input { width: 10rem; }
.pages { font-size: .875rem; color: var(--muted); }
.question { border-top: 1px solid var(--grid); padding: .75rem 0; unicode-bidi: isolate; }
.question p { margin: .1rem 0; overflow-wrap: anywhere; white-space: pre-wrap; max-width: 90ch; }
.question .prompt { font-weight: 600; }
.reference bdi { font-size: .95rem; }
.question .label { color: var(--muted); font-size: .875rem; }
.matrix { table-layout: fixed; width: 100%; max-width: 100%; margin: .35rem 0 .25rem; }
.matrix th, .matrix td { padding: .1rem .4rem .1rem 0; border-bottom-color: var(--grid); }
.matrix tbody th { padding-top: .2rem; color: var(--ink); overflow-wrap: anywhere; vertical-align: top; }
.matrix button { all: unset; display: block; box-sizing: border-box; width: 100%; padding: .1rem .25rem; cursor: pointer; border-radius: 3px;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.matrix button:hover { background: var(--soft); }
.matrix button[aria-expanded=true] { background: var(--mark); }
.matrix button:focus-visible { outline: 2px solid var(--good); }
.matrix .mark { font-weight: 600; }
.right .mark, span.right { color: var(--good); }
.wrong .mark, span.wrong { color: var(--bad); }
.unscored .mark { color: var(--muted); }
.detail { background: var(--soft); padding: .75rem 1rem; margin: .25rem 0 .5rem; overflow-wrap: anywhere; }
.detail dd { white-space: pre-wrap; }
.given .text { white-space: pre-wrap; max-height: 22rem; overflow-y: auto; margin: 0; max-width: none; }
.given .context { background: var(--mark); }

@media (max-width: 60rem) {
  .figures, .spread { grid-template-columns: minmax(0, 1fr); }
  .inwords { columns: 1; }
  .scroll { background: linear-gradient(to right, transparent, var(--line)) right / 1.25rem 100% no-repeat scroll; }
  table { max-width: none; }
  .sorts th:first-child, .sorts td:first-child { position: sticky; left: 0; background: var(--paper); }
}
@media (max-width: 34rem) {
  body { padding: 1.25rem 1rem 3rem; }
  .wide { display: none; }
  .narrow { display: block; }
  .headline { font-size: 1.25rem; }
  .facts { grid-template-columns: minmax(0, 1fr); }
  .facts dd { margin-bottom: .35rem; }
  .filters select { max-width: 100%; }
  .matrix .said { display: none; }
  .matrix { font-size: .8rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, details, .screen, #answers .filters, #answers .pages, #answers .questions { display: none; }
  .paper { display: block; }
  a { color: inherit; text-decoration: none; }
  h2 { margin-top: 1.75rem; }
  .headline { font-size: 1.2rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1.5rem; }
  .wide { display: block; }
  .narrow { display: none; }
  figure, article, tr, aside, dl > div { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  .scroll { overflow: visible; background: none; }
  .spread { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  table { font-size: 7pt; }
  th, td { padding: .12rem .25rem; }
  th button::after { content: none; }
  tbody tr:nth-child(n+61) { display: none; }
}
`;

/** Faces that every system has for Chinese; lines of characters, which are wider than letters and have no blanks to break at. */
const CHINESE_STYLE = `
body { font-family: system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', sans-serif;
  line-height: 1.65; text-autospace: no-autospace; }
.headline { max-width: 34em; }
.note, .sentences, .evidence { max-width: 46em; }
.sentences, .cautions, .note { line-break: strict; }
th.number, th.words { word-break: keep-all; }
`;

/** The style for the language that is spoken. */
export function pageStyle(): string {
  return spokenLanguage() === 'zh' ? `${STYLE}${CHINESE_STYLE}` : STYLE;
}
