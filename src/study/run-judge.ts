/** The judge of a study's runs: by name, with the language model it may ask. */
import type { Judge } from '../evaluate/judges/judge.js';
import { judgeByName, needsModel } from '../evaluate/judges/registry.js';
import { ChatEndpoint } from '../llm/endpoint.js';
import { endpointSettings } from '../llm/settings.js';
import type { JudgePlace } from './run-spec.js';

export interface RunJudge {
  readonly judge: Judge;
  /** Judgements under way at once. */
  readonly concurrency: number;
}

/** Throws UserError where the judge is unknown, or its endpoint or key is missing. */
export function runJudge({ name, model, endpoint }: JudgePlace): RunJudge {
  if (!needsModel(name) || model === undefined) return { judge: judgeByName(name), concurrency: 1 };
  const chat = new ChatEndpoint(endpointSettings({ model, ...(endpoint !== undefined && { baseUrl: endpoint }) }));
  return { judge: judgeByName(name, { model: chat }), concurrency: chat.concurrency };
}
