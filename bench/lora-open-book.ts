/** How many questions a second does LoRA training take in, the article in each prompt, against PEFT on PyTorch: SmolLM2-135M, WikiUpdate, r = 8? */
import { compareLora } from './support/lora.js';

await compareLora('lora-open-book', 'open', {
  ratio: { plain: 25, tuned: 10, packed: 1.6 },
  int8: { f32: 1.7, packed: 2.6, packedBf16: 2.2, tuned: 20, plain: 40 },
  memory: { tuned: 0.25, packed: 0.75 },
});
