#!/usr/bin/env python3
"""Destinations that cannot or must not be written: refused in one line, nothing touched.

usage: destinations.py HLWQ
"""
import os
import shutil
import signal
import subprocess

import support
from support import check, content, partial, refused, same, succeed, synth

SMALL = dict(support.CONFIG, hidden_size=128, intermediate_size=256, num_attention_heads=2,
             num_key_value_heads=1, vocab_size=256)


def names_that_make_no_sense(folder):
    source = synth(folder / "src", config=SMALL)
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to("loop")
    before = content(folder)
    for verb in ("quantize", "dequantize"):
        for name, want, dst in (
                ("missing parent", "no such folder", folder / "absent" / "dst"),
                ("below a file", "no such folder", folder / "file" / "dst"),
        ):
            refused(f"{verb}, {name}", want, verb, source, dst, dst=dst)
        for name, want, dst in (
                ("a file", "want a folder, got a file", folder / "file"),
                ("the source", "is or holds the source", source),
                ("the parent of the source", "is or holds the source", folder),
                ("the root", "is or holds the source", "/"),
                ("a name too long", "too long", folder / ("x" * 300)),
                ("a name too long when unfinished", "too long", folder / ("x" * 250)),
                ("nothing", "got ''", ""),
                ("a symbolic link to itself", "symbolic links", folder / "loop"),
        ):
            for flags in ([], ["--overwrite"]):
                refused(f"{verb}, {name} {flags}", want, verb, source, dst, *flags)
    check(content(folder) == before, "a refused destination changed something")


def a_folder_of_others_in_the_place_of_the_unfinished_one(folder):
    source, dst = synth(folder / "src", config=SMALL), folder / "dst"
    for name, make in (("a folder", lambda path: (path.mkdir(), (path / "thesis").write_text("x"))),
                       ("a file", lambda path: path.write_text("x")),
                       ("a link", lambda path: path.symlink_to(source))):
        make(partial(dst))
        before = content(folder)
        for flags in ([], ["--resume"], ["--overwrite"]):
            refused(f"{name} of others {flags}", "was not left by hlwq", "quantize", source, dst,
                    *flags)
        check(content(folder) == before, f"{name} of others was changed")
        if partial(dst).is_dir() and not partial(dst).is_symlink():
            shutil.rmtree(partial(dst))
        else:
            partial(dst).unlink()


def inside_the_source_it_does_no_harm(folder):
    source = synth(folder / "src", config=SMALL)
    before = content(source)
    succeed("quantize", source, folder / "want")
    succeed("quantize", source, source / "coded")
    same(source / "coded", folder / "want", "inside the source")
    succeed("verify", source / "coded")
    shutil.rmtree(source / "coded")
    check(content(source) == before, "the source was changed")


def a_folder_that_may_not_be_written(folder):
    source = synth(folder / "src", config=SMALL)
    place = folder / "place"
    place.mkdir()
    words = ["quantize", source, place / "dst"]
    if os.geteuid() != 0:
        place.chmod(0o555)
        refused("no permission", "Permission denied", *words, dst=place / "dst")
        place.chmod(0o755)
        return None
    # Root may write anywhere: be somebody else, and where disks can be mounted, read-only.
    place.chmod(0o555)
    folder.chmod(0o755)
    hlwq = folder / "hlwq"  # the build folder may be closed to others
    shutil.copy(support.HLWQ, hlwq)
    nobody = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", hlwq, *words, "--quiet"],
        capture_output=True, text=True)
    print(f"no permission: {nobody.stderr.rstrip()}")
    check(nobody.returncode == 2 and "Permission denied" in nobody.stderr
          and nobody.stderr.count("\n") == 1 and not any(place.iterdir()),
          f"no permission: {nobody.returncode}: {nobody.stderr}")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place],
                      capture_output=True).returncode != 0:
        return None
    try:
        refused("read-only", "Read-only file system", *words, dst=place / "dst")
    finally:
        subprocess.run(["umount", place], check=True)
    return None


def two_at_once_on_one_destination(folder):
    """While one writes, no other may continue, discard or replace its work."""
    source, dst = synth(folder / "src"), folder / "dst"
    succeed("quantize", source, folder / "want")
    first = subprocess.Popen([support.HLWQ, "quantize", source, dst, "--threads", "1", "--quiet"],
                             stderr=subprocess.PIPE, text=True)
    while not (partial(dst) / "journal.jsonl").exists() and first.poll() is None:
        pass
    first.send_signal(signal.SIGSTOP)
    try:
        if dst.exists() or not (partial(dst) / "journal.jsonl").read_bytes().count(b"\n"):
            return "the first run was over, or not begun, when it was stopped"
        for flags, want in ((["--resume"], "another process"), (["--overwrite"], "another process"),
                            ([], "--resume")):
            refused(f"while another writes {flags}", want, "quantize", source, dst, *flags)
    finally:
        first.send_signal(signal.SIGCONT)
        _, errors = first.communicate(timeout=60)
    check(first.returncode == 0, errors)
    same(dst, folder / "want", "the first of two")
    return None


if __name__ == "__main__":
    support.main([names_that_make_no_sense, a_folder_of_others_in_the_place_of_the_unfinished_one,
                  inside_the_source_it_does_no_harm, a_folder_that_may_not_be_written,
                  two_at_once_on_one_destination])
