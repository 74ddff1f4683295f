#!/usr/bin/env python3
"""Blocks of every ggml type and what the Python gguf package decodes them to.

usage: make_ggml_golden.py DIR          (writes DIR/<TYPE>.bin; needs numpy and gguf)

File: uint32 number of weights n, the blocks, then n float32: gguf.quants.dequantize of the blocks.
The first blocks are quantized normal weights (where the package can encode the type), the rest
random bytes whose 16-bit scales are, in turn, ordinary, subnormal, zero, the largest, infinite, NaN.

Of the types that hlwq writes also DIR/<TYPE>-encode.bin: uint32 n, n float32, and the blocks that
gguf.quants.quantize makes of them: normal weights, heavy tails, ties of the rounding, large and tiny
scales, zeros.
"""
import pathlib
import sys

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType as T
from gguf.quants import dequantize, quantize

# Where the fp16 fields of a block lie.
HALVES = {T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q8_0: [0],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
SCALES = [0x2C00, 0xA800, 0x0001, 0x83FF, 0x0000, 0x8000, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]


def random_blocks(rng: np.random.Generator, kind: T, count: int) -> np.ndarray:
    block_bytes = GGML_QUANT_SIZES[kind][1]
    blocks = rng.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    for field, offset in enumerate(HALVES.get(kind, [])):
        for index in range(count):
            # The second field takes another stride through the list, so that the pairs differ.
            scale = SCALES[index * (1 if field == 0 else 3) % len(SCALES)]
            blocks[index, offset:offset + 2] = [scale & 0xFF, scale >> 8]
    return blocks


ENCODED = [T.Q4_0, T.Q5_0, T.Q8_0]


def weights_to_encode(kind: T) -> np.ndarray:
    """[blocks, 32] float32."""
    rng = np.random.default_rng(1000 + int(kind))
    normal = rng.standard_normal((24, 32))
    steps = {T.Q4_0: 8, T.Q5_0: 16, T.Q8_0: 127}[kind]
    halves = np.linspace(-steps, steps - 1, 4 * steps)  # levels and the middles between them
    halves = np.resize(np.round(2 * halves) / 2, (8, 32))
    halves[:, 7] = -steps
    return np.concatenate([
        normal * 0.02, normal ** 3, halves, halves * -0.125, normal[:4] * 1e4, normal[:4] * 1e-6,
        normal[:4] * 1e-30, np.zeros((1, 32)), np.eye(32)[3:5] * -65504, np.full((1, 32), 0.3),
        np.resize([0.5, -0.5], (1, 32)), np.resize([-0.5, 0.5], (1, 32))]).astype("<f4")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    np.seterr(all="ignore")
    for kind in [T.F32, T.F16, T.BF16, *HALVES]:
        rng = np.random.default_rng(int(kind))
        weights, block_bytes = GGML_QUANT_SIZES[kind]
        blocks = random_blocks(rng, kind, {1: 256, 32: 44, 256: 11}[weights])
        if weights == 32:
            plain = quantize(rng.standard_normal((4, 32)).astype(np.float32), kind)
            blocks = np.concatenate([plain.reshape(4, block_bytes), blocks])
        values = dequantize(blocks.reshape(1, -1), kind).astype("<f4").ravel()
        out = np.uint32(values.size).tobytes() + blocks.tobytes() + values.tobytes()
        (folder / f"{kind.name}.bin").write_bytes(out)
    for kind in ENCODED:
        weights = weights_to_encode(kind)
        blocks = quantize(weights, kind)
        out = np.uint32(weights.size).tobytes() + weights.tobytes() + blocks.tobytes()
        (folder / f"{kind.name}-encode.bin").write_bytes(out)


if __name__ == "__main__":
    main()
