#!/usr/bin/env python3
"""Integers of 4 bits in groups of 64 by GPTQ or AutoRound, as llm-compressor makes them for vLLM.

usage: llm_compressor.py MODEL_DIR IDS.json OUT_DIR gptq|autoround [--venv build/interop/llm-compressor]

Its defaults, but for groups of 64 (rows of 576 are no whole groups of 128) and the text: the token ids of an
hlwq_calibration.json. On the CPU, in float32.
"""
from __future__ import annotations

import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "interop"))
import environment  # noqa: E402
from calibrated_text import PACKAGES, sequences  # noqa: E402

WEIGHTS = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 64}


def compress(model_folder: pathlib.Path, texts: list[list[int]], target: pathlib.Path, method: str) -> None:
    import torch
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.autoround import AutoRoundModifier
    from llmcompressor.modifiers.gptq import GPTQModifier
    from transformers import AutoModelForCausalLM

    how = {"config_groups": {"all": {"targets": ["Linear"], "weights": WEIGHTS}}, "ignore": ["lm_head"]}
    recipe = {"gptq": GPTQModifier, "autoround": AutoRoundModifier}[method](**how)
    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32)
    text = Dataset.from_list([{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in texts])
    oneshot(model=model, dataset=text, recipe=recipe, max_seq_length=max(map(len, texts)),
            num_calibration_samples=len(texts))
    model.save_pretrained(target, save_compressed=True)
    for path in model_folder.glob("*token*.json"):
        shutil.copy(path, target)


def main() -> None:
    parser = environment.parser(__doc__, "llm-compressor")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("ids", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("method", choices=("gptq", "autoround"))
    args = parser.parse_args()
    environment.enter(args.venv, PACKAGES)
    compress(args.model, sequences(args.ids), args.target, args.method)


if __name__ == "__main__":
    main()
