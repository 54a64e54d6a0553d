/** What all methods that ask a model hold: their options, the model, and what counts tokens. */
import { oneOf } from '../../core/setting-schemas.js';
import type { ChatModel } from '../../llm/chat-model.js';
import type { MethodTools } from '../entry.js';
import type { TokenCounter } from '../method.js';
import { OUTPUT_LANGUAGES } from './prompts.js';

/** The option that says in which language a model writes. */
export const languageOption = oneOf(OUTPUT_LANGUAGES, 'language')
  .describe('Language to write; `source` keeps the text’s own.')
  .default('source');

/** The base of such a method's maker; as many items are under way at once as the model bears. */
export class AskingMaker<Options> {
  readonly concurrency: number;
  protected readonly model: ChatModel;
  protected readonly counter: TokenCounter;

  constructor(
    protected readonly options: Options,
    { chat, counter }: Pick<MethodTools, 'chat' | 'counter'>,
  ) {
    this.model = chat();
    this.counter = counter;
    this.concurrency = this.model.concurrency;
  }
}
