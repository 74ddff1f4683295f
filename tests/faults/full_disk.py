#!/usr/bin/env python3
"""A disk that fills up, and a limit on the size of files: one line, exit 2, nothing that looks done.

usage: full_disk.py HLWQ
"""
import os
import resource
import subprocess

import support
from support import check, partial, refused, same, succeed, synth

FULL = ["No space left on device"]


def mounted(folder, size):
    """A tmpfs of `size` at `folder`; False where that is not allowed."""
    folder.mkdir()
    return os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
        capture_output=True).returncode == 0


def resize(folder, size):
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def each_verb_on_a_small_disk(folder):
    disk = folder / "disk"
    if not mounted(disk, "64k"):
        return "a tmpfs can be mounted by root only"
    try:
        source = synth(folder / "src")
        runs = []
        for codec, flags in support.CODECS.items():
            coded = folder / f"quantize-{codec}"
            succeed("quantize", source, coded, *flags)
            runs.append(("quantize", source, coded, flags))
        plain = folder / "dequantize"
        succeed("dequantize", coded, plain)
        for verb, path, want, flags in [*runs, ("dequantize", coded, plain, [])]:
            dst = disk / verb
            # Sizes where nothing fits, where the shards do not, and where only the last files do not.
            whole = sum(file.stat().st_size for file in want.iterdir())
            shards = sum(file.stat().st_size for file in want.glob("*.safetensors"))
            for size in (4096, whole // 2, shards - 65536, shards + 8192):
                resize(disk, size)
                refused(f"{want.name}, {size} bytes free", FULL, verb, path, dst, *flags, dst=dst,
                        keeps_partial=True)
                if partial(dst).exists():
                    resize(disk, 2 * whole)
                    succeed(verb, path, dst, *flags, "--resume")
                    same(dst, want, f"{want.name} resumed after {size} bytes")
                    subprocess.run(["rm", "-rf", dst], check=True)
            resize(disk, 2 * whole)
            succeed(verb, path, dst, *flags)
            same(dst, want, want.name)
            subprocess.run(["rm", "-rf", dst], check=True)
    finally:
        subprocess.run(["umount", disk], check=True)
    return None


def a_limit_on_file_sizes_is_an_error_like_others(folder):
    source = synth(folder / "src")
    succeed("quantize", source, folder / "quantize")
    succeed("dequantize", folder / "quantize", folder / "dequantize")
    for verb, path in (("quantize", source), ("dequantize", folder / "quantize")):
        for limit in (16, 4096, 1 << 20):
            dst = folder / f"{verb}-out"
            refused(f"{verb}, files of {limit} bytes", ["File too large"], verb, path, dst, dst=dst,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        succeed(verb, path, dst)
        same(dst, folder / verb, verb)


def too_few_file_descriptors_is_an_error(folder):
    source = synth(folder / "src", "--max-shard-size", "1MiB")
    limit = 3 + len(list(source.glob("*.safetensors"))) // 2
    dst = folder / "out"
    refused("file descriptors", ["Too many open files"], "quantize", source, dst, dst=dst,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)))


def a_report_that_cannot_be_written_leaves_the_checkpoint(folder):
    source = synth(folder / "src")
    done = support.run("quantize", source, folder / "dst", "--report", folder / "absent" / "x.html")
    check(done.returncode == 2 and "absent" in done.stderr, f"{done.returncode}: {done.stderr}")
    print(f"report: {done.stderr.rstrip()}")


if __name__ == "__main__":
    support.main([each_verb_on_a_small_disk, a_limit_on_file_sizes_is_an_error_like_others,
                  too_few_file_descriptors_is_an_error,
                  a_report_that_cannot_be_written_leaves_the_checkpoint])
