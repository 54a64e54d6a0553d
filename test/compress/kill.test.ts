import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Item } from '../../src/core/records.js';
import type { ChatMessage } from '../../src/llm/chat-model.js';
import { completion, startServer, type Received } from '../llm/support/mock-server.js';
import { built } from './support/built.js';
import { diligent, markedText } from './support/scripted-model.js';
import { itemOf } from './support/texts.js';

const CONCURRENCY = 4;
const ITEMS = Array.from({ length: 24 }, (_, index) =>
  itemOf(
    `Town number ${index} was founded in ${1700 + index} by Ada Miller${index}. It has a harbour, a mill and a market. `.repeat(
      6,
    ),
    `i${index}`,
  ),
);

/** Answers diligently, refuses one text for good, and breaks another's JSON at first. */
function answer({ body }: Received) {
  const messages = body['messages'] as readonly ChatMessage[];
  const text = markedText(messages);
  if (text.includes('Town number 5 '))
    return { ...completion("I'm sorry, but I can't assist with that."), delayMs: 10 };
  if (text.includes('Town number 7 ') && messages.length === 2 && body['response_format'] !== undefined)
    return completion('no JSON');
  return { ...completion(diligent(messages)), delayMs: 10 };
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the program; kills it once `received` says so. */
async function run(url: string, folder: string, killed: (kill: () => void) => void): Promise<Ended> {
  const fixture = join(import.meta.dirname, 'fixtures/compressing.mjs');
  const child = spawn(process.execPath, [fixture, built('llm', 'compress'), url, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  killed(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  child.stdin.end(JSON.stringify(ITEMS));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output };
}

test('killed again and again, a compression asks for nothing twice but what was under way', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lightmem-kill-'));
  let onRequest = (): void => undefined;
  const server = await startServer((request) => {
    onRequest();
    return answer(request);
  });
  try {
    const whole = await run(server.url, join(folder, 'whole'), () => undefined);
    expect(whole.code).toBe(0);
    const uninterrupted = server.received.length;
    expect(uninterrupted).toBe(24 + 24 + 1); // one repair; the two refusals are one call each
    let kills = 0;
    let ended: Ended = { code: null, output: '' };
    for (const after of [1, 2, 5, 9, 14, 20, Infinity]) {
      ended = await run(server.url, join(folder, 'killed'), (kill) => {
        let seen = 0;
        onRequest = () => {
          if (++seen === after) kill();
        };
      });
      if (ended.code === 0) break;
      kills++;
    }
    const calls = server.received.length - uninterrupted;
    console.log(`killed ${kills} times: ${calls} calls in all, ${uninterrupted} uninterrupted`);
    expect(ended.code).toBe(0);
    expect(kills).toBeGreaterThanOrEqual(4);
    expect(calls).toBeLessThanOrEqual(uninterrupted + kills * CONCURRENCY);
    expect(textsOf(ended.output)).toEqual(textsOf(whole.output));
    const again = await run(server.url, join(folder, 'killed'), () => undefined);
    // A further run tries only the two refused texts again.
    expect(server.received.length - uninterrupted - calls).toBe(2);
    expect(textsOf(again.output)).toEqual(textsOf(whole.output));
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);

function textsOf(output: string): (readonly (string | undefined)[])[] {
  const items = JSON.parse(output) as Item[];
  return items.map((item) => [item.id, item.texts.summ_l3?.text, item.texts.ext?.text]);
}
