#!/usr/bin/env python3
"""Writes tests/golden/{good,bad}/polar: small checkpoints of every polar_state variant.

usage: make_polar_golden.py GOLDEN_FOLDER [SEED_FOLDER]

Each folder of good/polar holds a checkpoint and expected.st, the float32 values of its coded tensors
(computed in float64), with the expected format, dtype and notes as metadata. Each folder of bad/polar
holds error.txt: the error's code, then a part of its message. SEED_FOLDER takes some of them in the
form of fuzz/fuzz_polar_config.cc.
"""
import json
import pathlib
import shutil
import struct
import sys

import trellis_cases
from polar_bytes import Matrix, floats, i64, polarquant_v1, write_safetensors

Q = "model.layers.0.self_attn.q_proj"
EXPERTS = "model.layers.1.mlp.experts.gate_up_proj"
BF16_CONFIG = {"model_type": "llama", "dtype": "bfloat16"}
SEEDS = ("dotted", "underscores", "experts", "flat-norms", "meta-of-the-reader", "codes-underscores-table",
         "legacy-both-tables", "own", "own-odd-names", "one-byte-a-code", "ambiguous-width",
         "slice-missing", "meta-huge", "legacy-both-flags", "own-slice-missing", "name-twice",
         *trellis_cases.SEEDS)
NORM = {"model.norm.weight": ("BF16", [4], bytes.fromhex("803f004080bf003f"))}


class Golden:
    def __init__(self, root: pathlib.Path):
        self.root = root

    def folder(self, kind: str, name: str) -> pathlib.Path:
        path = self.root / kind / "polar" / name
        path.mkdir(parents=True)
        return path

    def write(self, path: pathlib.Path, shards: list[dict], polar, config) -> None:
        for index, tensors in enumerate(shards, 1):
            name = f"model-{index:05d}-of-{len(shards):05d}" if len(shards) > 1 else "model"
            write_safetensors(path / f"{name}.safetensors", tensors)
        if polar is not None:
            (path / "polar_config.json").write_text(json.dumps(polar, indent=1) + "\n")
        if config is not None:
            (path / "config.json").write_text(json.dumps(config) + "\n")

    def good(self, name: str, tensors, expected: dict, *, polar=None, config=BF16_CONFIG,
             format="polar_state", dtype="BF16", notes: str = "") -> None:
        """`expected`: tensor name -> Matrix, or a list of them for a fused tensor."""
        path = self.folder("good", name)
        self.write(path, tensors if isinstance(tensors, list) else [tensors], polar, config)
        values = {}
        for key, matrices in expected.items():
            fused = isinstance(matrices, list)
            rows = [row for m in (matrices if fused else [matrices]) for row in m.expected()]
            first = matrices[0] if fused else matrices
            shape = ([len(matrices)] if fused else []) + [first.out, first.inputs]
            flat = [v for row in rows for v in row]
            values[key] = ("F32", shape, struct.pack(f"<{len(flat)}f", *flat))
        metadata = {"format": format, "dtype": dtype, "notes": notes}
        write_safetensors(path / "expected.st", values, metadata)

    def bad(self, name: str, code: str, message: str, tensors, *, polar=None,
            config=None) -> None:
        path = self.folder("bad", name)
        self.write(path, tensors if isinstance(tensors, list) else [tensors], polar, config)
        (path / "error.txt").write_text(f"{code}\n{message}\n")


def spec(bits: int, **more) -> dict:
    return {"name": "hlwq", "version": 1, "bits": bits, "table": "polarquant-v1",
            "levels": polarquant_v1(bits), "scale_rule": "norm", "bit_order": "msb",
            "block_size": 128, **more}


def own(tensors: dict, specs: list, **more) -> dict:
    return {"format": "hlwq-q5", "block_size": 128, "bits": 5, "quantization": "hlwq",
            "hlwq": {"format_version": 1, "tool_version": "0.1.0", "specs": specs, "tensors": tensors,
                     "sources": [{"name": "model.safetensors", "bytes": 1234,
                                  "xxh3": "0123456789abcdef"}], **more}}


