#!/usr/bin/env python3
"""Writes tests/golden/good/catalog/*.json: small configs of every family, and the tensors that
transformers gives a model of each.

usage: make_catalog_golden.py OUT_DIR        (needs transformers 5.23 and torch)

Each file: {"source", "config" (as given), "saved_config" (as transformers writes it), "saved": the
names and shapes of its checkpoint, "in_memory": those of the model's parameters where they differ
in their expert layout}. Sizes are small, and no two alike where a mix-up could go unseen.
"""
import json
import pathlib
import re
import struct
import sys
import tempfile

import torch
import transformers

DENSE = dict(vocab_size=96, hidden_size=48, intermediate_size=80, num_hidden_layers=2,
             num_attention_heads=6, num_key_value_heads=2)
MOE = dict(num_experts=5, num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True)
DELTA = dict(linear_num_key_heads=2, linear_num_value_heads=6, linear_key_head_dim=16,
             linear_value_head_dim=12, linear_conv_kernel_dim=3)
VISION = dict(depth=2, hidden_size=16, intermediate_size=28, in_channels=3, patch_size=4,
              temporal_patch_size=2, num_heads=2, num_position_embeddings=36,
              spatial_merge_size=2, out_hidden_size=48)
SHARED = dict(shared_expert_intermediate_size=40)

CASES = {
    "llama-plain": dict(model_type="llama", **DENSE),
    "llama-bias": dict(model_type="llama", attention_bias=True, mlp_bias=True, head_dim=10,
                       tie_word_embeddings=True, **DENSE),
    "mistral": dict(model_type="mistral", head_dim=10, sliding_window=16, **DENSE),
    "qwen2": dict(model_type="qwen2", **DENSE),
    "qwen3": dict(model_type="qwen3", **DENSE),
    "qwen3-bias": dict(model_type="qwen3", attention_bias=True, head_dim=10,
                       tie_word_embeddings=True, **DENSE),
    "qwen3_moe": dict(model_type="qwen3_moe", head_dim=10, attention_bias=True, mlp_only_layers=[1],
                      decoder_sparse_step=2, **(DENSE | {"num_hidden_layers": 5}), **MOE),
    "qwen3_moe-plain": dict(model_type="qwen3_moe", **DENSE, **MOE),
    "qwen3_next": dict(model_type="qwen3_next", attention_bias=True, decoder_sparse_step=2,
                       layer_types=["full_attention", "linear_attention", "linear_attention"],
                       **(DENSE | {"num_hidden_layers": 3}), **MOE, **DELTA, **SHARED),
    "qwen3_next-plain": dict(model_type="qwen3_next", head_dim=10,
                             **(DENSE | {"num_hidden_layers": 5}), **MOE, **DELTA, **SHARED),
    "qwen3_5_text": dict(model_type="qwen3_5_text", tie_word_embeddings=True,
                         full_attention_interval=3, **(DENSE | {"num_hidden_layers": 4}), **DELTA),
    "qwen3_5_moe_text": dict(model_type="qwen3_5_moe_text", attention_bias=True, head_dim=10,
                             layer_types=["full_attention", "linear_attention"], **DENSE, **MOE,
                             **DELTA, **SHARED),
    "qwen3_5": dict(model_type="qwen3_5", tie_word_embeddings=False, vision_config=dict(VISION),
                    text_config=dict(model_type="qwen3_5_text", head_dim=10,
                                     **(DENSE | {"num_hidden_layers": 5}), **DELTA)),
    "qwen3_5_moe": dict(model_type="qwen3_5_moe", vision_config=dict(VISION),
                        text_config=dict(model_type="qwen3_5_moe_text", head_dim=10,
                                         layer_types=["linear_attention", "full_attention"],
                                         **DENSE, **MOE, **DELTA, **SHARED)),
}


def read_header(path: pathlib.Path) -> dict:
    with path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {name: entry["shape"] for name, entry in header.items()}


def build(config: dict):
    given = {key: value for key, value in config.items() if key != "model_type"}
    parsed = transformers.AutoConfig.for_model(config["model_type"], **json.loads(json.dumps(given)))
    if "text_config" in config:
        return transformers.AutoModelForImageTextToText.from_config(parsed)
    return transformers.AutoModelForCausalLM.from_config(parsed)


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name, config in CASES.items():
        torch.manual_seed(0)
        model = build(config)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            saved = read_header(pathlib.Path(folder) / "model.safetensors")
            saved_config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        golden = {
            "source": f"transformers {transformers.__version__}, {type(model).__name__}",
            "config": config,
            "saved_config": saved_config,
            "saved": dict(sorted(saved.items())),
        }
        if "vision_config" in config and "num_experts" in config["text_config"]:
            golden["in_memory"] = {key: list(value.shape)
                                   for key, value in sorted(model.state_dict().items())}
        text = json.dumps(golden, indent=1)
        # One line a tensor.
        text = re.sub(r"\[\s+((?:[\w\".-]+,\s+)*[\w\".-]+)\s+\]",
                      lambda match: "[" + re.sub(r"\s+", " ", match.group(1)) + "]", text)
        (out / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {len(saved)} tensors, {type(model).__name__}")


if __name__ == "__main__":
    main()
