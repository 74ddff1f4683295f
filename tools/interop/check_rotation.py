#!/usr/bin/env python3
"""Checks that a folded rotation leaves what transformers computes, in every family.

usage: check_rotation.py [--hlwq build/release/bin/hlwq] [--venv build/interop/transformers] [MODEL_DIR...]

Makes the virtual environment when it is missing (torch: about 2 GB). Without folders, small models of every
family are made by transformers itself, with random norms, biases and gates: nothing that a fold could forget is 0
or 1. `hlwq dequantize --rotation folded --dtype f32` has to give the logits of the original within 1e-4 of the
largest, nothing missing and nothing unexpected; the embedding must have changed. Folders given are checked the same way.

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import pathlib
import sys
import tempfile

import environment
from check_transformers import PACKAGES, load

TOLERANCE = 1e-4  # of the largest logit


def configs():
    import transformers

    base = dict(vocab_size=256, hidden_size=96, intermediate_size=160, num_hidden_layers=4, num_attention_heads=4,
                num_key_value_heads=2, head_dim=32, initializer_range=0.1)
    experts = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=48)
    delta = dict(linear_num_key_heads=2, linear_num_value_heads=4, linear_key_head_dim=16, linear_value_head_dim=16,
                 linear_conv_kernel_dim=4)
    shared = dict(shared_expert_intermediate_size=64)
    yield "llama", transformers.LlamaConfig(**base, attention_bias=True, mlp_bias=True)
    yield "llama-tied", transformers.LlamaConfig(**base, tie_word_embeddings=True)
    yield "mistral", transformers.MistralConfig(**base)
    yield "qwen2-tied", transformers.Qwen2Config(**base, tie_word_embeddings=True)
    yield "qwen3", transformers.Qwen3Config(**base, attention_bias=True)
    yield "qwen3-moe", transformers.Qwen3MoeConfig(**base, **experts, mlp_only_layers=[1])
    yield "qwen3-next", transformers.Qwen3NextConfig(**base, **experts, **delta, **shared)
    yield "qwen3_5", transformers.Qwen3_5TextConfig(**base, **delta)
    yield "qwen3_5-moe", transformers.Qwen3_5MoeTextConfig(**base, **experts, **delta, **shared)


def make_models(work: pathlib.Path) -> list[pathlib.Path]:
    import torch
    import transformers

    folders = []
    for seed, (name, config) in enumerate(configs()):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for parameter in model.parameters():
                if parameter.ndim == 1:
                    parameter.add_(0.3 * torch.randn_like(parameter))
        model.save_pretrained(work / name)
        folders.append(work / name)
    return folders


def logits(folder: pathlib.Path):
    import torch

    model = load(folder).eval()
    torch.manual_seed(7)
    ids = torch.randint(0, model.get_input_embeddings().weight.shape[0], (2, 40))
    with torch.no_grad():
        return model(ids).logits.double(), model.get_input_embeddings().weight.double()


def check(hlwq: pathlib.Path, folder: pathlib.Path, work: pathlib.Path) -> bool:
    target = work / f"{folder.name}-folded"
    environment.run(hlwq, "dequantize", folder, target, "--rotation", "folded", "--dtype", "f32", "--quiet")
    want, before = logits(folder)
    got, after = logits(target)
    error = float((got - want).abs().max() / want.abs().max())
    is_turned = float((after - before).abs().max()) > 1e-3
    print(f"{folder.name}: largest difference {error:.1e} of the largest logit"
          f"{'' if is_turned else ', but the embedding is not rotated'}")
    return error < TOLERANCE and is_turned


def main() -> None:
    parser = environment.parser(__doc__, "transformers")
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        folders = arguments.models or make_models(work)
        results = [check(arguments.hlwq, folder, work) for folder in folders]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
