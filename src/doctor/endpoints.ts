/** Models behind endpoints: which keys are set, never what they are, and whether an address answers. */
import { KEY_VARIABLES } from '../core/redact.js';
import { messageOf } from '../core/errors.js';
import { isObject, jsonIn } from '../core/json.js';
import { getJson, type Exchange } from '../llm/protocol/transport.js';
import { keyFor, normalBaseUrl } from '../llm/settings.js';
import { clipped } from '../text/visible.js';
import { missing, note, ok, type Finding } from './finding.js';

type Environment = Readonly<Record<string, string | undefined>>;

const ADDRESSES = ['LIGHTMEM_BASE_URL', 'OPENAI_BASE_URL'] as const;

export type KeysFacts = {
  /** Whether each variable is set. */
  readonly variables: Readonly<Record<string, boolean>>;
};

/** Which variables with keys and addresses are set. */
export function keysFinding(environment: Environment = process.env): Finding<KeysFacts> {
  const names: readonly string[] = [...KEY_VARIABLES, ...ADDRESSES];
  const isSet = (name: string): boolean => (environment[name]?.trim() ?? '') !== '';
  const facts = { variables: Object.fromEntries(names.map((name) => [name, isSet(name)])) };
  const set = names.filter(isSet);
  const [bad] = set.filter((name) => /[^\x21-\x7e]/.test(environment[name]?.trim() ?? ''));
  if (bad !== undefined)
    return missing('keys', `${bad} is set, and holds characters that no key has`, {
      ...{ facts, mend: `unset ${bad}   # and set it anew: a blank, a line end or a typographic sign got into it` },
    });
  if (set.length > 0) return ok('keys', `set are ${set.join(', ')}`, facts);
  return note('keys', `none is set of ${names.join(', ')}: they are for models behind endpoints`, { facts });
}

export type EndpointFacts = {
  readonly address: string;
  /** Whether something answers there. */
  readonly answers: boolean;
  /** Models that it lists; null where it lists none. */
  readonly models: readonly string[] | null;
};

interface EndpointOptions {
  readonly environment?: Environment;
  readonly get?: (url: URL, headers: Readonly<Record<string, string>>) => Promise<Exchange>;
}

const TIMEOUT_MS = 10_000;
const SHOWN_MODELS = 5;

/** Whether an endpoint answers, by its list of models, which costs nothing. */
export async function endpointFinding(
  address: string,
  {
    environment = process.env,
    get = (url, headers) => getJson(url, { headers, timeoutMs: TIMEOUT_MS }),
  }: EndpointOptions = {},
): Promise<Finding<EndpointFacts>> {
  let baseUrl: string;
  let key: string | undefined;
  try {
    baseUrl = normalBaseUrl(address);
    key = keyFor(baseUrl, environment);
  } catch (error) {
    return missing<EndpointFacts>('endpoint', messageOf(error), {
      facts: null,
      mend: 'curl http://localhost:8000/v1/models   # an address like this one without /models',
    });
  }
  const headers = { accept: 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) };
  const exchange = await get(new URL(`${baseUrl}/models`), headers);
  const facts = { address: baseUrl, answers: exchange.kind === 'response', models: null };
  if (exchange.kind !== 'response') {
    const mend = `curl ${baseUrl}/models   # is the server running, and the address right?`;
    return missing('endpoint', `${baseUrl} does not answer: ${exchange.message}`, { facts, mend });
  }
  return answeredFinding(exchange, facts, key !== undefined);
}

function answeredFinding(
  { status, body }: Extract<Exchange, { kind: 'response' }>,
  facts: EndpointFacts,
  hasKey: boolean,
): Finding<EndpointFacts> {
  const { address } = facts;
  if (status === 401 || status === 403) {
    const says = `${address} ${hasKey ? 'refuses the key' : 'wants a key'} (${status})`;
    return missing('endpoint', says, { facts, mend: `set LIGHTMEM_API_KEY to a key of ${new URL(address).host}` });
  }
  if (status === 404 || status === 405)
    return note('endpoint', `${address} answers, and has no list of models (${status})`, { facts });
  if (status !== 200) {
    const mend = `curl ${address}/models   # what does the server say?`;
    return missing('endpoint', `${address} answers with ${status}`, { facts, mend });
  }
  const models = modelsOf(body);
  if (models === null) return note('endpoint', `${address} answers, with no list of models`, { facts });
  const more = models.length > SHOWN_MODELS ? ` and ${models.length - SHOWN_MODELS} more` : '';
  const says = `${address} answers, and has ${models.slice(0, SHOWN_MODELS).join(', ') || 'no model'}${more}`;
  return ok('endpoint', says, { ...facts, models });
}

/** Names in a list of models as OpenAI writes it; null where the answer is none. */
function modelsOf(body: string): string[] | null {
  const parsed = jsonIn(body);
  if (!isObject(parsed) || !Array.isArray(parsed['data'])) return null;
  const listed: readonly unknown[] = parsed['data'];
  return listed.flatMap((model) =>
    isObject(model) && typeof model['id'] === 'string' ? clipped(model['id'], 120) : [],
  );
}
