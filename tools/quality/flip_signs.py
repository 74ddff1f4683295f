#!/usr/bin/env python3
"""Makes the same model with other signs: what it computes stays, what is rotated before it is coded does not.

usage: flip_signs.py MODEL_DIR OUT_DIR [--seed 1] [--venv FOLDER]

A random half of the directions of the residual stream, of each value head and of each feed-forward change sign, in the
matrices that write them and in those that read them. Every input of a linear matrix so gets a random sign,
and blocks of 128 are other vectors before the Walsh-Hadamard rotation, as under a codec with another pattern of signs. A gain
that belongs to a method, not to one pattern, must be there with any. For models with Llama's tensors; the result is float32.
"""
from __future__ import annotations

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
import environment  # noqa: E402


def flip(model: pathlib.Path, target: pathlib.Path, seed: int) -> None:
    import numpy as np
    from checkpoint_files import write_checkpoint
    from float_tensors import tensors

    config = json.loads((model / "config.json").read_text())
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    groups = config.get("num_key_value_heads", heads)
    head_dim = config.get("head_dim") or hidden // heads
    random = np.random.default_rng(seed)

    def signs(count):
        return random.choice(np.array([-1, 1], np.float32), count)

    residual = signs(hidden)
    of_layers = [(signs(groups * head_dim), signs(config["intermediate_size"]))
                 for _ in range(config["num_hidden_layers"])]

    def flipped():
        for name, values in tensors(model / "model.safetensors"):
            part = name.removesuffix(".weight").rsplit(".", 1)[-1]
            if values.ndim < 2:
                continue  # RMSNorm multiplies each direction by itself
            if not name.startswith("model.layers."):
                yield name, values * residual  # embedding and head
                continue
            value, feed = of_layers[int(name.split(".")[2])]
            if part in ("q_proj", "k_proj", "gate_proj"):
                yield name, values * residual
            elif part == "v_proj":
                yield name, values * residual * value[:, None]
            elif part == "o_proj":
                per_head = np.repeat(value.reshape(groups, head_dim), heads // groups, axis=0)
                yield name, values * per_head.ravel() * residual[:, None]
            elif part == "up_proj":
                yield name, values * residual * feed[:, None]
            elif part == "down_proj":
                yield name, values * feed * residual[:, None]
            else:
                sys.exit(f"flip_signs.py: {name}: not a tensor of a Llama model")

    write_checkpoint(model, flipped(), target)


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE / "requirements.txt")])
    flip(args.model, args.target, args.seed)


if __name__ == "__main__":
    main()
