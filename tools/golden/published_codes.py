#!/usr/bin/env python3
"""Makes tests/golden/good/published-codes with the published package's own functions.

usage: published_codes.py OUT_DIR

Needs polarquant==0.6.0 (install with --no-deps), numpy, scipy, torch. Writes
  weights.f32                [8, 320] float32, the last block padded
  <table>-<b>.levels.f32     2^b levels
  <table>-<b>.codes.u8       [8, 384] codes
  norms.f16                  [8, 3] the fp16 norms, the same for every table
for table polarquant-v1-inf (the package's quantizer) and polarquant-v1 (the construction of its
command line tools, run here through the same quantizer).
"""
import pathlib
import sys

import numpy as np
import torch
from polarengine_vllm import hf_integration, quantizer, utils


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(7)
    weights = torch.randn(8, 320, generator=generator) * 0.02
    weights[1, 128:256] = 0  # an all-zero block
    weights[2] = weights[2] ** 3 * 1e3  # heavy tails
    weights[3, :128] = 0.01  # all energy in one coordinate
    weights.numpy().tofile(out / "weights.f32")
    tables = {"polarquant-v1-inf": utils.get_centroids, "polarquant-v1": hf_integration._get_centroids}
    for table, centroids in tables.items():
        quantizer.get_centroids = centroids
        for bits in (2, 3, 4, 5, 6):
            coded = quantizer.PolarQuantizer().quantize_tensor(weights, bits)
            centroids(bits).numpy().astype("<f4").tofile(out / f"{table}-{bits}.levels.f32")
            coded["codes"].numpy().astype(np.uint8).tofile(out / f"{table}-{bits}.codes.u8")
            coded["norms"].numpy().astype("<f2").tofile(out / "norms.f16")


if __name__ == "__main__":
    main()