def good_published(g: Golden) -> None:
    m = Matrix(3, 200, 5, 1)
    assumed = "polarquant-v1 assumed"
    g.good("dotted", m.parts(f"{Q}.weight") | NORM, {f"{Q}.weight": m}, notes=assumed)
    g.good("dotted-no-weight", m.parts(Q) | NORM, {f"{Q}.weight": m}, notes="'.weight' restored")
    g.good("underscores", m.parts(f"{Q}.weight".replace(".", "__")) | NORM, {f"{Q}.weight": m},
           notes="double underscores")
    g.good("underscores-no-weight", m.parts(Q.replace(".", "__")), {f"{Q}.weight": m}, config=None,
           notes="BF16 assumed")
    g.good("one-word", m.parts("lm_head"), {"lm_head.weight": m},
           config={"torch_dtype": "float16"}, dtype="F16", notes="F16 as config.json says")
    g.good("nested-dtype", m.parts("lm_head.weight"), {"lm_head.weight": m},
           config={"text_config": {"dtype": "float32"}}, dtype="F32")

    whole = Matrix(2, 256, 3, 2)
    g.good("meta-of-4", whole.parts(Q) | {f"{Q}__meta": whole.meta(4)}, {f"{Q}.weight": whole})
    g.good("meta-of-4-in-recorded", m.parts(Q) | {f"{Q}__meta": m.meta(4)}, {f"{Q}.weight": m},
           polar={"format": "hlwq-q5", "layers": {Q: {"in_features": 200}}})
    six = Matrix(2, 200, 6, 3)
    g.good("meta-of-the-reader", six.parts(Q) | {f"{Q}__meta": six.reader_meta()},
           {f"{Q}.weight": six}, polar={"layers": {Q: six.layer()}})
    long_meta = i64([6, 256, 0, 0, 0])
    g.good("meta-of-the-reader-of-5", six.parts(Q) | {f"{Q}__meta": long_meta},
           {f"{Q}.weight": six}, polar={"layers": {Q: six.layer()}})
    g.good("flat-norms", m.parts(Q) | {f"{Q}__norms": m.norms_tensor(flat=True)}, {f"{Q}.weight": m})
    wide = Matrix(3, 200, 5, 4, norm_type="F32")
    g.good("f32-norms", wide.parts(Q), {f"{Q}.weight": wide})

    widths = {bits: Matrix(1, 100 + bits, bits, 10 + bits) for bits in range(1, 9)}
    tensors = {}
    for bits, matrix in widths.items():
        tensors |= matrix.parts(f"b{bits}.weight")
    g.good("widths", tensors, {f"b{b}.weight": m for b, m in widths.items()},
           polar={"bit_assignment": {f"b{b}.": b for b in widths}, "bits": 2})
    tensors, layers = {}, {}
    for bits in (1, 7):
        tensors |= widths[bits].parts(f"b{bits}") | {f"b{bits}__packed": widths[bits].bytes_flat()}
        layers[f"b{bits}"] = {"bits": bits}
    g.good("one-byte-a-code", tensors, {f"b{b}.weight": widths[b] for b in (1, 7)},
           polar={"layers": layers})

    slices = [Matrix(2, 130, 4, 20 + e) for e in range(3)]
    tensors = {}
    for e in (2, 0, 1):  # stored in no order
        tensors |= slices[e].parts(f"{EXPERTS}_e{e}")
    g.good("experts", tensors, {EXPERTS: slices})
    underscores = {name.replace(".", "__"): tensor for name, tensor in tensors.items()}
    g.good("experts-underscores", underscores, {EXPERTS: slices},
           config={"dtype": "bfloat16", "text_config": {"num_experts": 3}})
    first = slices[0].parts(f"{EXPERTS}_e0")
    rest = {name: tensor for name, tensor in tensors.items() if name not in first}
    g.good("two-shards", [first, rest | NORM], {EXPERTS: slices})
    g.good("fused-as-matrix", slices[0].parts(EXPERTS), {EXPERTS: slices[0]})


