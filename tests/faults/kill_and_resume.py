#!/usr/bin/env python3
"""kill -9 at any moment, then --resume: the bytes of an undisturbed run.

usage: kill_and_resume.py HLWQ
"""
import random
import subprocess
import time

import support
from support import check, partial, same, succeed, synth

MOST_SWEEPS = 5
MOST_KILLS = 4  # of one output, before it may finish


def kill_once(words, dst, delay):
    """Starts hlwq, kills it after `delay` seconds; True when it was done before."""
    process = subprocess.Popen([support.HLWQ, *map(str, words), "--quiet", "--threads", "2"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    try:
        _, errors = process.communicate(timeout=delay)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    else:
        check(process.returncode == 0, f"{words}: exit {process.returncode}: {errors.decode()}")
        return True
    # Killed between the last renaming and the end of the process, it is done as well.
    return dst.exists() and not partial(dst).exists()


def rounds(verb, source, folder, flags, count):
    """One sweep of the run with `count` kills, which may need further sweeps."""
    want = folder / f"{verb}-want"
    start = time.monotonic()
    succeed(verb, source, want, "--threads", "2", *flags)
    undisturbed = seconds = time.monotonic() - start
    delays = random.Random(20261122)
    kills, resumed = 0, 0
    # A machine that was slow at the first run and is fast now finishes before it is killed: then
    # the span shrinks, and the sweep goes on until there were kills enough.
    for number in range(MOST_SWEEPS * count):
        if number >= count and kills >= count:
            break
        step = number % count
        dst = folder / f"{verb}-{number}"
        words = [verb, source, dst, *flags]
        for attempt in range(MOST_KILLS):
            # The first kills sweep the whole run, the end of it twice: there the files get their
            # names. Later ones come early, so that resuming itself is hit.
            span = (0.6 + 0.5 * (number % 2)) if attempt == 0 else 0.5
            delay = seconds * span * ((step + delays.random()) / count if attempt == 0
                                      else delays.random())
            if kill_once(words, dst, delay):
                seconds *= 0.9 if delay < seconds else 1.0
                break
            kills += 1
            support.unfinished(dst, f"{verb} {number} after {delay:.3f} s")
            if attempt == 0:
                if partial(dst).exists():
                    refusal = support.run(*words)
                    check(refusal.returncode == 2 and "--resume" in refusal.stderr,
                          f"{verb} {number}: half-done and not refused: {refusal.stderr}")
                words.append("--resume")
            if (number + attempt) % 3 == 2:
                break
        if dst.exists() and "--resume" not in words:
            words.append("--resume")
        result = succeed(*words)
        resumed += 1
        check(result.stderr == "", f"{verb} {number}: {result.stderr}")
        same(dst, want, f"{verb} {number}")
        check(not partial(dst).exists(), f"{verb} {number}: {partial(dst)} is left")
        succeed("verify", dst)
        subprocess.run(["rm", "-rf", dst], check=True)
    print(f"{verb}: {undisturbed:.2f} s undisturbed, {kills} kills, {resumed} finished")
    check(kills >= count, f"{verb}: want at least {count} kills, got {kills}")
    return want


def kills_leave_nothing_wrong(folder):
    config = dict(support.CONFIG, hidden_size=1024, intermediate_size=3072, num_hidden_layers=6,
                  num_attention_heads=16, num_key_value_heads=8)
    source = synth(folder / "src", "--max-shard-size", "40MB", config=config)
    (source / "tokenizer.json").write_text("{}" + " " * 200_000)
    coded = rounds("quantize", source, folder, ["--max-shard-size", "9MB", "--recipe", "uniform"],
                   26)
    rounds("dequantize", coded, folder, ["--max-shard-size", "30MB"], 10)
    (source / "tokenizer.json").unlink()  # it stood for one; a GGUF file wants a real one or none
    rounds("export", source, folder, ["--to", "gguf", "--type", "q8_0"], 8)


def kills_of_the_trellis_codec_leave_nothing_wrong(folder):
    source = synth(folder / "src", "--max-shard-size", "8MB")
    flags = ["--max-shard-size", "2MB", "--recipe", "uniform", *support.CODECS["hlwq-t"]]
    coded = rounds("quantize", source, folder, flags, 8)
    rounds("dequantize", coded, folder, ["--max-shard-size", "8MB"], 3)


def kills_of_an_export_leave_nothing_wrong(folder):
    source = synth(folder / "src", "--max-shard-size", "8MB")
    rounds("export", source, folder,
           ["--to", "compressed-tensors", "--rotation", "folded", "--max-shard-size", "4MB"], 8)


if __name__ == "__main__":
    support.main([kills_leave_nothing_wrong, kills_of_the_trellis_codec_leave_nothing_wrong,
                  kills_of_an_export_leave_nothing_wrong])
