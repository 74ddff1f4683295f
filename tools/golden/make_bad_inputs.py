#!/usr/bin/env python3
"""Writes tests/golden/bad/{safetensors,shard_index,config,recipe,expert_trace}:
files that must be refused.

usage: make_bad_inputs.py [ROOT of the repository]

The fuzz targets of these topics start from them, and tests/faults/bad_sources.py feeds each to hlwq.
"""
import json
import pathlib
import shutil
import struct
import sys

F32 = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


def raw(header, data=b"\0" * 16, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def one(**changes):
    entry = {key: value for key, value in (F32 | changes).items() if value is not None}
    return raw({"w": entry})


SAFETENSORS = {
    "empty": b"",
    "no-header": b"\0\0\0",
    "no-json": raw(b""),
    "length-past-end": raw({"w": F32}, length=10_000),
    "length-100-mb": raw({"w": F32}, length=100_000_001),
    "length-2-64": raw({"w": F32}, length=2**64 - 1),
    "not-json": raw(b"{'w': 1}"),
    "list": raw(b"[]"),
    "number": raw(b"1"),
    "two-documents": raw(b"{}{}"),
    "zero-bytes": raw(json.dumps({"w": F32}).encode() + b"\0" * 5),
    "nested": raw(b'{"w": {"dtype": ' + b"[" * 50_000),
    "not-utf8": raw(b'{"\xff": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}'),
    "lone-surrogate": raw(b'{"\\ud800": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}'),
    "name-twice": raw(b'{"w": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]}, '
                      b'"w": {"dtype": "U8", "shape": [8], "data_offsets": [8, 16]}}'),
    "key-twice": raw(b'{"w": {"dtype": "F32", "dtype": "F32", "shape": [2, 2], '
                     b'"data_offsets": [0, 16]}}'),
    "metadata-twice": raw(b'{"__metadata__": {"a": "1", "a": "2"}}', b""),
    "metadata-number": raw({"__metadata__": {"a": 1}, "w": F32}),
    "metadata-list": raw({"__metadata__": [], "w": F32}),
    "unknown-key": one(stride=1),
    "unknown-dtype": one(dtype="F31"),
    "dtype-number": one(dtype=5),
    "no-dtype": one(dtype=None),
    "no-shape": one(shape=None),
    "no-offsets": one(data_offsets=None),
    "shape-negative": one(shape=[-2, -2]),
    "shape-fraction": one(shape=[2.0, 2]),
    "shape-text": one(shape="2x2"),
    "shape-nested": one(shape=[[2, 2]]),
    "shape-beyond-64-bits": raw(b'{"w": {"dtype": "F32", "shape": [99999999999999999999], '
                                b'"data_offsets": [0, 16]}}'),
    "shape-1000-axes": one(shape=[1] * 1000),
    "product-overflows": one(shape=[2**32, 2**32]),
    "product-wraps-to-16": one(shape=[2**62, 1], data_offsets=[0, 0]),
    "bytes-overflow": one(shape=[2**62 + 4]),
    "offsets-one": one(data_offsets=[0]),
    "offsets-three": one(data_offsets=[0, 16, 16]),
    "offsets-negative": one(data_offsets=[-16, 0]),
    "offsets-fall": one(data_offsets=[16, 0]),
    "offsets-past-end": one(data_offsets=[16, 32]),
    "offsets-2-64": one(data_offsets=[2**64 - 16, 2**64 - 1]),
    "size-too-small": one(data_offsets=[0, 12]),
    "size-too-large": one(shape=[2], data_offsets=[0, 16]),
    "half-byte": one(dtype="F4", shape=[31], data_offsets=[0, 16]),
    "overlap": raw({"a": F32, "b": F32}),
    "overlap-by-4": raw({"a": F32, "b": F32 | {"data_offsets": [12, 28]}}, b"\0" * 28),
    "hole-first": raw({"w": F32 | {"data_offsets": [4, 20]}}, b"\0" * 20),
    "hole-between": raw({"a": F32, "b": F32 | {"data_offsets": [20, 36]}}, b"\0" * 36),
    "hole-last": raw({"w": F32}, b"\0" * 17),
    "data-cut": raw({"w": F32}, b"\0" * 15),
}

INDEX = {
    "empty": b"",
    "not-json": b"{",
    "not-utf8": b'{"weight_map": {"a": "\xff"}}',
    "list": b"[]",
    "no-map": b'{"metadata": {}}',
    "map-list": b'{"weight_map": ["model.safetensors"]}',
    "map-text": b'{"weight_map": "model.safetensors"}',
    "file-number": b'{"weight_map": {"a": 1}}',
    "file-empty": b'{"weight_map": {"a": ""}}',
    "file-dot": b'{"weight_map": {"a": "."}}',
    "file-parent": b'{"weight_map": {"a": ".."}}',
    "file-beside": b'{"weight_map": {"a": "../model.safetensors"}}',
    "file-absolute": b'{"weight_map": {"a": "/etc/hostname"}}',
    "file-below": b'{"weight_map": {"a": "sub/model.safetensors"}}',
    "file-backslash": b'{"weight_map": {"a": "..\\\\model.safetensors"}}',
    "file-nul": b'{"weight_map": {"a": "model.safetensors\\u0000.txt"}}',
    "tensor-twice": b'{"weight_map": {"a": "x", "a": "y"}}',
    "nested": b'{"weight_map": ' + b"[" * 1000,
}

CONFIG = {
    "empty": b"",
    "not-json": b"{",
    "not-utf8": b'{"model_type": "\xff"}',
    "list": b"[]",
    "text": b'"llama"',
    "null": b"null",
    "key-twice": b'{"model_type": "llama", "model_type": "qwen3"}',
    "nested": b'{"a": ' * 100 + b"1" + b"}" * 100,
    "two-documents": b"{}{}",
}

RECIPE = {
    "empty": b"",
    "not-json": b"{",
    "not-utf8": b'{"default": "\xff"}',
    "list": b"[]",
    "unknown-key": b'{"bit": 5}',
    "key-twice": b'{"default": 4, "default": 5}',
    "default-9": b'{"default": 9}',
    "default-negative": b'{"default": -1}',
    "default-fraction": b'{"default": 4.5}',
    "default-nan": b'{"default": NaN}',
    "default-text": b'{"default": "5"}',
    "default-2-64": b'{"default": 18446744073709551616}',
    "roles-list": b'{"roles": []}',
    "role-unknown": b'{"roles": {"nose": 5}}',
    "role-100": b'{"roles": {"attention": 100}}',
    "tensors-object": b'{"tensors": 5}',
    "nested": b'{"roles": ' + b"[" * 1000,
}

TRACE_MODEL = {"format": "hlwq-expert-trace", "version": 1, "model": "qwen3_moe", "layers": 2, "experts": 8,
               "top_k": 2, "expert_bytes": 1000}
REQUEST = {"pass": 1, "layer": 0, "tokens": 2, "experts": [1, 4, 6]}


def lines(*objects):
    return "".join(json.dumps(line) + "\n" for line in objects).encode()


def model(**changes):
    return lines({k: v for k, v in (TRACE_MODEL | changes).items() if v is not None}, REQUEST)


def request(**changes):
    return lines(TRACE_MODEL, REQUEST,
                 {k: v for k, v in (REQUEST | {"layer": 1} | changes).items() if v is not None})


EXPERT_TRACE = {
    "empty": b"",
    "not-json": b"{",
    "not-utf8": b'{"format": "\xff"}',
    "list": b"[]\n",
    "no-request": lines(TRACE_MODEL),
    "blank-line": lines(TRACE_MODEL) + b"\n" + lines(REQUEST),
    "torn": lines(TRACE_MODEL, REQUEST) + b'{"pass": 1, "layer": 1, "tok',
    "nested": lines(TRACE_MODEL) + b"[" * 1000,
    "key-twice": lines(TRACE_MODEL) + b'{"pass": 1, "pass": 1}',
    "no-header": lines(REQUEST),
    "other-format": model(format="trace"),
    "no-format": model(format=None),
    "version-2": model(version=2),
    "version-0": model(version=0),
    "model-number": model(model=5),
    "no-layers": model(layers=None),
    "layers-0": model(layers=0),
    "layers-fraction": model(layers=2.0),
    "layers-2-32": model(layers=2**32),
    "experts-0": model(experts=0),
    "experts-65537": model(layers=1, experts=65537),
    "experts-of-all-layers": model(layers=4096, experts=128),
    "experts-2-64": model(experts=2**64),
    "top-k-0": model(top_k=0),
    "top-k-9": model(top_k=9),
    "bytes-0": model(expert_bytes=0),
    "bytes-2-62": model(expert_bytes=2**62),
    "bytes-negative": model(expert_bytes=-1),
    "pass-negative": request(**{"pass": -1}),
    "pass-falls": request(**{"pass": 0}),
    "pass-2-63": request(**{"pass": 2**63}),
    "no-pass": request(**{"pass": None}),
    "layer-again": request(layer=0),
    "layer-2": request(layer=2),
    "layer-text": request(layer="1"),
    "tokens-0": request(tokens=0),
    "tokens-2-32": request(tokens=2**32),
    "no-experts": request(experts=None),
    "experts-object": request(experts={"0": 1}),
    "experts-none": request(experts=[]),
    "experts-too-few": request(experts=[1]),
    "experts-too-many": request(experts=[0, 1, 2, 3, 4]),
    "expert-8": request(experts=[1, 8]),
    "expert-negative": request(experts=[-1, 1]),
    "expert-2-16": request(experts=[1, 65537]),
    "expert-twice": request(experts=[1, 1]),
    "experts-fall": request(experts=[4, 1]),
}


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    for topic, files in (("safetensors", SAFETENSORS), ("shard_index", INDEX), ("config", CONFIG),
                         ("recipe", RECIPE), ("expert_trace", EXPERT_TRACE)):
        folder = root / "tests" / "golden" / "bad" / topic
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / (name + (".json" if topic == "recipe" else ""))).write_bytes(content)


if __name__ == "__main__":
    main()
