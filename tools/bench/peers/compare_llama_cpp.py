#!/usr/bin/env python3
"""Decode and prefill speed of hlwq beside llama.cpp's, in interleaved rounds on one machine.

usage: compare_llama_cpp.py [--hlwq BINARY] [--work FOLDER] [--checkpoint FOLDER]...
                            [--types Q5_K_S,Q5_0,Q4_0] [--threads 1,2] [--rounds 5]

Without --checkpoint: a 1.1 B Llama shape with random weights. llama-cpp-python is built from source
for this machine (minutes), as a user of speed would. Prints a table of medians with their ranges,
and the ratio to the first type.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/interop"))
import environment  # noqa: E402

PACKAGES = ["llama-cpp-python==0.3.36", "gguf", "numpy"]
TINY_LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
    "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
    "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 64,
    "max_position_embeddings": 2048, "vocab_size": 32000, "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False,
    "attention_bias": False, "mlp_bias": False}


def synthetic(hlwq: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    folder = work / "llama-1.1b"
    if not folder.exists():
        shape = work / "llama-1.1b.json"
        shape.write_text(json.dumps(TINY_LLAMA))
        environment.run(hlwq, "synth", shape, folder)
    return folder


def quantized(hlwq: pathlib.Path, checkpoint: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    """5 bits everywhere; a tied embedding at 6, which is what its head wants."""
    folder = work / f"{checkpoint.name}-hlwq-q5"
    if not folder.exists():
        is_tied = json.loads((checkpoint / "config.json").read_text()).get("tie_word_embeddings")
        extra = ["--embeddings", "6"] if is_tied else []
        environment.run(hlwq, "quantize", checkpoint, folder, "--recipe", "uniform", "--bits", "5", *extra)
    return folder


def ggufs(checkpoint: pathlib.Path, types: list[str], work: pathlib.Path) -> dict[str, pathlib.Path]:
    import ctypes
    import llama_cpp
    import llama_gguf

    source = work / f"{checkpoint.name}-f16.gguf"
    if not source.exists():
        llama_gguf.write(checkpoint, source)
    files = {}
    for name in types:
        files[name] = work / f"{checkpoint.name}-{name.lower()}.gguf"
        if files[name].exists():
            continue
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}")
        status = llama_cpp.llama_model_quantize(str(source).encode(), str(files[name]).encode(),
                                                ctypes.byref(parameters))
        if status != 0:
            sys.exit(f"{name}: llama.cpp's quantizer failed with {status}")
    return files


def time_hlwq(hlwq, folder, threads, prefill, decode):
    report = json.loads(environment.run(hlwq, "bench", folder, "-t", threads, "-p", prefill, "-n", decode,
                                        "--repetitions", 1, "--json", "--quiet"))
    run = report["threads"][0]
    return {"prefill": run["prefill_tokens_per_second"]["median"],
            "decode": run["decode_tokens_per_second"]["median"],
            "share": run["decode_share_of_plain_read"]["median"]}


def time_llama(path, threads, prefill, decode):
    script = pathlib.Path(__file__).with_name("llama_speed.py")
    words = [sys.executable, script, path, threads, prefill, decode]
    run = subprocess.run(list(map(str, words)), check=True, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    return json.loads(run.stdout)


def show(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def compare(args, checkpoint: pathlib.Path) -> None:
    folder = quantized(args.hlwq, checkpoint, args.work)
    files = ggufs(checkpoint, args.types, args.work)
    print(f"\n{checkpoint.name}: {args.rounds} rounds, tokens/s, prefill of {args.prefill}, "
          f"decode of {args.decode}\n")
    print("| engine | threads | prefill | decode | prefill ratio | decode ratio |")
    print("|---|---|---|---|---|---|")
    for threads in args.threads:
        runs = {"hlwq": []} | {name: [] for name in files}
        for _ in range(args.rounds):
            runs["hlwq"].append(time_hlwq(args.hlwq, folder, threads, args.prefill, args.decode))
            for name, path in files.items():
                runs[name].append(time_llama(path, threads, args.prefill, args.decode))
        ours = {key: statistics.median(run[key] for run in runs["hlwq"]) for key in ("prefill", "decode")}
        for name, results in runs.items():
            medians = {key: statistics.median(run[key] for run in results) for key in ours}
            cells = [show([run[key] for run in results]) for key in ("prefill", "decode")]
            ratios = [f"{ours[key] / medians[key]:.2f}" for key in ("prefill", "decode")]
            print(f"| {name} | {threads} | {' | '.join(cells)} | {' | '.join(ratios)} |", flush=True)
        share = statistics.median(run["share"] for run in runs["hlwq"])
        print(f"\nhlwq decode, {threads} threads: {100 * share:.0f} % of plain read\n", flush=True)


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def main() -> None:
    parser = environment.parser(__doc__, "llama-cpp")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/peers")
    parser.add_argument("--checkpoint", type=pathlib.Path, action="append")
    parser.add_argument("--types", type=lambda text: text.split(","), default=["Q5_K_S", "Q5_0", "Q4_0"])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    args = parser.parse_args()
    environment.enter(args.venv, PACKAGES)
    args.work.mkdir(parents=True, exist_ok=True)
    for checkpoint in args.checkpoint or [synthetic(args.hlwq, args.work)]:
        compare(args, checkpoint)


if __name__ == "__main__":
    main()
