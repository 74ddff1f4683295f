#!/usr/bin/env python3
"""Weights no code can hold, and weights that look like it: NaN, infinity, beyond fp16, denormals, 0.

usage: bad_weights.py HLWQ
"""
import struct

import support
from support import check, refused, safetensors, succeed, write_json

WEIGHT = "model.layers.0.self_attn.q_proj.weight"
ROWS, COLUMNS = 128, 256
CONFIG = dict(support.CONFIG, num_hidden_layers=1, hidden_size=COLUMNS, num_attention_heads=2,
              num_key_value_heads=1)


def source_with(folder, values, dtype="F32"):
    """A checkpoint of one matrix: 0.01 everywhere but at {(row, column): value}."""
    folder.mkdir(exist_ok=True)
    code = {"F32": "f", "F16": "e"}[dtype]
    weights = [0.01 * (1 + (i % 7)) for i in range(ROWS * COLUMNS)]
    for (row, column), value in values.items():
        weights[row * COLUMNS + column] = value
    data = struct.pack(f"<{len(weights)}{code}", *weights)
    (folder / "model.safetensors").write_bytes(safetensors([(WEIGHT, dtype, [ROWS, COLUMNS], data)]))
    write_json(folder / "config.json", CONFIG)
    return folder


def carried_over(dst):
    text = (dst / "model.safetensors").read_bytes()
    return f'"{WEIGHT}"'.encode() in text and f'"{WEIGHT}__'.encode() not in text


def what_cannot_be_coded_is_named_or_kept(folder):
    bad = {"nan": float("nan"), "inf": float("inf"), "minus inf": float("-inf"),
           "square beyond float32": 3e38}
    only_hlwq = {"norm beyond fp16": 70000.0}
    cases = [(codec, *case) for codec in support.CODECS for case in bad.items()]
    for codec, name, value in [*cases, *(("hlwq", *case) for case in only_hlwq.items())]:
        flags = support.CODECS[codec]
        source, dst = source_with(folder / "src", {(5, 130): value}), folder / "dst"
        refused(f"{codec}, {name}", [WEIGHT, "row 5"], "quantize", source, dst, *flags, dst=dst)
        succeed("quantize", source, dst, "--nonfinite", "keep", *flags)
        check(carried_over(dst), f"{name}: the tensor was not kept")
        succeed("verify", dst)
        succeed("dequantize", dst, folder / "back")
        same = (folder / "back/model.safetensors").read_bytes()[-4 * ROWS * COLUMNS:] == (
            source / "model.safetensors").read_bytes()[-4 * ROWS * COLUMNS:]
        check(same, f"{name}: kept, but not byte for byte")
        support.shutil.rmtree(dst)
        support.shutil.rmtree(folder / "back")


def what_is_merely_small_is_coded(folder):
    everything = [(row, column) for row in range(ROWS) for column in range(COLUMNS)]
    cases = (("zero", {at: 0.0 for at in everything}), ("minus zero", {at: -0.0 for at in everything}),
             ("denormal", {at: 1e-42 for at in everything}),
             ("one denormal block", {(3, column): 1e-45 for column in range(128)}),
             ("norm at the end of fp16", {(0, 0): 60000.0}))
    for name, values, flags in [(*case, flags) for case in cases for flags in support.CODECS.values()]:
        source, dst = source_with(folder / "src", values), folder / "dst"
        succeed("quantize", source, dst, *flags)
        check(not carried_over(dst), f"{name}: was not coded")
        succeed("verify", dst)
        succeed("dequantize", dst, folder / "back", "--dtype", "f32")
        data = (folder / "back/model.safetensors").read_bytes()[-4 * ROWS * COLUMNS:]
        weights = struct.unpack(f"<{ROWS * COLUMNS}f", data)
        check(all(abs(w) < 70000 for w in weights), f"{name}: not finite after a round trip")
        if "zero" in name or name == "denormal":
            check(max(map(abs, weights)) < 1e-6, f"{name}: {max(map(abs, weights))} is not near 0")
        support.shutil.rmtree(dst)
        support.shutil.rmtree(folder / "back")


if __name__ == "__main__":
    support.main([what_cannot_be_coded_is_named_or_kept, what_is_merely_small_is_coded])
