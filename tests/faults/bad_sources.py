#!/usr/bin/env python3
"""Sources that are not what they claim: each refused in one line, without a crash, hang or output.

usage: bad_sources.py HLWQ
"""
import json
import math
import os
import pathlib
import shutil
import socket
import struct

import support
from support import check, refused, safetensors

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden" / "bad"
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"  # which counts more than an index
WEIGHT = "model.layers.0.self_attn.q_proj.weight"
CONFIG = dict(support.CONFIG, num_hidden_layers=1, hidden_size=128, num_attention_heads=2,
              num_key_value_heads=1)


def tensors(name):
    shape = [128, 128] if name == WEIGHT else [128]
    return safetensors([(name, "BF16", shape, b"\x80\x3f" * math.prod(shape))])


def index_of(**weight_map):
    return json.dumps({"metadata": {}, "weight_map": weight_map})


def folder_with(folder, files):
    """A source of these files; the content is bytes, text, or a function that makes the path."""
    source = folder / "src"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir()
    files = {"config.json": json.dumps(CONFIG), "model.safetensors": tensors(WEIGHT), **files}
    for name, content in files.items():
        if callable(content):
            content(source / name)
        elif isinstance(content, bytes):
            (source / name).write_bytes(content)
        elif content is not None:
            (source / name).write_text(content, encoding="utf-8")
    return source


def sparse(size):
    def make(path):
        path.write_bytes(b"[")
        os.truncate(path, size)
    return make


def listen(path):
    # A name of a socket may be 107 bytes long.
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def two_shards(**weight_map):
    return {"model.safetensors": None, "a.safetensors": tensors(WEIGHT),
            "b.safetensors": tensors("model.norm.weight"), INDEX: index_of(**weight_map)}


# What it is, words of the message, files beside or instead of those of a good source.
CASES = [
    ("empty shard", ["model.safetensors", "got 0 bytes"], {"model.safetensors": b""}),
    ("shard of 7 bytes", "got 7 bytes", {"model.safetensors": b"1234567"}),
    ("huge header length", "header length", {"model.safetensors": b"\xff" * 8 + b"{}"}),
    ("header of 100,000,001 bytes", "want at most 100000000",
     {"model.safetensors": struct.pack("<Q", 100_000_001) + b"{}"}),
    ("header past the end", "past the end", {"model.safetensors": struct.pack("<Q", 99) + b"{}"}),
    ("a folder as shard", "got a folder", {"model.safetensors": pathlib.Path.mkdir}),
    ("a pipe as shard", "got a pipe", {"model.safetensors": os.mkfifo}),
    ("a device as shard", "got a device",
     {"model.safetensors": lambda path: path.symlink_to("/dev/zero")}),
    ("a socket as shard", "model.safetensors", {"model.safetensors": listen}),
    ("a dangling link as shard", "no such file",
     {"model.safetensors": lambda path: path.symlink_to("nowhere")}),
    ("a loop of links as shard", "symbolic links",
     {"model.safetensors": lambda path: path.symlink_to("model.safetensors")}),
    ("truncated shard", "outside the data section", {"model.safetensors": tensors(WEIGHT)[:-1]}),
    ("bytes after the data", "cover", {"model.safetensors": tensors(WEIGHT) + b"x"}),
    ("one tensor in two shards", ["is in a.safetensors as well"],
     {"model.safetensors": None, "a.safetensors": tensors(WEIGHT), "b.safetensors": tensors(WEIGHT)}),
    ("no shard", "no .safetensors file", {"model.safetensors": None}),
    ("index of a missing file", ["c.safetensors", "no such file"],
     two_shards(**{WEIGHT: "a.safetensors", "x": "c.safetensors"})),
    ("index of a missing tensor", ["'x'", "lacks it"],
     two_shards(**{WEIGHT: "a.safetensors", "x": "b.safetensors"})),
    ("index of the wrong shard", "lacks it",
     two_shards(**{WEIGHT: "b.safetensors", "model.norm.weight": "a.safetensors"})),
    ("index that leaves the folder", "want a file of the same folder",
     {SINGLE: None, INDEX: index_of(**{WEIGHT: "../model.safetensors"})}),
    ("index with an absolute path", "want a file of the same folder",
     {SINGLE: None, INDEX: index_of(**{WEIGHT: "/etc/passwd"})}),
    ("index into a folder below", "want a file of the same folder",
     {SINGLE: None, INDEX: index_of(**{WEIGHT: "a/../model.safetensors"})}),
    ("index with NUL", "got 'a\\0b'", {SINGLE: None, INDEX: index_of(**{WEIGHT: "a\0b"})}),
    ("index of itself", INDEX, {SINGLE: None, INDEX: index_of(**{WEIGHT: INDEX})}),
    ("empty index", INDEX, {SINGLE: None, INDEX: ""}),
    ("index of nothing", "no .safetensors file", {SINGLE: None, INDEX: index_of()}),
    ("index that is a list", "want an object", {SINGLE: None, INDEX: "[]"}),
    ("index that is a pipe", "got a pipe", {SINGLE: None, INDEX: os.mkfifo}),
    ("index of 300 MB", "want at most", {SINGLE: None, INDEX: sparse(300_000_000)}),
    ("config that is a list", ["config.json", "want an object"], {"config.json": "[]"}),
    ("config that is empty", "config.json", {"config.json": ""}),
    ("config that is cut off", "config.json", {"config.json": '{"model_type": "lla'}),
    ("config of 300 MB", ["config.json", "want at most"], {"config.json": sparse(300_000_000)}),
    ("config that is not UTF-8", "config.json", {"config.json": b'{"model_type": "\xff\xfe"}'}),
    ("config with a key twice", "occurs twice", {"config.json": '{"a": 1, "a": 2}'}),
    ("config nested 100,000 deep", "nested", {"config.json": "[" * 100_000}),
    ("config that is a folder", "got a folder", {"config.json": pathlib.Path.mkdir}),
    ("config that is a pipe", "got a pipe", {"config.json": os.mkfifo}),
    ("config that is a dangling link", "no such file",
     {"config.json": lambda path: path.symlink_to("nowhere")}),
    ("polar_config that is a pipe", "got a pipe", {"polar_config.json": os.mkfifo}),
    ("tokenizer of 300 MB", ["tokenizer.json", "want at most"],
     {"tokenizer.json": sparse(300_000_000)}),
    ("a shard's name that is not UTF-8", "UTF-8",
     {"model.safetensors": lambda path: pathlib.Path(
         os.fsdecode(os.fsencode(path.parent) + b"/\xff.safetensors")).write_bytes(tensors(WEIGHT))}),
    ("a line break in a tensor's name", "x", {"model.safetensors": safetensors(
        [("x\ny\x1b[31m", "BF16", [4], b"1234")])}),
]


