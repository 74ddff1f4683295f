#!/usr/bin/env python3
"""Writes tests/golden/good/small_floats: small checkpoints of FP8, NVFP4 and MXFP4 weights in every published layout.

usage: make_small_floats.py GOLDEN_FOLDER        with numpy and ml_dtypes installed

Each folder holds model.safetensors, config.json where its makers write one, and expected.st: what the weights are in
float32, by ml_dtypes and the rule of the layout (transformers: integrations/finegrained_fp8.py, mxfp4.py;
compressed-tensors: nvfp4; ModelOpt: weight_scale_2). tables.st holds what every code of every type stands for.
"""
import json
import pathlib
import sys

import ml_dtypes
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from polar_bytes import write_safetensors  # noqa: E402

FP8 = {"F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
       "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
       "F8_E8M0": ml_dtypes.float8_e8m0fnu}
FP4 = np.arange(16, dtype=np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float32)
LAYER = "model.layers.0.mlp."
NORM = ("BF16", [4], bytes(np.arange(4, dtype=np.float32).astype(ml_dtypes.bfloat16).tobytes()))


def stored(dtype: str, array: np.ndarray):
    return dtype, list(array.shape), array.tobytes()


def write(folder: pathlib.Path, tensors: dict, expected: dict, config: dict | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", tensors | {"model.norm.weight": NORM})
    write_safetensors(folder / "expected.st", {name: stored("F32", value) for name, value in expected.items()})
    if config is not None:
        (folder / "config.json").write_text(json.dumps({"model_type": "none", "torch_dtype": "bfloat16"} | config, indent=1) + "\n")


def fp8(random, shape, dtype="F8_E4M3"):
    codes = random.standard_normal(shape).astype(np.float32).astype(FP8[dtype])
    return stored(dtype, codes), codes.astype(np.float32)


def grid(scales: np.ndarray, shape, block) -> np.ndarray:
    """Scales of blocks for every weight."""
    whole = scales.repeat(block[0], axis=-2).repeat(block[1], axis=-1)
    return whole[..., :shape[-2], :shape[-1]]


def blocks(folder: pathlib.Path, random) -> None:
    tensors, expected = {}, {}
    for name, shape in (("gate_proj", (140, 136)), ("up_proj", (8, 128)), ("down_proj", (9, 300))):
        weight = LAYER + name + ".weight"
        tensors[weight], values = fp8(random, shape)
        scales = random.uniform(0.5, 2, [-(-side // 128) for side in shape]).astype(np.float32)
        tensors[weight + "_scale_inv"] = stored("F32", scales)
        expected[weight] = values * grid(scales, shape, (128, 128))
    # Fused experts, with scales that are powers of two.
    weight = LAYER + "experts.gate_up_proj"
    tensors[weight], values = fp8(random, (2, 130, 144))
    exponents = random.integers(120, 130, (2, 2, 2)).astype(np.uint8)
    tensors[weight + "_scale_inv"] = stored("F8_E8M0", exponents)
    scales = np.exp2(exponents.astype(np.float32) - 127)
    expected[weight] = values * grid(scales, (130, 144), (128, 128))
    write(folder, tensors, expected, {"quantization_config": {
        "quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}})


def whole(folder: pathlib.Path, random) -> None:
    """A scale for a matrix, for a row, and none."""
    tensors, expected = {}, {}
    for name, dtype, shape in (("gate_proj", "F32", []), ("up_proj", "BF16", [1]), ("down_proj", "F32", [12, 1]),
                               ("other_proj", "BF16", [12])):
        weight = LAYER + name + ".weight"
        tensors[weight], values = fp8(random, (12, 80))
        scales = random.uniform(0.5, 2, shape).astype(np.float32)
        if dtype == "BF16":
            scales = scales.astype(ml_dtypes.bfloat16)
        tensors[weight + "_scale"] = stored(dtype, scales)
        tensors[LAYER + name + ".input_scale"] = stored("F32", np.ones(1, np.float32))
        expected[weight] = values * scales.astype(np.float32).reshape(-1, 1)
    tensors[LAYER + "bare.weight"], expected[LAYER + "bare.weight"] = fp8(random, (8, 24), "F8_E5M2")
    write(folder, tensors, expected, {"quantization_config": {"quant_method": "compressed-tensors", "format": "float-quantized"}})


def fnuz(folder: pathlib.Path, random) -> None:
    tensors, expected = {}, {}
    for name, dtype in (("gate_proj", "F8_E4M3FNUZ"), ("up_proj", "F8_E5M2FNUZ")):
        tensors[LAYER + name + ".weight"], expected[LAYER + name + ".weight"] = fp8(random, (16, 40), dtype)
    write(folder, tensors, expected, None)


def nibbles(random, shape):
    codes = random.integers(0, 16, shape).astype(np.uint8)
    return codes[..., ::2] | codes[..., 1::2] << 4, FP4[codes]


def nvfp4(folder: pathlib.Path, random, is_modelopt: bool) -> None:
    shape = (24, 96)
    weight = LAYER + "down_proj.weight"
    packed, values = nibbles(random, shape)
    scales = random.uniform(1, 400, (24, 6)).astype(np.float32).astype(FP8["F8_E4M3"])
    tensors = {(weight if is_modelopt else weight + "_packed"): stored("U8", packed),
               weight + "_scale": stored("F8_E4M3", scales)}
    wide = scales.astype(np.float32)
    if is_modelopt:
        factor = np.float32(0.0013)
        tensors[weight + "_scale_2"] = stored("F32", np.array(factor))
        wide = wide * factor
        config = {"quant_method": "modelopt", "quant_algo": "NVFP4"}
    else:
        divisor = np.float32(731.5)
        tensors[weight + "_global_scale"] = stored("F32", np.array([divisor]))
        tensors[LAYER + "down_proj.input_global_scale"] = stored("F32", np.array([divisor]))
        wide = wide / divisor
        config = {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}
    write(folder, tensors, {weight: values * wide.repeat(16, axis=1)}, {"quantization_config": config})


def mxfp4(folder: pathlib.Path, random) -> None:
    weight = LAYER + "down_proj.weight"
    packed, values = nibbles(random, (24, 96))
    exponents = random.integers(110, 135, (24, 3)).astype(np.uint8)
    scales = np.exp2(exponents.astype(np.float32) - 127)
    write(folder, {weight + "_packed": stored("U8", packed), weight + "_scale": stored("U8", exponents)},
          {weight: values * scales.repeat(32, axis=1)},
          {"quantization_config": {"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized"}})


def gpt_oss(folder: pathlib.Path, random) -> None:
    name = LAYER + "experts.gate_up_proj"
    packed, values = nibbles(random, (3, 40, 64))
    exponents = random.integers(110, 135, (3, 40, 2)).astype(np.uint8)
    scales = np.exp2(exponents.astype(np.float32) - 127)
    expected = (values * scales.repeat(32, axis=2)).transpose(0, 2, 1)
    write(folder, {name + "_blocks": stored("U8", packed.reshape(3, 40, 2, 16)), name + "_scales": stored("U8", exponents),
                   name + "_bias": stored("BF16", np.zeros((3, 40), ml_dtypes.bfloat16))},
          {name: np.ascontiguousarray(expected)}, {"quantization_config": {"quant_method": "mxfp4"}})


def main() -> None:
    folder = pathlib.Path(sys.argv[1]) / "good" / "small_floats"
    random = np.random.default_rng(17)
    blocks(folder / "fp8-blocks", random)
    whole(folder / "fp8-whole", random)
    fnuz(folder / "fp8-fnuz", random)
    nvfp4(folder / "nvfp4", random, False)
    nvfp4(folder / "nvfp4-modelopt", random, True)
    mxfp4(folder / "mxfp4", random)
    gpt_oss(folder / "gpt-oss", random)
    codes = np.arange(256, dtype=np.uint8)
    tables = {name: stored("F32", codes.view(dtype).astype(np.float32)) for name, dtype in FP8.items()}
    write_safetensors(folder / "tables.st", tables | {"F4": stored("F32", FP4)})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