def good_codes(g: Golden) -> None:
    m = Matrix(2, 200, 5, 30)
    pair = {"a__b__codes": m.plain("U8"), "a__b__norms": m.norms_tensor()}
    g.good("codes-underscores", pair, {"a.b.weight": m}, polar={"bits": 5, "layers": {
        "a.b": {"in_features": 200}}}, notes="polarquant-v1 assumed")
    table = [f32_scaled / 2 for f32_scaled in (-3.0, -1.0, 0.5, 2.0)]
    own_table = Matrix(2, 128, 2, 31, levels=[t * 128 ** 0.5 for t in table])
    g.good("codes-underscores-table", {"a__b__codes": own_table.plain(),
           "a__b__norms": own_table.norms_tensor(), "a__b__ct_scaled": floats(table)},
           {"a.b.weight": own_table})

    tensors, layers, expected = {}, {}, {}
    packings = {3: "nibbles", 4: "nibbles", 5: "lsb5", 6: "plain", 8: "plain"}
    for bits, packing in packings.items():
        name = f"model.layers.{bits}.mlp.up_proj"
        m = Matrix(2, 200, bits, 40 + bits)
        scaled = floats([level / 128 ** 0.5 for level in m.levels])
        tensors |= {f"{name}.codes": getattr(m, packing)(), f"{name}.norms": m.norms_tensor(),
                    f"{name}.ct_scaled": scaled}
        layers[name] = m.layer(packed=packing == "nibbles")
        if packing == "lsb5":
            layers[name]["packed_q5"] = True
        expected[f"{name}.weight"] = m
    polar = {"format": "polar_engine_v5", "quantization": "polarengine", "block_size": 128,
             "bit_assignment": {"up_proj": 3}, "layers": layers}
    g.good("legacy", tensors | NORM, expected, polar=polar, format="polar_engine")
    g.good("legacy-unrecorded", tensors, {n: with_whole_blocks(m) for n, m in expected.items()},
           format="polar_engine")
    name, m = f"{Q}.codes", Matrix(2, 128, 4, 50)
    legacy = {name: m.plain("U8"), f"{Q}.norms": m.norms_tensor(), f"{Q}.ct": floats(m.levels)}
    g.good("legacy-ct", legacy, {f"{Q}.weight": m}, format="polar_engine")
    both = legacy | {f"{Q}.ct_scaled": floats([v / 128 ** 0.5 for v in m.levels])}
    g.good("legacy-both-tables", both, {f"{Q}.weight": m}, format="polar_engine")


def with_whole_blocks(m: Matrix) -> Matrix:
    m.inputs = m.n_blocks * 128
    return m


def good_own(g: Golden) -> None:
    q, experts = Matrix(3, 200, 5, 60), [Matrix(2, 130, 4, 61 + e) for e in range(2)]
    tensors = q.parts(f"{Q}.weight") | experts[0].parts(f"{EXPERTS}_e0") | NORM
    tensors |= experts[1].parts(f"{EXPERTS}_e1")
    listed = {f"{Q}.weight": {"spec": 0, "dtype": "F16", "shape": [3, 200]},
              EXPERTS: {"spec": 1, "dtype": "F16", "shape": [2, 2, 130]}}
    g.good("own", tensors, {f"{Q}.weight": q, EXPERTS: experts}, dtype="F16",
           polar=own(listed, [spec(5), spec(4)]))
    # Names that the published rules would change stay as they are listed.
    odd = Matrix(1, 64, 2, 70)
    g.good("own-odd-names", odd.parts("a__b_e7"), {"a__b_e7": odd},
           polar=own({"a__b_e7": {"spec": 0, "dtype": "BF16", "shape": [1, 64]}}, [spec(2)]))


def without(tensors: dict, part: str) -> dict:
    return {name: tensor for name, tensor in tensors.items() if not name.endswith(part)}


def bad_parts(g: Golden) -> None:
    bad, data = g.bad, "invalid_data"
    m = Matrix(2, 200, 5, 1)
    parts = m.parts(Q)
    bad("norms-missing", "not_found", f"model.safetensors: '{Q}__packed': its '{Q}__norms' is missing",
        without(parts, "__norms"))
    bad("meta-missing", "not_found", f"'{Q}__meta' is missing", without(parts, "__meta"))
    bad("packed-missing", "not_found", f"the codes of '{Q}' that it belongs to are missing",
        without(parts, "__packed"))
    _, shape, packed = m.packed()
    bad("packed-short", data, "no width of 1 to 8 bits puts 512 codes into 319 bytes",
        parts | {f"{Q}__packed": ("U8", [319], packed[:-1])})
    bad("packed-i8", data, f"'{Q}__packed': want U8, got I8",
        parts | {f"{Q}__packed": ("I8", shape, packed)})
    bad("norms-bf16", data, f"'{Q}__norms': want F16 or F32, got BF16",
        parts | {f"{Q}__norms": ("BF16", [2, 2], bytes(8))})
    bad("norms-3-axes", data, "norms: want [out, n_blocks], got [2, 2, 1]",
        parts | {f"{Q}__norms": ("F16", [2, 2, 1], bytes(8))})
    bad("norms-empty", data, "norms: want [out, n_blocks], got [0, 2]",
        parts | {f"{Q}__norms": ("F16", [0, 2], b"")})
    bad("block-size", "unsupported", "want blocks of 128, got 64",
        parts | {f"{Q}__norms": ("F16", [2, 4], bytes(16)), f"{Q}__meta": i64([2, 4, 64, 512, 200])},
        polar={"block_size": 64})
    bad("name-three-underscores", data, "ambiguous", m.parts("a___b"))
    bad("name-dangling-underscores", data, "this is no tensor name", m.parts("__a"))
    bad("name-twice", data, f"stands for '{Q}.weight' as '{Q}__packed' does",
        parts | m.parts(f"{Q}.weight"))
    bad("name-of-a-plain-tensor", data, f"both stand for '{Q}.weight'",
        parts | {f"{Q}.weight": ("F16", [2], bytes(4))})


