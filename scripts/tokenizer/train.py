"""TEXT FOLDER [SIZE]: trains the bundled model's byte-level BPE on a text and writes tokenizer.json and tokenizer_config.json.

Needs: pip install tokenizers. TEXT comes from scripts/tokenizer/dump.mjs; FOLDER is assets/base; SIZE is 2,560 tokens.
The tokenizer in assets/base stays as it is when the world's language changes: the base model is trained on its tokens, and bytes cover any text.
"""
import json
import os
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

text, folder = sys.argv[1:3]
size = int(sys.argv[3]) if len(sys.argv) > 3 else 2560
SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']
SPLIT = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
    pre_tokenizers.Split(Regex(SPLIT), behavior='isolated'),
    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
])
tokenizer.decoder = decoders.ByteLevel()
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=SPECIAL, initial_alphabet=alphabet, min_frequency=4)
tokenizer.train([text], trainer)
tokenizer.save(os.path.join(folder, 'tokenizer.json'))
config = {
    'tokenizer_class': 'PreTrainedTokenizerFast',
    'add_prefix_space': False,
    'bos_token': None,
    'eos_token': '<|im_end|>',
    'pad_token': '<|endoftext|>',
    'clean_up_tokenization_spaces': False,
    'model_max_length': 1024,
    'chat_template': "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
}
with open(os.path.join(folder, 'tokenizer_config.json'), 'w') as out:
    json.dump(config, out, indent=2)
words = sorted({w for line in open(text) for w in line.replace('.', ' ').replace(',', ' ').split() if w.isalnum()})
single = [w for w in words if len(tokenizer.encode(' ' + w).ids) == 1]
print(tokenizer.get_vocab_size(), 'tokens;', len(single), 'of', len(words), 'words are one token')
