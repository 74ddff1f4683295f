#!/usr/bin/env python3
"""What an importance matrix of llama.cpp holds, of a text's token ids: the mean square of each input of each linear matrix.

usage: importance.py MODEL_DIR IDS.json OUT.npz [--venv build/interop/llm-compressor]

IDS.json: the hlwq_calibration.json of a calibrated result. By transformers, in float32.
"""
from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "interop"))
import environment  # noqa: E402
from calibrated_text import PACKAGES, sequences  # noqa: E402


def mean_squares(model_folder: pathlib.Path, texts: list[list[int]]) -> dict:
    """{name of the matrix: [inputs]}, float32."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(model_folder, dtype=torch.float32).eval()
    sums: dict[str, torch.Tensor] = {}

    def watch(name: str):
        def add(_, inputs):
            rows = inputs[0].reshape(-1, inputs[0].shape[-1]).double()
            sums[name] = sums.get(name, 0) + rows.square().sum(0)
        return add

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(watch(f"{name}.weight"))
    with torch.no_grad():
        for ids in texts:
            model.base_model(torch.tensor([ids]))
    tokens = sum(map(len, texts))
    return {name: (total / tokens).float().numpy() for name, total in sums.items()}


def main() -> None:
    parser = environment.parser(__doc__, "llm-compressor")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("ids", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    args = parser.parse_args()
    environment.enter(args.venv, PACKAGES)
    import numpy as np

    np.savez(args.target, **mean_squares(args.model, sequences(args.ids)))


if __name__ == "__main__":
    main()