def bad_meta(g: Golden) -> None:
    bad, data = g.bad, "invalid_data"
    m = Matrix(2, 200, 5, 1)
    parts = m.parts(Q)
    meta = lambda *numbers: parts | {f"{Q}__meta": i64(list(numbers))}
    bad("meta-f32", data, f"'{Q}__meta': want I64, got F32", parts | {f"{Q}__meta": floats([1.0] * 5)})
    bad("meta-of-3", data, "nothing fits: __meta as [bits, in_padded, ...]", meta(2, 2, 128))
    bad("meta-of-1", data, "__meta: want 4 or 5 numbers, got 1", meta(5))
    for name, numbers, why in (
            ("rows", [3, 2, 128, 768, 200], "want norms [3, 2], got [2, 2]"),
            ("block", [2, 2, 64, 512, 200], "want block 128, got 64"),
            ("codes", [2, 2, 128, 513, 200], "want 512 codes, got 513"),
            ("in-long", [2, 2, 128, 512, 257], "want in between 129 and 256, got 257 in __meta"),
            ("in-short", [2, 2, 128, 512, 128], "want in between 129 and 256, got 128 in __meta"),
            ("negative", [2, -2, 128, 512, 200], "sizes out of range"),
            ("huge", [1 << 40, 1 << 40, 128, 512, 200], "sizes overflow")):
        bad(f"meta-{name}", data, why, meta(*numbers))
    bad("meta-bits", data, "320 bytes hold codes of 5 bits, __meta says 6", meta(6, 256))
    bad("config-in", data, "got 200 in __meta, 201 in polar_config.json", parts,
        polar={"layers": {Q: {"in_features": 201}}})
    bad("config-out", data, "want out 3 of polar_config.json, got 2", parts,
        polar={"layers": {Q: {"out_features": 3}}})
    bad("config-bits", data, "320 bytes hold codes of 5 bits, 'bits' of polar_config.json says 4",
        parts, polar={"bits": 4})
    bad("config-packed", data, "says legacy packing", parts, polar={"layers": {Q: {"packed": True}}})
    bad("config-type", data, "polar_config.json: layers: 'x': 'bits': want an integer in 1..16, got "
        '"five"', parts, polar={"layers": {"x": {"bits": "five"}}})
    bad("ambiguous-width", data, "ambiguous: __meta as [out, n_blocks, block, codes, in]: [1, 128] at "
        "1 bits, one byte a code; or", Matrix(1, 128, 8, 5).parts(Q))
    # One row of 128 blocks, or 128 rows of one: with flat norms both readings fit the sizes.
    bad("ambiguous-meta", data, "ambiguous: __meta as [out, n_blocks, block, codes]: [1, 16384] at 1 "
        "bits; or __meta as [bits, in_padded, ...]: [128, 128] at 1 bits",
        {f"{Q}__packed": ("U8", [2048], bytes(2048)), f"{Q}__norms": ("F16", [128], bytes(256)),
         f"{Q}__meta": i64([1, 128, 128, 16384])})


