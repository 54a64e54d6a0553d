/** The hub that models come from: what is cached of it, how it is set up, and whether it can be reached. */
import { UserError } from '../core/errors.js';
import { causeOf } from '../llm/protocol/transport.js';
import { HubClient } from '../models/hub/hub-client.js';
import type { HubSettings } from '../models/hub/hub-cache.js';
import { missing, note, ok, type Finding } from './finding.js';

export type HubFacts = {
  readonly address: string;
  readonly cache: string;
  /** Models that lie in the cache, whole or not. */
  readonly models: readonly string[];
  readonly offline: boolean;
  /** Whether a token is set, by HF_TOKEN or a file. */
  readonly hasToken: boolean;
  /** Null where it was not asked. */
  readonly reachable: boolean | null;
};

/** A small model that everybody may read. */
const KNOWN = 'HuggingFaceTB/SmolLM2-135M-Instruct';
const TIMEOUT_MS = 10_000;
const SHOWN = 5;

/** Asks the hub for what it says of a small model; throws UserError where it cannot be had. */
export async function askHub(settings: HubSettings): Promise<void> {
  const client = new HubClient(settings, KNOWN, { timeoutMs: TIMEOUT_MS });
  const response = await client.request(`${settings.endpoint}/api/models/${KNOWN}`, {});
  await response.body?.cancel();
}

interface HubOptions {
  /** Names of folders in the cache, `models--…`. */
  readonly cached: readonly string[];
  /** Asks the hub; without it, it is not asked. */
  readonly ask?: ((settings: HubSettings) => Promise<void>) | undefined;
}

/** What is known of the hub. */
export async function hubFinding(settings: HubSettings, { cached, ask }: HubOptions): Promise<Finding<HubFacts>> {
  const { endpoint: address, cache, offline, token } = settings;
  const models = cached.map((name) => name.replace(/^models--/, '').replaceAll('--', '/')).sort();
  const facts = { address, cache, models, offline, hasToken: token !== null, reachable: null };
  const more = models.length > SHOWN ? ` and ${models.length - SHOWN} more` : '';
  const held = models.length === 0 ? 'no model cached' : `cached: ${models.slice(0, SHOWN).join(', ')}${more}`;
  const says = `${address}${token === null ? '' : ', with a token'}; ${held}`;
  if (offline) return note('hub', `${says}; offline by HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE`, { facts });
  if (ask === undefined) return ok('hub', `${says}; not asked whether it answers`, facts);
  try {
    await ask(settings);
    return ok('hub', `${says}; it answers`, { ...facts, reachable: true });
  } catch (error) {
    const mend =
      'export HF_ENDPOINT=https://…   # a mirror; behind a proxy: export HTTPS_PROXY=…; or name a model by its folder';
    return missing(
      'hub',
      `${says}; it cannot be reached: ${error instanceof UserError ? error.message : causeOf(error)}`,
      {
        facts: { ...facts, reachable: false },
        mend,
      },
    );
  }
}
