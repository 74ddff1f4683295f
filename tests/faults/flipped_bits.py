#!/usr/bin/env python3
"""A single flipped bit anywhere in a finished folder does not pass verify.

usage: flipped_bits.py HLWQ
"""
import json
import random
import struct

import support
from support import check, run, succeed, synth

FLIPS = {".safetensors": 120, ".json": 80}
SMALL = dict(support.CONFIG, hidden_size=128, intermediate_size=256, num_attention_heads=2,
             num_key_value_heads=1, vocab_size=256)


def tensor_at(content, position):
    """The name of the tensor whose data holds this byte of a shard; None in the header."""
    length = struct.unpack("<Q", content[:8])[0]
    for name, entry in json.loads(content[8:8 + length]).items():
        begin, end = entry.get("data_offsets", (0, 0))
        if begin <= position - 8 - length < end:
            return name
    return None


def verify_flip(path, position, bit):
    original = path.read_bytes()
    flipped = bytearray(original)
    flipped[position] ^= 1 << bit
    path.write_bytes(flipped)
    done = run("verify", path.parent)
    path.write_bytes(original)
    where = f"{path.name}, byte {position}, bit {bit}"
    check(done.returncode in (1, 2), f"{where}: verify ends with {done.returncode}")
    check(done.returncode == 1 or done.stderr.count("\n") == 1, f"{where}: {done.stderr!r}")
    return done


def random_flips_are_found(folder):
    source = synth(folder / "src", config=SMALL)
    (source / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 1}}}))
    for codec, flags in support.CODECS.items():
        coded = folder / codec
        succeed("quantize", source, coded, "--recipe", "uniform", *flags)
        flip_bits(coded)


def flip_bits(coded):
    choose = random.Random(20261122)
    data_flips = 0
    for suffix, count in FLIPS.items():
        paths = sorted(coded.glob("*" + suffix))
        for number in range(count):
            path = paths[number % len(paths)]
            content = path.read_bytes()
            # Every third flip of a shard hits its header.
            end = len(content)
            if suffix == ".safetensors" and number % 3 == 0:
                end = 8 + struct.unpack("<Q", content[:8])[0]
            position, bit = choose.randrange(end), choose.randrange(8)
            done = verify_flip(path, position, bit)
            name = tensor_at(content, position) if suffix == ".safetensors" else None
            if name is not None:
                data_flips += 1
                check(done.returncode == 1 and name in done.stdout,
                      f"{path.name}, byte {position}: want '{name}' named, got {done.stdout}")
    check(data_flips >= 60, f"want at least 60 flips in data, got {data_flips}")
    succeed("verify", coded)


def letters_of_the_manifest_have_one_case(folder):
    """Flips of bit 5 turn e into E in numbers and digits: equal to JSON, and found all the same."""
    coded = folder / "coded"
    succeed("quantize", synth(folder / "src", config=SMALL), coded)
    path = coded / "hlwq_manifest.json"
    text = path.read_bytes()
    letters = [index for index, byte in enumerate(text) if byte in b"abcdef"]
    seal = text.index(b'"manifest_xxh3": "') + len(b'"manifest_xxh3": "')
    inside = [index for index in letters if seal <= index < seal + 16]
    for index in inside + random.Random(1).sample(letters, 30):
        verify_flip(path, index, 5)


def files_that_go_or_grow_are_found(folder):
    coded = folder / "coded"
    succeed("quantize", synth(folder / "src", config=SMALL), coded)
    for path in sorted(coded.iterdir()):
        content = path.read_bytes()
        for damaged in (b"", content[:-1], content + b"\0"):
            path.write_bytes(damaged)
            done = run("verify", coded)
            check(done.returncode in (1, 2), f"{path.name} of {len(damaged)} bytes passes")
        path.unlink()
        done = run("verify", coded)
        check(done.returncode in (1, 2), f"verify passes without {path.name}")
        path.write_bytes(content)
    succeed("verify", coded)


if __name__ == "__main__":
    support.main([random_flips_are_found, letters_of_the_manifest_have_one_case,
                  files_that_go_or_grow_are_found])
