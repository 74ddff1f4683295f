#!/usr/bin/env python3
"""Writes tests/golden/bad/compressed_tensors: folders that must be refused, and seeds for the fuzzer.

usage: make_bad_compressed.py GOLDEN_FOLDER [SEED_FOLDER]

Each folder holds error.txt: the error's code, then a part of its message. SEED_FOLDER takes some of them, and one
that is accepted, in the form of fuzz/fuzz_compressed_tensors.cc.
"""
import copy
import json
import pathlib
import shutil
import struct
import sys

from polar_bytes import i64, write_safetensors

X = "model.layers.0.self_attn.q_proj.weight"
WEIGHTS = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": 32, "dynamic": False}
CONFIG = {"model_type": "llama", "dtype": "bfloat16", "quantization_config": {
    "config_groups": {"group_0": {"input_activations": None, "targets": ["Linear"], "weights": WEIGHTS}},
    "format": "pack-quantized", "ignore": ["lm_head"], "quant_method": "compressed-tensors",
    "quantization_status": "compressed"}}


def words(out: int, count: int):
    return ("I32", [out, count], bytes(range(4 * out * count)))


def scales(out: int, count: int, dtype: str = "BF16"):
    one = {"BF16": b"\x80\x3f", "F16": b"\x00\x3c", "I8": b"\x01"}[dtype]
    return (dtype, [out, count], one * (out * count))


TENSORS = {X + "_packed": words(2, 8), X + "_scale": scales(2, 2), X + "_shape": i64([2, 64])}


def config(change=None, **section) -> dict:
    result = copy.deepcopy(CONFIG)
    result["quantization_config"].update(section)
    if change:
        change(result["quantization_config"]["config_groups"])
    return result


def group(**more):
    return config(lambda groups: groups["group_0"].update(more))


def weights(**more):
    return config(lambda groups: groups["group_0"]["weights"].update(more))


def tensors(**changes) -> dict:
    """TENSORS with parts of X replaced, or left out where None is given."""
    result = TENSORS | {X + "_" + part: value for part, value in changes.items()}
    return {name: value for name, value in result.items() if value is not None}


def two_widths(groups) -> None:
    groups["group_1"] = {"targets": ["Linear"], "weights": WEIGHTS | {"num_bits": 3}}


SEEDS = ("rotated", "no-group-size", "two-readings", "zero-point", "packed-axes", "shape-huge", "shape-rows-huge",
         "scale-missing", "name-twice")
