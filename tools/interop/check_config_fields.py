#!/usr/bin/env python3
"""Checks that no field of config.json changes what transformers computes without hlwq doing the same or saying so.

usage: check_config_fields.py [--hlwq build/release/bin/hlwq] [--venv build/interop/transformers] [MODEL_DIR...]

For a small model of every family (tests/golden/good/models, or the folders given), each field of its configuration
class is changed, one at a time, and the logits of transformers and of `hlwq logits` are compared. Fields that only
fit other tensors (sizes, counts) are left out. Three ends are right: equal logits, a refusal by hlwq, and an error of
transformers itself. Exits 1 where hlwq computes something else.
"""
from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import environment

PACKAGES = ["torch", "transformers==5.24.0", "safetensors", "numpy"]
TOLERANCE = 2e-3
MODELS = ["llama-linear", "mistral-window", "qwen2-windows", "qwen3-odd", "qwen3-moe", "qwen3_next", "qwen3_5", "qwen3_5_moe"]
# Sizes and counts of tensors, and what has no part in the logits of a text.
LEFT_OUT = {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
            "vocab_size", "num_experts", "num_local_experts", "moe_intermediate_size", "shared_expert_intermediate_size",
            "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim",
            "linear_conv_kernel_dim", "transformers_version", "architectures", "model_type", "torch_dtype", "dtype",
            "name_or_path", "return_dict", "output_attentions", "output_hidden_states", "use_cache", "id2label",
            "label2id", "problem_type", "is_encoder_decoder", "bos_token_id", "eos_token_id", "pad_token_id"}
# What older files say beside or in place of the fields of the class.
ALSO = {"rope_theta": [50000.0], "partial_rotary_factor": [0.5], "use_sliding_window": [True, False],
        "rope_scaling": [{"rope_type": "linear", "factor": 2.0}, {"type": "dynamic", "factor": 4.0}],
        "rope_parameters": [{"rope_type": "default", "rope_theta": 50000.0}]}
IDS = [1, 5, 9, 20, 33, 7, 2, 40, 11, 3, 17, 8]


def changed(key: str, value) -> list:
    if key == "hidden_act":
        return ["gelu", "relu"]
    if key == "layer_types" and value:
        return [["sliding_attention"] * len(value), ["full_attention"] * len(value)]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 2]
    if isinstance(value, float):
        return [value * 1.5 + 0.1]
    return [3] if value is None else []


def of_transformers(folder: pathlib.Path):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager",
                                                 experts_implementation="eager").eval()
    with torch.no_grad():
        return model(torch.tensor([IDS])).logits[0].numpy()


def of_hlwq(hlwq: pathlib.Path, folder: pathlib.Path, work: pathlib.Path):
    """Logits, or the line that refuses them."""
    from safetensors.numpy import load_file

    (work / "ids.json").write_text(json.dumps([IDS]))
    done = subprocess.run([hlwq, "logits", folder, "--ids", work / "ids.json", "-o", work / "logits.st", "--quiet"],
                          capture_output=True, text=True)
    return load_file(work / "logits.st")["logits"][0] if done.returncode == 0 else done.stderr.strip()


def check_model(hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path) -> int:
    import numpy as np
    from transformers import AutoConfig

    config = json.loads((source / "config.json").read_text())
    fields = AutoConfig.from_pretrained(source).get_text_config().to_dict()
    base = of_transformers(source)
    trials = [(key, value) for key in sorted(fields) if key not in LEFT_OUT and not key.startswith("_")
              for value in changed(key, fields[key])]
    trials += [(key, value) for key, values in ALSO.items() for value in values]
    counts = {"equal": 0, "refused": 0, "error of transformers": 0, "WRONG": 0}
    for key, value in trials:
        folder = work / "model"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        trial = json.loads(json.dumps(config))
        trial.get("text_config", trial)[key] = value
        (folder / "config.json").write_text(json.dumps(trial))
        try:
            want = of_transformers(folder)
        except Exception as error:  # noqa: BLE001, whatever its validation throws
            want = error
        got = of_hlwq(hlwq, folder, work)
        if isinstance(got, str):
            end = "refused"
        elif isinstance(want, Exception):
            end = "error of transformers"
        elif np.abs(got - want).max() <= TOLERANCE * max(1.0, np.abs(want).max()):
            end = "equal"
        else:
            end = "WRONG"
        counts[end] += 1
        if end == "WRONG":
            print(f"  {key} = {value}: transformers moves by {np.abs(want - base).max():.2g}, hlwq differs by "
                  f"{np.abs(got - want).max():.2g}")
    print(f"{source.name}: " + ", ".join(f"{count} {end}" for end, count in counts.items()))
    return counts["WRONG"]


def main() -> None:
    parser = environment.parser(__doc__, "transformers")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    sources = arguments.models or [environment.ROOT / "tests/golden/good/models" / name for name in MODELS]
    with tempfile.TemporaryDirectory() as work:
        wrong = sum(check_model(arguments.hlwq.resolve(), source, pathlib.Path(work)) for source in sources)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
