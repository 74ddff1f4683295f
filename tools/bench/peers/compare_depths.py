#!/usr/bin/env python3
"""Prefill and decode after many tokens, hlwq's beside llama.cpp's, in interleaved rounds on one machine.

usage: compare_depths.py [--hlwq BINARY] [--work FOLDER] [--checkpoint FOLDER] [--avx2] [--type Q5_K_S]
                         [--codes hlwq-t:5] [--kv f16,k8v8,k4v4] [--caches f16,q8_0,q4_0] [--threads 2]
                         [--depths 512,7600] [--prefill 256] [--decode 32] [--rounds 3]

Without --checkpoint: a 1.1 B Llama shape with random weights (compare_llama_cpp.py). Prints a table of medians and
their ratios to the first cache of llama.cpp.
"""
from __future__ import annotations

import json
import pathlib
import statistics

import compare_llama_cpp as peers
import environment


def time_hlwq(args, folder: pathlib.Path, kv: str) -> dict:
    report = json.loads(environment.run(
        args.hlwq, "bench", folder, "-t", args.threads, "-p", args.prefill, "-n", args.decode, "--kv", kv, "--depth",
        ",".join(map(str, args.depths)), "--repetitions", 1, "--json", "--quiet"))
    runs = report["threads"][0]["depths"]
    return {run["tokens"]: {"prefill": run["prefill_tokens_per_second"]["median"],
                           "decode": run["decode_tokens_per_second"]["median"]} for run in runs}


def time_llama(args, path: pathlib.Path, cache: str) -> dict:
    found = peers.run_llama("llama_depth.py", path, args.threads, cache, args.prefill, args.decode, *args.depths)
    return {int(depth): speeds for depth, speeds in found.items()}


def main() -> None:
    words = lambda text: text.split(",")
    parser = peers.arguments(__doc__)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--type", default="Q5_K_S")
    parser.add_argument("--codes", default="hlwq-t:5")
    parser.add_argument("--kv", type=words, default=["f16", "k8v8", "k4v4"])
    parser.add_argument("--caches", type=words, default=["f16", "q8_0", "q4_0"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--depths", type=peers.numbers, default=[512, 7600])
    parser.add_argument("--prefill", type=int, default=256)
    parser.add_argument("--decode", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    peers.enter(args)
    checkpoint = args.checkpoint or peers.synthetic(args.hlwq, args.work)
    folder = peers.quantized(args.hlwq, checkpoint, args.codes, args.work)
    path = peers.ggufs(checkpoint, [args.type], args.work)[args.type]
    runs = {f"llama.cpp {cache}": [] for cache in args.caches} | {f"hlwq {kv}": [] for kv in args.kv}
    for _ in range(args.rounds):
        for cache in args.caches:
            runs[f"llama.cpp {cache}"].append(time_llama(args, path, cache))
        for kv in args.kv:
            runs[f"hlwq {kv}"].append(time_hlwq(args, folder, kv))
    median = lambda name, depth, key: statistics.median(run[depth][key] for run in runs[name])
    base = f"llama.cpp {args.caches[0]}"
    print(f"{checkpoint.name}: {args.rounds} rounds, {args.threads} threads, {args.type} beside {args.codes}; tokens/s\n")
    heads = [f"{key} after {depth:,}" for depth in args.depths for key in ("prefill", "decode")]
    print(f"| keys and values | {' | '.join(heads)} |")
    print("|---" * (len(heads) + 1) + "|")
    for name in runs:
        cells = [f"{median(name, depth, key):.1f} ({median(name, depth, key) / median(base, depth, key):.2f})"
                 for depth in args.depths for key in ("prefill", "decode")]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
