"""What the fault tests share: running hlwq, making sources by hand, looking at folders."""
import hashlib
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

HLWQ = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
SKIPPED = 77

# One matrix of 2 layers is 1 or 2 MB in BF16: some 25 MB in all.
CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "torch_dtype": "bfloat16",
    "hidden_size": 768, "intermediate_size": 1536, "num_hidden_layers": 2,
    "num_attention_heads": 12, "num_key_value_heads": 4, "head_dim": 64, "vocab_size": 1024,
    "rms_norm_eps": 1e-05, "tie_word_embeddings": True,
}

# The flags of each codec; what goes wrong outside does not depend on how long an encoder searches.
CODECS = {"hlwq": ["--codec", "hlwq"], "hlwq-t": ["--codec", "hlwq-t", "--effort", "fast"]}


class Failure(Exception):
    """A law that did not hold."""


def check(holds, message):
    if not holds:
        raise Failure(message)


def run(*words, **options):
    """hlwq with these words; quiet, captured, ended after a minute at most."""
    return subprocess.run([HLWQ, *map(str, words), "--quiet"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="backslashreplace", timeout=60,
                          **options)


def succeed(*words, **options):
    done = run(*words, **options)
    check(done.returncode == 0, f"{words}: want exit 0, got {done.returncode}: {done.stderr}")
    return done


def refused(name, want, *words, dst=None, keeps_partial=False, **options):
    """hlwq must end with one line that holds every word of `want`, exit 2, and leave no output."""
    done = run(*words, **options)
    print(f"{name}: {done.stderr.rstrip()[:300]}")
    check(done.returncode == 2, f"{name}: want exit 2, got {done.returncode}: {done.stderr}")
    check(done.stdout == "", f"{name}: prints {done.stdout!r}")
    check(done.stderr.startswith("hlwq: error: ") and done.stderr.count("\n") == 1,
          f"{name}: want one line, got {done.stderr!r}")
    for text in [want] if isinstance(want, str) else want:
        check(text in done.stderr, f"{name}: want {text!r} in {done.stderr!r}")
    if dst is not None:
        unfinished(dst, name)
        check(keeps_partial or not partial(dst).exists(), f"{name}: {partial(dst)} is left")
    return done


def partial(dst):
    return dst.with_name(dst.name + ".partial")


def unfinished(dst, name):
    """Nothing there may look like a finished checkpoint."""
    check(not os.path.lexists(dst), f"{name}: {dst} exists")
    if not partial(dst).exists():
        return
    done = run("verify", partial(dst))
    whole = (partial(dst) / "hlwq_manifest.json").exists()
    check(whole or done.returncode == 2, f"{name}: {partial(dst)} passes verify")


def content(folder):
    """Every file below `folder` with its hash."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def same(got, want, name):
    a, b = content(got), content(want)
    check(a == b, f"{name}: {got} differs from {want} in "
                  f"{sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))}")


def write_json(path, document):
    path.write_text(json.dumps(document), encoding="utf-8")


def safetensors(tensors):
    """The bytes of a file with these (name, dtype, shape, data)."""
    header, data = {}, b""
    for name, dtype, shape, piece in tensors:
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def synth(folder, *flags, config=None):
    path = folder.with_suffix(".config.json")
    write_json(path, config or CONFIG)
    succeed("synth", path, folder, *flags)
    path.unlink()
    return folder


def main(tests):
    """Runs each test in an empty folder of its own."""
    if HLWQ is None:
        sys.exit("usage: <test>.py HLWQ")
    failed = skipped = 0
    for test in tests:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hlwq-faults-"))
        try:
            reason = test(folder)
            if reason is not None:
                skipped += 1
                print(f"-- {test.__name__}: skipped: {reason}")
            else:
                print(f"-- {test.__name__}: passed")
        except Exception as failure:  # whatever it is, the other tests still run
            failed += 1
            print(f"-- {test.__name__}: FAILED: {type(failure).__name__}: {failure}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
    sys.exit(1 if failed else SKIPPED if skipped == len(tests) else 0)
