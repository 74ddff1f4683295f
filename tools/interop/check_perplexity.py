#!/usr/bin/env python3
"""Checks that `hlwq perplexity` finds what transformers finds with the same window and stride.

usage: check_perplexity.py [--hlwq build/release/bin/hlwq] [--venv build/interop/transformers]
                           [--file TEXT] [--window N] [--stride N] [--max-tokens N] [MODEL_DIR...]

The recipe is that of the Hugging Face page on the perplexity of models of fixed length, with one difference: its
mean over windows weighs the tokens of every window but the first by 1 - 1 / stride, here every scored token counts
the same. transformers computes in float32 whatever the weights are stored in. Without folders, a small random
model with a byte-level tokenizer trained on this repository's documents is made. Prints both figures; exits 1 where
the numbers of tokens differ, or the perplexities by more than 0.1 %.
"""
from __future__ import annotations

import json
import math
import os
import pathlib
import sys
import tempfile

import environment

PACKAGES = ["torch", "transformers", "safetensors", "numpy"]
LARGEST_DIFFERENCE = 1e-3


def make_model(folder: pathlib.Path) -> pathlib.Path:
    import tokenizers
    import torch
    import transformers
    from tokenizers import decoders, models, pre_tokenizers, processors, trainers

    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train([str(path) for path in sorted((environment.ROOT / "docs").glob("*.md"))],
                    trainers.BpeTrainer(vocab_size=512, special_tokens=["<s>"],
                                        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    torch.manual_seed(1)
    config = transformers.LlamaConfig(vocab_size=512, hidden_size=128, intermediate_size=256, num_hidden_layers=2,
                                      num_attention_heads=4, num_key_value_heads=2, head_dim=32,
                                      max_position_embeddings=512, initializer_range=0.1)
    transformers.AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>").save_pretrained(folder)
    return folder


def with_transformers(folder: pathlib.Path, arguments) -> tuple[int, int, float]:
    """Tokens, scored tokens and perplexity."""
    import torch
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = tokenizer(arguments.file.read_text(encoding="utf-8"), return_tensors="pt").input_ids
    ids = ids[:, :arguments.max_tokens] if arguments.max_tokens else ids
    total, scored, previous_end = 0.0, 0, 0
    with torch.no_grad():
        for begin in range(0, ids.size(1), arguments.stride):
            end = min(begin + arguments.window, ids.size(1))
            first = max(previous_end, begin + 1)
            previous_end = end
            if first < end:
                logits = model(input_ids=ids[:, begin:end], use_cache=False).logits[0]
                losses = torch.nn.functional.cross_entropy(
                    logits[first - 1 - begin:end - 1 - begin].double(), ids[0, first:end], reduction="sum")
                total, scored = total + losses.item(), scored + end - first
            if end == ids.size(1):
                break
    return ids.size(1), scored, math.exp(total / scored)


def check(folder: pathlib.Path, arguments) -> bool:
    options = ["--window", arguments.window, "--stride", arguments.stride]
    if arguments.max_tokens:
        options += ["--max-tokens", arguments.max_tokens]
    got = json.loads(environment.run(arguments.hlwq, "perplexity", folder, "--file", arguments.file, *options,
                                     "--json", "--quiet"))
    tokens, scored, perplexity = with_transformers(folder, arguments)
    difference = got["perplexity"]["value"] / perplexity - 1
    print(f"{folder.name}, {scored} tokens scored: transformers {perplexity:.6f}, "
          f"hlwq {got['perplexity']['value']:.6f}, {100 * difference:+.5f} %")
    if (got["tokens"], got["scored_tokens"]) != (tokens, scored):
        print(f"{folder.name}: want {tokens} tokens and {scored} scored, "
              f"got {got['tokens']} and {got['scored_tokens']}")
        return False
    return abs(difference) <= LARGEST_DIFFERENCE


def main() -> None:
    parser = environment.parser(__doc__, "transformers")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    parser.add_argument("--file", "-f", type=pathlib.Path, default=environment.ROOT / "docs/architecture.md")
    parser.add_argument("--window", type=int, default=512)
    parser.add_argument("--stride", type=int, default=256)
    parser.add_argument("--max-tokens", type=int)
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        models = arguments.models or [make_model(pathlib.Path(folder))]
        if not all([check(model.resolve(), arguments) for model in models]):
            sys.exit(1)


if __name__ == "__main__":
    main()
