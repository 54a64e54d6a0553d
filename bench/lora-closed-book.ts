/** How many questions a second does LoRA training take in, without a text, against PEFT on PyTorch: SmolLM2-135M, WikiUpdate, r = 8? */
import { compareLora } from './support/lora.js';

await compareLora('lora-closed-book', 'closed', {
  ratio: { plain: 3, tuned: 2, packed: 1.5 },
  int8: { f32: 1.5, packed: 2.8, packedBf16: 2.2 },
  memory: { tuned: 0.75 },
});