SHORT = tensors(packed=words(2, 1), scale=scales(2, 1), shape=i64([2, 8]))
# name -> (code, part of the message, tensors, config)
CASES = {
    "format": ("unsupported", "'format': want \"pack-quantized\", got \"float-quantized\"", TENSORS,
               config(format="float-quantized")),
    "group-format": ("unsupported", "'group_0': 'format': want \"pack-quantized\"", TENSORS, group(format="nvfp4-pack-quantized")),
    "activations": ("unsupported", "'input_activations': activations are not quantized", TENSORS,
                    group(input_activations={"num_bits": 8})),
    "asymmetric": ("unsupported", "'symmetric': want true, got false", TENSORS, weights(symmetric=False)),
    "zero-point": ("unsupported", "_zero_point': asymmetric groups", tensors(zero_point=words(1, 2)), CONFIG),
    "permuted": ("unsupported", "_g_idx': groups of permuted columns", tensors(g_idx=words(1, 64)), CONFIG),
    "actorder": ("unsupported", "'actorder': want null, got \"group\"", TENSORS, weights(actorder="group")),
    "float-weights": ("unsupported", "'type': want \"int\", got \"float\"", TENSORS, weights(type="float")),
    "dynamic": ("unsupported", "'dynamic': want false", TENSORS, weights(dynamic=True)),
    "strategy": ("unsupported", "'strategy': want \"group\", got \"tensor\"", TENSORS, weights(strategy="tensor")),
    "no-group-size": ("invalid_data", "'group_size': want an integer in 1..1048576, but it is missing", TENSORS, weights(group_size=None)),
    "group-of-none": ("unsupported", "'group_size': want 1..1048576, got 0", TENSORS, weights(group_size=0)),
    "bits": ("unsupported", "'num_bits': want 2..8, got 16", TENSORS, weights(num_bits=16)),
    "bits-fraction": ("invalid_data", "'num_bits'", TENSORS, weights(num_bits=4.5)),
    "sparse": ("unsupported", "'sparsity_config.format': want \"dense\", got \"sparse-24-bitmask\"", TENSORS,
               config(sparsity_config={"format": "sparse-24-bitmask"})),
    "cache": ("unsupported", "'kv_cache_scheme'", TENSORS, config(kv_cache_scheme={"num_bits": 8})),
    "rotated": ("unsupported", "'transform_config': weights are stored rotated", TENSORS,
                config(transform_config={"config_groups": {"u": {"type": "hadamard"}}})),
    "no-groups": ("invalid_data", "'config_groups': want at least one group", TENSORS, config(config_groups={})),
    "groups-type": ("invalid_data", "'config_groups': want an object, got a list of 1", TENSORS, config(config_groups=[1])),
    "no-weights": ("invalid_data", "'weights': want an object, but it is missing", TENSORS, group(weights=None)),
    "other-width": ("invalid_data", "want 8 words and 2 scales for rows of 64 to fit a config group", TENSORS,
                    weights(num_bits=8)),
    "other-group": ("invalid_data", "to fit a config group", TENSORS, weights(group_size=64)),
    "two-readings": ("invalid_data", "fits both 4 bits (lsb) of rows and 3 bits (lsb) of rows", SHORT,
                     config(lambda g: (g["group_0"]["weights"].update(strategy="channel"), two_widths(g),
                                       g["group_1"]["weights"].update(strategy="channel")))),
    "scale-missing": ("not_found", "_scale' is missing", tensors(scale=None), CONFIG),
    "shape-missing": ("not_found", "_shape' is missing", tensors(shape=None), CONFIG),
    "packed-missing": ("not_found", "_packed' is missing", tensors(packed=None), CONFIG),
    "packed-dtype": ("invalid_data", "want I32 [2, 8], got U8 [2, 8]", tensors(packed=("U8", [2, 8], bytes(16))), CONFIG),
    "packed-rows": ("invalid_data", "want I32 [2, 8], got I32 [3, 8]", tensors(packed=words(3, 8)), CONFIG),
    "packed-axes": ("invalid_data", "want two axes", tensors(packed=("I32", [16], bytes(64))), CONFIG),
    "scale-dtype": ("invalid_data", "want BF16 or F16 or F32, got I8", tensors(scale=scales(2, 2, "I8")), CONFIG),
    "scale-rows": ("invalid_data", "want BF16 [2, 2], got BF16 [1, 2]", tensors(scale=scales(1, 2)), CONFIG),
    "shape-negative": ("invalid_data", "want a matrix, got [-2, 64]", tensors(shape=i64([-2, 64])), CONFIG),
    "shape-huge": ("invalid_data", "to fit a config group", tensors(shape=i64([2, 1 << 62])), CONFIG),
    "shape-rows-huge": ("unsupported", "no room for a matrix", tensors(shape=i64([1 << 62, 64])), CONFIG),
    "shape-of-three": ("invalid_data", "want I64 [2], got I64 [3]", tensors(shape=i64([1, 2, 64])), CONFIG),
    "name-twice": ("invalid_data", f"both stand for '{X}'", TENSORS | {X: scales(2, 64)}, CONFIG),
}


def main() -> None:
    root = pathlib.Path(sys.argv[1]) / "bad/compressed_tensors"
    shutil.rmtree(root, ignore_errors=True)
    for name, (code, message, stored, settings) in CASES.items():
        folder = root / name
        folder.mkdir(parents=True)
        write_safetensors(folder / "model.safetensors", stored)
        (folder / "config.json").write_text(json.dumps(settings) + "\n")
        (folder / "error.txt").write_text(f"{code}\n{message}\n")
    if len(sys.argv) < 3:
        return
    seeds = pathlib.Path(sys.argv[2])
    seeds.mkdir(parents=True, exist_ok=True)
    file = seeds / "file"
    for name, (stored, settings) in {"good": (TENSORS, CONFIG), **{name: CASES[name][2:] for name in SEEDS}}.items():
        write_safetensors(file, stored)
        content = file.read_bytes()
        end = 8 + struct.unpack("<Q", content[:8])[0]
        (seeds / name).write_bytes(json.dumps(settings).encode() + b"\0" + content[8:end] + b"\0" + content[end:])
    file.unlink()


if __name__ == "__main__":
    main()
