/** Questions as lines `Q:`, `R:`, `A:`, which small models can write where they cannot write JSON, however they decorate them. */

/** A question with its rewordings and its answer, as lines gave them. */
export interface LinedQuestion {
  readonly prompt: string;
  readonly rewordings: readonly string[];
  readonly answer: string;
}

const LINE =
  /^[\s>*_#-]*(?:\d+[.)]\s*)?[\s*_]*(q(?:uestion)?|r(?:eworded|ephrased)?|a(?:nswer)?|问题?|改述|答案?|frage|antwort)\s*\d*\s*[*_]*\s*[:：]\s*[*_]*\s*(.+)$/iu;
const ROLES: Readonly<Record<string, 'q' | 'r' | 'a'>> = { q: 'q', r: 'r', a: 'a', 问: 'q', 改: 'r', 答: 'a', f: 'q' };

/** All whole questions of a model's answer; `unread` counts the lines that were none. */
export function linedQuestions(answer: string): {
  readonly questions: readonly LinedQuestion[];
  readonly unread: number;
} {
  const questions: LinedQuestion[] = [];
  let open: { prompt?: string; rewordings: string[] } = { rewordings: [] };
  let unread = 0;
  for (const line of answer.split('\n').filter((each) => each.trim() !== '')) {
    const [, name = '', raw = ''] = LINE.exec(line) ?? [];
    const role = /^antwort$/i.test(name) ? 'a' : ROLES[name[0]?.toLowerCase() ?? ''];
    const value = raw.replace(/[*_]+$/, '').trim();
    if (role === 'a' && open.prompt !== undefined) {
      const { prompt, rewordings } = open;
      questions.push({ prompt, rewordings: rewordings.filter((each) => each !== prompt), answer: unquoted(value) });
      open = { rewordings: [] };
    } else if (role === 'q') open = { prompt: value, rewordings: [] };
    else if (role === 'r') open.rewordings.push(value);
    else unread++;
  }
  return { questions, unread };
}

/** What a line holds behind its role; the whole line where it names none. */
export function lineValue(line: string): string {
  return (LINE.exec(line)?.[2] ?? line).trim();
}

const unquoted = (text: string): string =>
  text
    .replace(/^["“'«「](.*)["”'»」]\.?$/u, '$1')
    .replace(/[.。]$/u, '')
    .trim();
