#!/usr/bin/env python3
"""A source that changes between a killed run and its resume, or while it is read.

usage: changing_sources.py HLWQ
"""
import os
import shutil
import signal
import subprocess
import time

import support
from support import check, partial, refused, same, succeed, synth

BIG = dict(support.CONFIG, hidden_size=1024, intermediate_size=3072, num_hidden_layers=6,
           num_attention_heads=16, num_key_value_heads=8)


def stopped(source, dst, entries=4):
    """hlwq at work, stopped when that many tasks are done; None when it was too fast."""
    process = subprocess.Popen([support.HLWQ, "quantize", source, dst, "--threads", "1", "--quiet"],
                               stderr=subprocess.PIPE, text=True)
    journal = partial(dst) / "journal.jsonl"
    while process.poll() is None:
        try:
            if journal.read_bytes().count(b"\n") > entries:
                break
        except FileNotFoundError:
            pass
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    return process if process.poll() is None and not dst.exists() else None


def killed(source, dst):
    for _ in range(10):
        process = stopped(source, dst)
        if process is not None:
            process.kill()
            process.communicate()
            return
        shutil.rmtree(dst, ignore_errors=True)
    raise support.Failure("no run could be stopped in its middle")


def flip(path, position):
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))


def data_offset(path):
    with open(path, "rb") as file:
        return 8 + int.from_bytes(file.read(8), "little")


def a_source_changed_before_the_resume_is_refused(folder):
    source = synth(folder / "src", "--max-shard-size", "40MB", config=BIG)
    shards = sorted(source.glob("*.safetensors"))
    killed(source, folder / "half")
    original = folder / "original"
    shutil.copytree(source, original)
    resume = ["quantize", source, folder / "dst", "--resume"]

    def case(name, want, change):
        shutil.rmtree(source)
        shutil.copytree(original, source)  # other inodes, other times: by itself no change
        shutil.rmtree(partial(folder / "dst"), ignore_errors=True)
        shutil.copytree(partial(folder / "half"), partial(folder / "dst"))
        change()
        if want is None:
            succeed(*resume)
            same(folder / "dst", folder / "want", name)
            shutil.rmtree(folder / "dst")
        else:
            refused(name, want, *resume, dst=folder / "dst", keeps_partial=True)

    succeed("quantize", source, folder / "want")
    case("a copy", None, lambda: None)
    case("all of the first shard", "changed since the run", lambda: [
        flip(shards[0], position)
        for position in range(data_offset(shards[0]), shards[0].stat().st_size, 500_000)])
    case("header", "its header changed", lambda: shards[0].write_bytes(
        shards[0].read_bytes().replace(b'"format":"pt"', b'"format":"np"', 1)))
    case("config", "changed", lambda: (source / "config.json").write_text(
        (source / "config.json").read_text().replace("1e-05", "1e-06")))
    case("a shard less", "no such file", lambda: shards[1].unlink())
    case("a shard cut short", "outside the data", lambda: os.truncate(
        shards[1], shards[1].stat().st_size - 1))

    def another_model():
        shutil.rmtree(source)
        synth(source, config=dict(BIG, num_hidden_layers=1))
    case("another model", "changed", another_model)


def a_source_truncated_while_it_is_read_is_an_error(folder):
    source = synth(folder / "src", config=BIG)
    for name, change, want in (
            ("truncated", lambda: os.truncate(source / "model.safetensors", 1_000_000), "ends early"),
            ("touched", lambda: os.utime(source / "model.safetensors"), "changed while")):
        dst = folder / "dst"
        shutil.rmtree(partial(dst), ignore_errors=True)
        for _ in range(10):
            process = stopped(source, dst)
            if process is not None:
                break
            shutil.rmtree(dst, ignore_errors=True)
        change()
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=60)
        print(f"{name}: {errors.rstrip()}")
        check(process.returncode == 2 and want in errors and errors.count("\n") == 1,
              f"{name}: {process.returncode}: {errors}")
        support.unfinished(dst, name)
        if name == "truncated":
            shutil.rmtree(source)
            synth(source, config=BIG)  # the same bytes again: the run can be resumed
            succeed("quantize", source, dst, "--resume")
            succeed("quantize", source, folder / "want")
            same(dst, folder / "want", "resumed after the source was restored")
            shutil.rmtree(dst)


if __name__ == "__main__":
    support.main([a_source_changed_before_the_resume_is_refused,
                  a_source_truncated_while_it_is_read_is_an_error])
