#!/usr/bin/env python3
"""Blocks of every ggml type and what the Python gguf package decodes them to.

usage: make_ggml_golden.py DIR          (writes DIR/<TYPE>.bin; needs numpy and gguf)

File: uint32 number of weights n, the blocks, then n float32: gguf.quants.dequantize of the blocks.
The first blocks are quantized normal weights (where the package can encode the type), the rest
random bytes whose 16-bit scales are, in turn, ordinary, subnormal, zero, the largest, infinite, NaN.
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


if __name__ == "__main__":
    main()
