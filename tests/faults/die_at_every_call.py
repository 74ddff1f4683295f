#!/usr/bin/env python3
"""Kills hlwq before each single call that changes the file system, in turn.

usage: die_at_every_call.py HLWQ DIE_AT_CALL.so
"""
import os
import shutil
import sys

import support
from support import CONFIG, check, content, partial, same, succeed, synth

SMALL = dict(CONFIG, num_hidden_layers=1, vocab_size=64)
TINY = dict(SMALL, hidden_size=256, intermediate_size=512, num_attention_heads=4)
FLAGS = ["--max-shard-size", "1MiB", "--recipe", "uniform", "--threads", "1"]


def die_at(call, *words):
    return support.run(*words, env=dict(os.environ, LD_PRELOAD=sys.argv[2], DIE_AT_CALL=str(call)))


def count_calls(folder, *words):
    path = folder / "calls"
    succeed(*words, env=dict(os.environ, LD_PRELOAD=sys.argv[2], DIE_COUNT_FILE=str(path)))
    calls = int(path.read_text()) if path.exists() else 0
    return calls


def resume_after_every_call(folder, config=SMALL, flags=()):
    source, want = synth(folder / "src", config=config), folder / "want"
    words = [*FLAGS, *flags]
    calls = count_calls(folder, "quantize", source, want, *words)
    if calls == 0:
        return "the library cannot be preloaded here"
    for call in range(1, calls + 1):
        dst = folder / f"dst{call}"
        done = die_at(call, "quantize", source, dst, *words)
        check(done.returncode == -9, f"call {call}: want a kill, got {done.returncode}")
        if dst.exists():  # all that was left was to sync
            same(dst, want, f"call {call}")
        else:
            support.unfinished(dst, f"call {call}")
        if call % 3 == 0:  # and once more while resuming
            die_at(1 + call // 2, "quantize", source, dst, *words, "--resume")
        succeed("quantize", source, dst, *words, "--resume")
        same(dst, want, f"call {call}, resumed")
        check(not partial(dst).exists(), f"call {call}: {partial(dst)} is left")
        shutil.rmtree(dst)
    print(f"{calls} calls")


def resume_the_trellis_codec_after_every_call(folder):
    return resume_after_every_call(folder, TINY, support.CODECS["hlwq-t"])


def overwrite_at_every_call_leaves_old_or_new(folder):
    source, old, new = synth(folder / "src", config=SMALL), folder / "old", folder / "new"
    succeed("quantize", source, old, *FLAGS, "--bits", "3")
    succeed("quantize", source, new, *FLAGS)
    shutil.copytree(old, folder / "probe")
    calls = count_calls(folder, "quantize", source, folder / "probe", *FLAGS, "--overwrite")
    if calls == 0:
        return "the library cannot be preloaded here"
    outcomes = set()
    for call in range(1, calls + 1):
        dst = folder / f"dst{call}"
        shutil.copytree(old, dst)
        done = die_at(call, "quantize", source, dst, *FLAGS, "--overwrite")
        check(done.returncode == -9, f"call {call}: want a kill, got {done.returncode}")
        is_new = content(dst) == content(new)
        outcomes.add(is_new)
        check(is_new or content(dst) == content(old), f"call {call}: DST is neither old nor new")
        # What was replaced goes with the next resume; what was not done begins anew.
        succeed("quantize", source, dst, *FLAGS, "--resume" if is_new else "--overwrite")
        same(dst, new, f"call {call}, again")
        check(not partial(dst).exists(), f"call {call}: {partial(dst)} is left")
        shutil.rmtree(dst)
    check(outcomes == {True, False}, f"want kills before and after the swap, got {outcomes}")
    print(f"{calls} calls")


if __name__ == "__main__":
    support.main([resume_after_every_call, resume_the_trellis_codec_after_every_call,
                  overwrite_at_every_call_leaves_old_or_new])
