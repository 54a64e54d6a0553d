/** A server of one of the three protocols, whose answers are made of the adapter's weights and the prompt; with faults by name. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';

/** What is answered: four letters and a log-probability. */
export function answerOf(weights, prompt) {
  const hash = createHash('sha256').update(weights).update(JSON.stringify(prompt)).digest();
  const text = [...hash.subarray(0, 4)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
  return { text, logprob: -1 - hash.readUInt16LE(4) / 65536 };
}

const [kind, faultsText, ...words] = process.argv.slice(2);
if (kind !== undefined && process.argv[1]?.endsWith('mock-server.mjs')) serve(JSON.parse(faultsText));

function optionOf(name) {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

function weightsIn(folder) {
  return readFileSync(join(folder, 'adapter_model.safetensors'));
}

function serve(faults) {
  const base = optionOf('--model') ?? words[0];
  const requests = [];
  const loaded = new Map();
  const stale = new Map();
  const cached = new Map();
  const files = (optionOf('--lora') ?? '').split(',').filter((path) => path !== '');
  const child = faults.spawns
    ? spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' })
    : undefined;
  const startedAt = Date.now();
  let completions = 0;

  const handlers = {
    'GET /health': () => (Date.now() - startedAt < (faults.slowMs ?? 0) ? [503, {}] : [200, {}]),
    'GET /requests': () => [200, requests],
    'GET /child': () => [200, child?.pid ?? null],
    'GET /words': () => [200, words],
    'GET /v1/models': () => [
      200,
      {
        data: [
          { id: 'the-base', root: base, parent: null },
          ...[...loaded.keys()].map((id) => ({ id, parent: 'the-base' })),
        ],
      },
    ],
    'POST /v1/load_lora_adapter': ({ lora_name: name, lora_path: path }) => {
      if (faults.noRuntime) return [404, { detail: 'Not Found' }];
      if (faults.refuses) return [400, { error: { message: 'LoRA rank 64 is greater than max_lora_rank 16' } }];
      if (loaded.has(name)) return [400, { error: { message: `The lora adapter '${name}' has already been loaded.` } }];
      if (loaded.size >= (faults.slots ?? Infinity)) return [400, { error: { message: 'no free adapter slots' } }];
      const weights = weightsIn(path);
      loaded.set(name, faults.stale ? (stale.get(name) ?? weights) : weights);
      if (!stale.has(name)) stale.set(name, weights);
      return [200, 'Success'];
    },
    'POST /v1/unload_lora_adapter': ({ lora_name: name }) => [loaded.delete(name) ? 200 : 404, 'Success'],
    'GET /props': () => [200, { model_path: base, model_ftype: faults.precision ?? 'F32' }],
    'GET /lora-adapters': () => [200, files.map((path, id) => ({ id, path, scale: 0 }))],
    'POST /v1/completions': (body) => openAi(body),
    'POST /completion': (body) => llama(body),
  };

  function trouble(prompt) {
    completions++;
    if (faults.diesAt === completions) {
      if (faults.diesOnce === undefined) process.exit(7);
      if (!existsSync(faults.diesOnce)) {
        writeFileSync(faults.diesOnce, '');
        process.exit(7);
      }
    }
    if (completions > (faults.failsAfter ?? Infinity)) return [500, { error: { message: 'no more' } }];
    if (completions <= (faults.failsFirst ?? 0)) return [500, { error: { message: 'out of luck' } }];
    if (faults.failsOn !== undefined && JSON.stringify(prompt).includes(faults.failsOn))
      return [500, { error: { message: 'never this one' } }];
    return null;
  }

  function openAi({ model, prompt, logprobs }) {
    const wrong = trouble(prompt);
    if (wrong !== null) return wrong;
    let weights = '';
    if (kind === 'vllm') {
      if (model !== 'the-base' && !loaded.has(model)) return [404, { error: { message: `no model ${model}` } }];
      weights = loaded.get(model) ?? '';
    } else if (existsSync(join(model, 'adapter_model.safetensors'))) weights = weightsIn(model);
    const { text, logprob } = answerOf(faults.ignores ? '' : weights, prompt);
    const told = logprobs && !faults.noLogprobs ? { token_logprobs: [logprob] } : null;
    const counted = Array.isArray(prompt) ? prompt.length : (faults.counts ?? null);
    const usage =
      counted === null ? undefined : { prompt_tokens: counted + (faults.readsMore ?? 0), completion_tokens: 4 };
    return [200, { choices: [{ text, finish_reason: 'stop', logprobs: told }], usage }];
  }

  function llama({ prompt, lora, cache_prompt: caches = true }) {
    const wrong = trouble(prompt);
    if (wrong !== null) return wrong;
    const used = lora.find(({ scale }) => scale === 1);
    let weights = used === undefined || faults.ignores ? '' : readFileSync(files[used.id]);
    const key = JSON.stringify(prompt);
    if (caches) weights = cached.get(key) ?? weights;
    cached.set(key, weights);
    const { text, logprob } = answerOf(weights, prompt);
    const counts = { tokens_evaluated: prompt.length, tokens_predicted: 4 };
    return [200, { content: text, stop_type: 'eos', ...counts, completion_probabilities: [{ logprob }] }];
  }

  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const name = `${request.method} ${request.url}`;
      if (request.method === 'POST') requests.push({ path: request.url, body });
      const [status, answer] = handlers[name]?.(body) ?? [404, { detail: 'Not Found' }];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    });
  });
  if (faults.marks) writeFileSync(faults.marks, String(process.pid));
  if (faults.noStart) {
    console.error('no kernel image is available');
    process.exit(3);
  }
  server.listen(Number(optionOf('--port')), '127.0.0.1');
  console.error(basename(base ?? ''));
}
