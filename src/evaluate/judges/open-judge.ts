/** A judge as a study or a command chooses it: by name, with the language model it may ask. */
import { ChatEndpoint } from '../../llm/endpoint.js';
import { endpointSettings } from '../../llm/settings.js';
import type { Judge } from './contract.js';
import { judgeByName, needsModel } from './registry.js';

export interface JudgeChoice {
  readonly name: string;
  /** The model that judges, for judges that ask one. */
  readonly model?: string;
  /** Its OpenAI-compatible address; default LIGHTMEM_BASE_URL or OPENAI_BASE_URL. */
  readonly endpoint?: string;
}

export interface OpenJudge {
  readonly judge: Judge;
  /** What rows call it: its name, and its model where it asks one. */
  readonly label: string;
  /** Judgements under way at once. */
  readonly concurrency: number;
}

/** What rows call a judge, e.g. `lexical`, `llm (qwen-plus)`. */
export function judgeLabel({ name, model }: JudgeChoice): string {
  return needsModel(name) && model !== undefined ? `${name} (${model})` : name;
}

/** Throws UserError where the judge is unknown, or its endpoint or key is missing. */
export function openJudge(choice: JudgeChoice): OpenJudge {
  const { name, model, endpoint } = choice;
  const label = judgeLabel(choice);
  if (!needsModel(name) || model === undefined) return { judge: judgeByName(name), label, concurrency: 1 };
  const chat = new ChatEndpoint(endpointSettings({ model, ...(endpoint !== undefined && { baseUrl: endpoint }) }));
  return { judge: judgeByName(name, { model: chat }), label, concurrency: chat.concurrency };
}
