"""A Llama safetensors checkpoint as F16 GGUF, for llama.cpp's quantizer. Speed only: no vocabulary
but placeholders, so the file cannot be talked to."""
from __future__ import annotations

import json
import pathlib

import gguf
import numpy as np

from float_tensors import tensors

NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}


def gguf_name(name: str) -> str:
    stem = name.removesuffix(".weight").removeprefix("model.")
    if stem in ("embed_tokens", "norm", "lm_head"):
        return {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}[stem] + ".weight"
    _, layer, part = stem.split(".", 2)
    return f"blk.{layer}.{NAMES[part]}.weight"


def pair_neighbours(weights: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp rotates rows (2i, 2i+1), Hugging Face (i, i + head_dim / 2)."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write(checkpoint: pathlib.Path, target: pathlib.Path) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    heads = config["num_attention_heads"]
    kv_heads = config.get("num_key_value_heads", heads)
    writer = gguf.GGUFWriter(str(target), "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config.get("rope_theta", 10000.0))
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"<{number}>" for number in range(config["vocab_size"])])
    writer.add_token_scores([0.0] * config["vocab_size"])
    writer.add_token_types([1] * config["vocab_size"])
    for shard in sorted(checkpoint.glob("*.safetensors")):
        for name, weights in tensors(shard):
            if name.endswith(("q_proj.weight", "k_proj.weight")):
                weights = pair_neighbours(weights, heads if "q_proj" in name else kv_heads)
            writer.add_tensor(gguf_name(name), weights.astype(np.float16) if weights.ndim > 1 else weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
