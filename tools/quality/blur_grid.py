#!/usr/bin/env python3
"""Makes a model whose matrices went through Q4_1 one that could have been their source.

usage: blur_grid.py MODEL_DIR OUT_DIR [--venv FOLDER]

Q4_1 leaves 16 levels in every 32 weights of a row, and formats that look for such levels find them: on SmolLM2 as
it was published in GGUF, Q4_K reaches 34.5 dB, where weights that were never quantized let it reach 22.8. So
every weight gets a uniform error of half a step at most: as much as rounding to Q4_1 took. What has one axis and the
embedding stay as they are; the result is float32 and the same on every run.
"""
from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
import environment  # noqa: E402

BLOCK, LEVELS, SEED = 32, 16, 1


def blur(model: pathlib.Path, target: pathlib.Path) -> None:
    import numpy as np
    from checkpoint_files import write_checkpoint
    from round_trip import coded_matrices

    random = np.random.default_rng(SEED)

    def blurred():
        for name, weights in coded_matrices(model):
            blocks = weights.reshape(-1, BLOCK)
            steps = (blocks.max(1, keepdims=True) - blocks.min(1, keepdims=True)) / (LEVELS - 1)
            yield name, (blocks + random.uniform(-0.5, 0.5, blocks.shape) * steps).reshape(weights.shape)

    write_checkpoint(model, blurred(), target)


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE / "requirements.txt")])
    blur(args.model, args.target)


if __name__ == "__main__":
    main()
