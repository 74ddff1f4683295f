#!/usr/bin/env python3
"""Writes tests/golden/good/compressed_tensors: small checkpoints made by the compressed-tensors library.

usage: make_compressed_golden.py GOLDEN_FOLDER        with compressed-tensors 0.20, torch and safetensors installed

Each folder holds model.safetensors and config.json as the library stores them, source.st, the weights they were
made from by its absmax rule, and expected.st, what the library decodes. searched.st holds codes and scales by the rule
"mse", written from docs/format-compressed-tensors.md, not from the C++.
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor
from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32, unpack_from_int32
from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
from compressed_tensors.quantization.utils import calculate_qparams
from safetensors.torch import save_file

NORM = "model.norm.weight"


def weights(out: int, inputs: int, dtype: torch.dtype, seed: int) -> torch.Tensor:
    """Normal and heavy-tailed rows, ties between two integers, an empty group, tiny and large rows."""
    random = torch.Generator().manual_seed(seed)
    w = 0.02 * torch.randn(out, inputs, generator=random)
    w[1] = 0.01 * torch.randn(inputs, generator=random) ** 3
    w[2] = torch.randint(-15, 16, (inputs,), generator=random) / 2
    w[3, :inputs // 2] = 0
    w[4] *= 1e-7 if dtype == torch.float16 else 1e-39
    w[5] *= 1e5 if dtype == torch.float16 else 1e38
    return w.to(dtype)


def scheme_of(name: str, bits: int, group: int | None) -> QuantizationScheme:
    strategy = {"strategy": "channel"} if group is None else {"strategy": "group", "group_size": group}
    return QuantizationScheme(targets=[name], weights=QuantizationArgs(num_bits=bits, type="int", symmetric=True, **strategy))


def compress(w: torch.Tensor, scheme: QuantizationScheme) -> dict:
    group = scheme.weights.group_size or w.shape[1]
    cut = w.unflatten(-1, (-1, group))
    scale, _ = calculate_qparams(cut.amin(-1), cut.amax(-1), scheme.weights)
    return PackedQuantizationCompressor.compress({"weight": w, "weight_scale": scale}, scheme)


F32 = np.float32
RANGES = {2: (0.06, 0.36, 0.85), 3: (0.10, 0.49, 1.00), 4: (0.22, 0.66, 1.05), 5: (0.45, 0.78, 1.06),
          6: (0.70, 0.86, 1.10), 7: (0.80, 0.94, 1.12), 8: (0.90, 0.97, 1.12)}


def total(terms: np.ndarray) -> np.float32:
    """Sum: two chains of 16 lanes, both, then halving."""
    chains = np.zeros(32, F32)
    for start in range(0, len(terms), 32):
        part = terms[start:start + 32]
        chains[:len(part)] += part
    while len(chains) > 1:
        half = len(chains) // 2
        chains = chains[:half] + chains[half:]
    return chains[0]


def searched_group(w: np.ndarray, bits: int, dtype: torch.dtype) -> tuple[np.ndarray, np.float32]:
    """(integers, scale) of one group of float32 values."""
    rounded = lambda value: F32(torch.tensor(F32(value)).to(dtype).float().item())
    low, high, half = -(1 << bits - 1), (1 << bits - 1) - 1, F32(((1 << bits) - 1) / 2)
    a = np.abs(w).max()
    base = F32(a / half)
    if rounded(base) == 0:
        return np.zeros(len(w), int), F32(torch.finfo(dtype).eps)
    exponent = min(max(math.frexp(a)[1] - 1, -126), 126)
    u = F32(2.0) ** F32(exponent)
    x = w * (F32(1) / u)
    integers = lambda s: np.rint(np.clip(x * (F32(1) / s), F32(low), F32(high))).astype(F32)

    def error(s: np.float32) -> np.float32:
        e = x - integers(s) * s
        return total(e * e)

    widest, least, most = RANGES[bits]
    side = F32(-1 if w.max() > -w.min() else 1)
    factors = [least + (most - least) * k / 14 for k in range(15)]
    if len(w) >= 512:
        factors = [widest + (least - widest) * k / 8 for k in range(8)] + factors
    scales = [rounded(base)] + [rounded(side * base * F32(factor)) for factor in factors]
    scales = [s / u for s in scales if s != 0 and np.isfinite(s)]
    best = min(scales, key=error)
    q = integers(best)
    levels = total(q * q)
    last = rounded(F32(total(x * q) / levels) * u) / u if levels > 0 else F32(0)
    if last != 0 and np.isfinite(last) and error(last) < error(best):
        best = last
    return integers(best).astype(int), F32(best * u)


def searched(w: torch.Tensor, scheme: QuantizationScheme) -> dict:
    bits, group = scheme.weights.num_bits, scheme.weights.group_size or w.shape[1]
    pairs = [[searched_group(part, bits, w.dtype) for part in row.reshape(-1, group)] for row in w.float().numpy()]
    codes = torch.tensor(np.array([np.concatenate([q for q, _ in row]) for row in pairs]), dtype=torch.int8)
    scale = torch.tensor(np.array([[s for _, s in row] for row in pairs])).to(w.dtype)
    return {"weight_packed": pack_to_int32(codes, bits), "weight_scale": scale, "weight_shape": torch.tensor(w.shape)}


def whole_codes(packed: dict, bits: int) -> dict:
    """The same codes as releases before 0.20 laid them out: floor(32 / bits) in a word."""
    shape = packed["weight_shape"]
    codes = unpack_from_int32(packed["weight_packed"], bits, torch.Size(shape.tolist())).to(torch.int64) + (1 << bits - 1)
    each = 32 // bits
    words = math.ceil(codes.shape[1] / each)
    padded = torch.zeros(codes.shape[0], words * each, dtype=torch.int64)
    padded[:, :codes.shape[1]] = codes
    shifted = padded.unflatten(-1, (words, each)) << (bits * torch.arange(each))
    return packed | {"weight_packed": shifted.sum(-1).to(torch.uint32).view(torch.int32)}


def write(root: pathlib.Path, name: str, matrices: dict, *, old: bool = False) -> None:
    """`matrices`: module -> (weights, bits, group or None for a row)."""
    folder = root / "good/compressed_tensors" / name
    folder.mkdir(parents=True, exist_ok=True)
    stored, source, expected, mse, groups = {NORM: torch.ones(8, dtype=torch.bfloat16)}, {}, {}, {}, {}
    for module, (w, bits, group) in matrices.items():
        scheme = scheme_of(module, bits, group)
        packed = compress(w, scheme)
        expected[f"{module}.weight"] = PackedQuantizationCompressor.decompress(packed, scheme)["weight"]
        best = searched(w, scheme)
        if old:
            packed, best = whole_codes(packed, bits), whole_codes(best, bits)
        mse |= {f"{module}.{key}": value.contiguous() for key, value in best.items() if key != "weight_shape"}
        stored |= {f"{module}.{key}": value for key, value in packed.items()}
        source[f"{module}.weight"] = w
        groups[f"group_{len(groups)}"] = {
            "format": "pack-quantized", "input_activations": None, "output_activations": None, "targets": [module],
            "weights": json.loads(scheme.weights.model_dump_json())}
    save_file({key: value.contiguous() for key, value in stored.items()}, folder / "model.safetensors", {"format": "pt"})
    save_file(source, folder / "source.st")
    save_file(expected, folder / "expected.st")
    save_file(mse, folder / "searched.st")
    config = {"model_type": "none", "dtype": "bfloat16", "quantization_config": {
        "config_groups": groups, "format": "pack-quantized", "global_compression_ratio": None, "ignore": ["lm_head"],
        "kv_cache_scheme": None, "quant_method": "compressed-tensors", "quantization_status": "compressed",
        "sparsity_config": {}, "transform_config": {}, "version": "0.20.0"}}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def main() -> None:
    root = pathlib.Path(sys.argv[1])
    layer = "model.layers.0."
    bf16, f16, f32 = torch.bfloat16, torch.float16, torch.float32
    write(root, "int4", {layer + "self_attn.q_proj": (weights(8, 256, bf16, 1), 4, 128)})
    write(root, "several-groups", {layer + "mlp.up_proj": (weights(6, 192, bf16, 2), 4, 64),
                                   layer + "mlp.down_proj": (weights(6, 100, bf16, 3), 8, None),
                                   layer + "mlp.gate_proj": (weights(6, 192, bf16, 4), 4, 32)})
    write(root, "every-width", {layer + f"p{bits}": (weights(6, 160, bf16, 10 + bits), bits, 32) for bits in range(2, 9)})
    write(root, "float16", {layer + "p3": (weights(6, 192, f16, 5), 3, 64), layer + "p8": (weights(6, 64, f16, 6), 8, 32)})
    write(root, "float32", {layer + "p5": (weights(6, 330, f32, 7), 5, None)})
    write(root, "long-rows", {layer + "p4": (weights(6, 700, bf16, 20), 4, None)})
    write(root, "whole-codes-in-words", {layer + "p5": (weights(6, 192, bf16, 8), 5, 64),
                                         layer + "p6": (weights(6, 192, bf16, 9), 6, 32)}, old=True)


if __name__ == "__main__":
    main()
