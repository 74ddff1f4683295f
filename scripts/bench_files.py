#!/usr/bin/env python3
"""File to file: quantize and dequantize of a synthetic 1.1 GB checkpoint beside `cp` of the same file.

usage: bench_files.py HLWQ WORK_FOLDER [ROUNDS]

Runs are interleaved, the best of ROUNDS (default 3) counts. Files are in the page cache; `cp` is the
limit that the machine sets to moving that many bytes, `cp, sync` to bringing them to the disk, which
hlwq waits for and cp does not. Nothing is asserted: machines are noisy, so read ratios.
"""
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 2048,
    "intermediate_size": 8192, "num_hidden_layers": 9, "num_attention_heads": 16,
    "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 512, "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False, "hidden_act": "silu", "torch_dtype": "bfloat16",
}


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, cpu


def main() -> int:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    hlwq, work = sys.argv[1], pathlib.Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) == 4 else 3
    work.mkdir(parents=True, exist_ok=True)
    (work / "config.json").write_text(json.dumps(CONFIG))
    source, coded, copy = work / "source", work / "coded", work / "copy.bin"
    subprocess.run([hlwq, "synth", work / "config.json", source, "--overwrite", "--quiet"], check=True)
    weights = source / "model.safetensors"
    size = weights.stat().st_size
    plain = ["--codec", "hlwq", "--recipe", "published"]
    runs = {
        "cp": (["cp", weights, copy], copy),
        "cp, sync": (["sh", "-c", f"cp '{weights}' '{copy}' && sync '{copy}'"], copy),
        "quantize, 5 bits, search": ([hlwq, "quantize", source, coded, *plain, "--quiet"], None),
        "dequantize": ([hlwq, "dequantize", coded, work / "back", "--quiet"], work / "back"),
        "quantize, 5 bits, norm": ([hlwq, "quantize", source, work / "norm", *plain, "--scale", "norm", "--quiet"],
                                   work / "norm"),
    }
    best: dict[str, tuple[float, float]] = {}
    for _ in range(rounds):
        shutil.rmtree(coded, ignore_errors=True)
        os.sync()
        for name, (command, result) in runs.items():
            figures = timed([str(word) for word in command])
            best[name] = min(best.get(name, figures), figures)
            if result is not None:
                shutil.rmtree(result) if result.is_dir() else result.unlink()
    shutil.rmtree(work)

    print(f"File to file, {size / 1e9:.2f} GB of BF16, {os.cpu_count()} cores, best of {rounds}")
    for name, (wall, cpu) in best.items():
        print(f"{name:26} {wall:6.2f} s {size / 1e9 / wall:6.2f} GB/s {best['cp'][0] / wall:6.2f} of cp"
              f" {best['cp, sync'][0] / wall:6.2f} of cp, sync {cpu:6.2f} s CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