def bad_slices(g: Golden) -> None:
    slices = [Matrix(1, 130, 4, 20 + e) for e in range(3)]
    parts = [m.parts(f"{EXPERTS}_e{e}") for e, m in enumerate(slices)]
    g.bad("slice-missing", "not_found", f"'{EXPERTS}': slice 1 of 3 ('{EXPERTS}_e1') is missing",
          parts[0] | parts[2])
    g.bad("slice-missing-last", "not_found", f"'{EXPERTS}': slice 2 of 3 ('{EXPERTS}_e2') is missing",
          parts[0] | parts[1], config={"text_config": {"num_experts": 3}})
    g.bad("slice-too-many", "invalid_data", "want 2 slices as config.json says, got slice 2",
          parts[0] | parts[1] | parts[2], config={"num_local_experts": 2})
    g.bad("slice-shape", "invalid_data", "slice 1: want [1, 130] of 4 bits (msb, F16 norms) as slice "
          "0, got [1, 131]", parts[0] | Matrix(1, 131, 4, 9).parts(f"{EXPERTS}_e1"))
    g.bad("slice-bits", "invalid_data", "got [1, 130] of 5 bits",
          parts[0] | Matrix(1, 130, 5, 9).parts(f"{EXPERTS}_e1"))
    g.bad("slice-and-matrix", "invalid_data", f"stands for '{EXPERTS}' as '{EXPERTS}_e0__packed' does",
          parts[0] | slices[1].parts(EXPERTS))
    g.bad("slice-twice", "invalid_data", f"stands for '{EXPERTS}' slice 0 as",
          parts[0] | slices[1].parts(f"{EXPERTS}_e0".replace(".", "__")))


def bad_codes(g: Golden) -> None:
    bad, data = g.bad, "invalid_data"
    m = Matrix(2, 200, 4, 50)
    scaled = floats([level / 128 ** 0.5 for level in m.levels])
    legacy = {f"{Q}.codes": m.plain(), f"{Q}.norms": m.norms_tensor(), f"{Q}.ct_scaled": scaled}
    layer = lambda **more: {"layers": {Q: m.layer(**more)}}
    bad("legacy-says-nibbles", data, "polar_config.json says nibbles, 512 bytes hold one byte a code",
        legacy, polar=layer(packed=True))
    bad("legacy-says-plain", data, "polar_config.json says one byte a code, 256 bytes hold nibbles",
        legacy | {f"{Q}.codes": m.nibbles()}, polar=layer(packed=False))
    bad("legacy-both-flags", data, "says both packed and packed_q5", legacy,
        polar=layer(packed=True, packed_q5=True))
    bad("legacy-size", data, "codes: want 512 bytes for 512 codes of 4 bits (or 256 as nibbles), got 510",
        legacy | {f"{Q}.codes": ("I8", [2, 255], bytes(510))})
    bad("legacy-rows", data, "want 2 rows as the norms have, got [4, 128]",
        legacy | {f"{Q}.codes": ("I8", [4, 128], bytes(512))})
    bad("legacy-codes-dtype", data, f"'{Q}.codes': want U8 or I8, got I16",
        legacy | {f"{Q}.codes": ("I16", [2, 128], bytes(512))})
    bad("legacy-table-missing", "not_found", f"its table '{Q}.ct_scaled' (or '{Q}.ct') is missing",
        without(legacy, ".ct_scaled"))
    bad("legacy-norms-missing", "not_found", f"its '{Q}.norms' is missing", without(legacy, ".norms"))
    bad("legacy-codes-missing", "not_found", f"the codes of '{Q}' that it belongs to are missing",
        without(legacy, ".codes"))
    bad("legacy-table-length", data, f"'{Q}.ct_scaled': want 2, 4, ... or 256 levels, got 15",
        legacy | {f"{Q}.ct_scaled": floats([0.1] * 15)})
    bad("legacy-table-bits", data, "want 32 levels for the 5 bits of polar_config.json, got 16", legacy,
        polar={"layers": {Q: {"bits": 5}}})
    bad("legacy-table-nan", data, f"'{Q}.ct_scaled': want finite levels, got nan",
        legacy | {f"{Q}.ct_scaled": floats([float("nan")] * 16)})
    bad("legacy-two-tables", data, "are two different tables",
        legacy | {f"{Q}.ct": floats([0.5] * 16)})
    bad("legacy-block-size", "unsupported", "want blocks of 128, got 64",
        legacy | {f"{Q}.norms": ("F16", [2, 4], bytes(16))}, polar={"block_size": 64})
    bad("codes-without-bits", data, "no table and no polar_config.json says which of 1 to 8 bits",
        {"a__codes": m.plain(), "a__norms": m.norms_tensor()})
    bad("codes-of-16-bits", data, "want 1 to 8 bits, 'bits' of polar_config.json says 16",
        {"a__codes": m.plain(), "a__norms": m.norms_tensor()}, polar={"bits": 16})


