"""A model for programs that send long prompts: tiny, random, with a context of 128 Ki tokens, tools and thinking."""
from __future__ import annotations

import json
import pathlib
import random
import shutil
import struct

import environment

CONTEXT, VOCAB, HIDDEN, HEAD, FEED = 131072, 384, 32, 16, 64
END = 2  # <|im_end|>
# Answers are random, and have some ten tokens. What begins with "<", a thought or a call, comes only where it must.
END_LOGIT, TAG_LOGIT = 2.0, -30.0

# Strict as those of Qwen3.5 are: the system's message comes first, or not at all. It thinks where it is told to.
TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>system\\n' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\\n\\n' }}{%- endif %}
{{- 'Functions, one a line:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' + (tool | tojson) }}{%- endfor %}
{{- '\\n</tools>\\nTo call one, write\\n<tool_call>\\n{"name": ..., "arguments": {...}}\\n</tool_call><|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'system' %}
{%- if not loop.first %}{{- raise_exception('System message must be at the beginning.') }}{%- endif %}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' }}
{%- if message.reasoning_content %}{{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' }}{%- endif %}
{{- message.content }}
{%- for call in message.tool_calls or [] %}
{{- '\\n<tool_call>\\n' + ({"name": call.function.name, "arguments": call.function.arguments} | tojson) }}
{{- '\\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- if enable_thinking %}{{- '<think>\\n' }}{%- endif %}{%- endif %}
"""


TOKENIZER = environment.ROOT / "tests/golden/good/gguf/llama-bpe/tokenizer.json"


def vocabulary() -> dict[str, int]:
    document = json.loads(TOKENIZER.read_text())
    return document["model"]["vocab"] | {added["content"]: added["id"] for added in document["added_tokens"]}


def bf16(values) -> bytes:
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def tensors() -> dict[str, tuple[list[int], bytes]]:
    """A Qwen3 of one layer. The first of the hidden numbers is the same for every token, and some logits hang on it."""
    draw = random.Random(1)
    made = {}

    def add(name, *shape, spread=0.1, one=None):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = [1.0] * count if one else [draw.gauss(0, spread) for _ in range(count)]
        made[name] = (list(shape), values)
        return values

    embedding = add("model.embed_tokens.weight", VOCAB, HIDDEN)
    head = add("lm_head.weight", VOCAB, HIDDEN)
    logits = {token: TAG_LOGIT for word, token in vocabulary().items() if word.startswith("<")} | {END: END_LOGIT}
    for token in range(VOCAB):
        embedding[token * HIDDEN] = 1.0
        head[token * HIDDEN] = logits.get(token, 0.0) / HIDDEN ** 0.5
    layer = "model.layers.0."
    for name, shape in {"self_attn.q_proj": (2 * HEAD, HIDDEN), "self_attn.k_proj": (HEAD, HIDDEN),
                        "self_attn.v_proj": (HEAD, HIDDEN), "self_attn.o_proj": (HIDDEN, 2 * HEAD),
                        "mlp.gate_proj": (FEED, HIDDEN), "mlp.up_proj": (FEED, HIDDEN),
                        "mlp.down_proj": (HIDDEN, FEED)}.items():
        add(layer + name + ".weight", *shape, spread=0.02)
    for name, size in {layer + "input_layernorm": HIDDEN, layer + "post_attention_layernorm": HIDDEN,
                       layer + "self_attn.q_norm": HEAD, layer + "self_attn.k_norm": HEAD, "model.norm": HIDDEN}.items():
        add(name + ".weight", size, one=True)
    return {name: (shape, bf16(values)) for name, (shape, values) in made.items()}


def make(folder: pathlib.Path) -> pathlib.Path:
    """Writes it, with the tokenizer of the goldens."""
    folder.mkdir(parents=True, exist_ok=True)
    header, data = {}, b""
    for name, (shape, content) in tensors().items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": VOCAB, "hidden_size": HIDDEN,
        "intermediate_size": FEED, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
        "head_dim": HEAD, "hidden_act": "silu", "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-6,
        "rope_theta": 1e6, "attention_bias": False, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
        "bos_token_id": None, "eos_token_id": END}))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": END}))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    shutil.copy(TOKENIZER, folder / "tokenizer.json")
    return folder