def each_bad_source(folder):
    for name, want, files in CASES:
        source, dst = folder_with(folder, files), folder / "dst"
        for verb in ("quantize", "dequantize"):
            refused(f"{verb}, {name}", want, verb, source, dst, dst=dst)
        done = support.run("inspect", source)
        check(done.returncode in (0, 2) and done.stderr.count("\n") == (done.returncode != 0),
              f"inspect, {name}: {done.returncode}: {done.stderr}")


def each_golden_bad_shard(folder):
    shards = sorted((GOLDEN / "safetensors").iterdir())
    check(len(shards) >= 20, f"want at least 20 files, got {len(shards)}")
    for path in shards:
        source, dst = folder_with(folder, {"model.safetensors": path.read_bytes()}), folder / "dst"
        refused(f"safetensors {path.name}", "model.safetensors", "quantize", source, dst, dst=dst)


def each_golden_bad_json(folder):
    for topic, target in (("shard_index", INDEX), ("config", "config.json")):
        paths = sorted((GOLDEN / topic).iterdir())
        check(len(paths) >= 5, f"want at least 5 files of {topic}, got {len(paths)}")
        for path in paths:
            files = {target: path.read_bytes()} | ({SINGLE: None} if target == INDEX else {})
            source, dst = folder_with(folder, files), folder / "dst"
            refused(f"{topic} {path.name}", target, "quantize", source, dst, dst=dst)
    paths = sorted((GOLDEN / "recipe").iterdir())
    check(len(paths) >= 5, f"want at least 5 recipes, got {len(paths)}")
    for path in paths:
        source, dst = folder_with(folder, {}), folder / "dst"
        refused(f"recipe {path.name}", path.name, "quantize", source, dst, "--recipe", path, dst=dst)


def single_files_and_names(folder):
    dst = folder / "dst"
    os.mkfifo(folder / "pipe.safetensors")
    os.mkfifo(folder / "pipe.gguf")
    (folder / "empty.gguf").write_bytes(b"")
    (folder / "x.bin").write_bytes(b"x")
    (folder / "loop").symlink_to("loop")
    for name, want in (("pipe.safetensors", "got a pipe"), ("pipe.gguf", "got a pipe"),
                       ("empty.gguf", "empty.gguf"), ("x.bin", "want a folder"),
                       ("absent", "no such file"), ("loop", "no such file")):
        refused(f"source {name}", want, "quantize", folder / name, dst, dst=dst)
    os.mkfifo(folder / "recipe.json")
    source = folder_with(folder, {})
    refused("a pipe as recipe", "a JSON file", "quantize", source, dst, "--recipe",
            folder / "recipe.json", dst=dst)
    refused("a pipe as config", "got a pipe", "synth", folder / "recipe.json", dst, dst=dst)


if __name__ == "__main__":
    support.main([each_bad_source, single_files_and_names, each_golden_bad_shard,
                  each_golden_bad_json])