def bad_own(g: Golden) -> None:
    bad, data = g.bad, "invalid_data"
    q, name = Matrix(3, 200, 5, 60), f"{Q}.weight"
    parts = q.parts(name)
    entry = {"spec": 0, "dtype": "F16", "shape": [3, 200]}
    listed = {name: entry}
    say = lambda tensors=None, specs=None, **more: own(tensors or listed, specs or [spec(5)], **more)
    where = f"polar_config.json: section hlwq: tensors: '{name}': "
    bad("own-part-missing", "not_found", f"tensor '{name}': '{name}__norms' is missing",
        without(parts, "__norms"), polar=say())
    bad("own-part-shape", data, f"'{name}__norms': want F16 [3, 2], got F16 [6]",
        parts | {f"{name}__norms": q.norms_tensor(flat=True)}, polar=say())
    bad("own-part-dtype", data, f"'{name}__packed': want U8 [480], got I8 [480]",
        parts | {f"{name}__packed": ("I8", [480], q.packed()[2])}, polar=say())
    bad("own-constant-part", data, f"'{name}__meta': content contradicts the shape",
        parts | {f"{name}__meta": i64([3, 2, 128, 768, 199])}, polar=say())
    bad("own-bits", data, f"'{name}__packed': want U8 [384], got U8 [480]", parts,
        polar=say(specs=[spec(4)]))
    bad("own-slice-missing", "not_found", f"'{EXPERTS}_e1__packed' is missing",
        q.parts(f"{EXPERTS}_e0"), polar=say({EXPERTS: entry | {"shape": [1 << 30, 3, 200]}}))
    bad("own-unlisted", data, f"'{EXPERTS}_e0__packed': belongs to no tensor listed",
        parts | q.parts(f"{EXPERTS}_e0"), polar=say())
    bad("own-name-twice", data, f"both stand for '{name}'",
        parts | {name: ("F16", [2], bytes(4))}, polar=say())
    bad("own-dtype", data, where + "'dtype': want F16, BF16, F32 or F64, got 'I8'", parts,
        polar=say({name: entry | {"dtype": "I8"}}))
    bad("own-spec-index", data, where + "'spec': want an index below 1, got 1", parts,
        polar=say({name: entry | {"spec": 1}}))
    bad("own-shape-axes", data, where + "'shape': want 2 or 3 axes, got [600]", parts,
        polar=say({name: entry | {"shape": [600]}}))
    bad("own-shape-overflow", data, where + "'shape': [1099511627776, 1099511627776] overflows", parts,
        polar=say({name: entry | {"shape": [1 << 40, 1 << 40]}}))
    bad("own-shape-zero", data, where + "'shape': want an integer in 1..", parts,
        polar=say({name: entry | {"shape": [0, 200]}}))
    bad("own-version", "unsupported", "'format_version': this program reads up to 1, got 2", parts,
        polar=say(format_version=2))
    bad("own-no-tensors", data, "section hlwq: 'tensors': want an object, got a list of 0", parts,
        polar=say() | {"hlwq": {**say()["hlwq"], "tensors": []}})
    bad("own-not-an-object", data, "section hlwq: want an object, got null", parts,
        polar={"hlwq": None})
    bad("own-codec", "unsupported", "specs[0]", parts, polar=say(specs=[spec(5, name="other")]))
    bad("own-levels", data, "specs[0]", parts, polar=say(specs=[spec(5, levels=[0.5, "x"])]))
    bad("own-layers-disagree", data, f"layers: '{name}': 'bits': section hlwq says 5, got 6", parts,
        polar=say() | {"layers": {Q: {"bits": 6}}})
    bad("own-source-hash", data, "sources[0]", parts, polar=say(
        sources=[{"name": "x", "bytes": 1, "xxh3": "zz"}]))


def write_seeds(root: pathlib.Path, seeds: pathlib.Path) -> None:
    read = lambda path: path.read_bytes() if path.exists() else b""
    for name in SEEDS:
        folder = next(f for f in (root / "good/polar" / name, root / "bad/polar" / name) if f.exists())
        file = (folder / "model.safetensors").read_bytes()
        header = 8 + struct.unpack("<Q", file[:8])[0]
        (seeds / name).write_bytes(b"\0".join((read(folder / "polar_config.json"),
                                               read(folder / "config.json"), file[8:header],
                                               file[header:])))


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    golden = Golden(pathlib.Path(sys.argv[1]))
    for kind in ("good", "bad"):
        shutil.rmtree(golden.root / kind / "polar", ignore_errors=True)
    good_published(golden)
    good_codes(golden)
    good_own(golden)
    trellis_cases.good_trellis(golden)
    for part in (bad_parts, bad_meta, bad_slices, bad_codes, bad_own,
                 trellis_cases.bad_trellis):
        part(golden)
    if len(sys.argv) == 3:
        write_seeds(golden.root, pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
