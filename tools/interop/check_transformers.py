#!/usr/bin/env python3
"""Checks that transformers loads what `hlwq dequantize` writes, and what the codes do to its logits.

usage: check_transformers.py [--hlwq build/release/bin/hlwq] [--venv build/interop/transformers] [MODEL_DIR...]

Makes the virtual environment when it is missing (torch: about 2 GB). Without folders, small random models of
several families are made by transformers itself. Each is quantized at 5 and at 8 bits and restored in F32; then

1. transformers loads the result and every parameter has its name and shape: none missing, none unexpected;
2. the logits of the 5-bit model are those of the source with noise, and those of the 8-bit one are nearer by
   at least 8 dB (three bits are 18 dB of the weights; what is carried over sets a floor).

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import math
import os
import pathlib
import sys
import tempfile

import environment

PACKAGES = ["torch", "transformers", "safetensors", "numpy"]
# Layers add their errors up, and small random weights make no signal that stands out; in a mixture, an error
# that changes the choice of an expert is a large one.
LOWEST_SNR_DB = {5: 6.0, 8: 20.0}
LEAST_GAIN_DB = 8.0


def make_models(work: pathlib.Path, expert_width: int = 96) -> list[pathlib.Path]:
    """Of families that store their weights differently: tied, with biases, with norms of heads, with experts."""
    import torch
    import transformers

    base = dict(vocab_size=512, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, head_dim=32, initializer_range=0.1)
    experts = dict(num_experts=4, num_experts_per_tok=2, moe_intermediate_size=expert_width)
    configs = {"llama-tied": transformers.LlamaConfig(**base, tie_word_embeddings=True),
               "qwen2": transformers.Qwen2Config(**base), "qwen3": transformers.Qwen3Config(**base),
               "mistral": transformers.MistralConfig(**base), "qwen3-moe": transformers.Qwen3MoeConfig(**base, **experts)}
    for name, config in configs.items():
        torch.manual_seed(1)
        model = transformers.AutoModelForCausalLM.from_config(config)
        model.to(torch.bfloat16).save_pretrained(work / name)
    return [work / name for name in configs]


def load(folder: pathlib.Path):
    """The model in float32, by the class that its config names."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    model_class = getattr(transformers, config.architectures[0])
    model, info = model_class.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[what]:
            sys.exit(f"{folder}: {what}: {sorted(info[what])[:3]}")
    return model.eval()


def logits(model):
    import torch

    text = model.config.get_text_config()
    torch.manual_seed(2)
    with torch.no_grad():
        return model(input_ids=torch.randint(3, text.vocab_size, (4, 24)), use_cache=False).logits.double()


def snr_db(want, got) -> float:
    noise = (want - got).square().sum().item()
    return math.inf if noise == 0 else 10 * math.log10(want.square().sum().item() / noise)


def check(hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path) -> None:
    import torch

    want = logits(load(source))
    snrs = {}
    for bits in (5, 8):
        coded, plain = work / f"{source.name}-q{bits}", work / f"{source.name}-d{bits}"
        environment.run(hlwq, "quantize", source, coded, "--codec", "hlwq", "--recipe", "published",
                        "--bits", bits, "--quiet")
        environment.run(hlwq, "dequantize", coded, plain, "--dtype", "f32", "--quiet")
        got = logits(load(plain))
        if got.shape != want.shape or not torch.isfinite(got).all():
            sys.exit(f"{source.name}: {bits} bits: logits are not finite, or of another shape")
        snrs[bits] = snr_db(want, got)
        agreement = (got.argmax(-1) == want.argmax(-1)).double().mean().item()
        print(f"{source.name}, {bits} bits: logits at {snrs[bits]:.1f} dB, same next token {100 * agreement:.0f} %")
        if not LOWEST_SNR_DB[bits] <= snrs[bits] < math.inf:
            sys.exit(f"{source.name}: {bits} bits: want {LOWEST_SNR_DB[bits]} dB, got {snrs[bits]:.1f}")
    if snrs[8] < snrs[5] + LEAST_GAIN_DB:
        sys.exit(f"{source.name}: three bits more gain {snrs[8] - snrs[5]:.1f} dB, want {LEAST_GAIN_DB}")


def main() -> None:
    parser = environment.parser(__doc__, "transformers")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        for model in arguments.models or make_models(work):
            check(arguments.hlwq, model.resolve(), work)


if __name__ == "__main__":
    main()
