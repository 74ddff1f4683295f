#!/usr/bin/env python3
"""Decode of several sequences at once, hlwq's beside llama.cpp's, in interleaved rounds on one machine.

usage: compare_batches.py [--hlwq BINARY] [--work FOLDER] [--avx2] [--types Q5_K_S,Q4_K_S,Q4_0]
                          [--codes hlwq-t:5,hlwq-t:4] [--threads 2] [--batch 1,2,4,8,16] [--rounds 3]

On the files of compare_llama_cpp.py, a 1.1 B Llama shape with random weights. Prints a table of medians, tokens/s of
all sequences together.
"""
from __future__ import annotations

import json
import statistics

import compare_llama_cpp as peers
import environment


def time_hlwq(hlwq, folder, threads, batch):
    report = json.loads(environment.run(hlwq, "bench", folder, "-t", threads, "--batch", ",".join(map(str, batch)),
                                        "--repetitions", 1, "--json", "--quiet"))
    return {run["sequences"]: run["decode_tokens_per_second"]["median"] for run in report["threads"][0]["batches"]}


def time_llama(path, threads, batch):
    found = peers.run_llama("llama_batch.py", path, threads, 24, *batch)
    return {int(number): speed for number, speed in found.items()}


def main() -> None:
    parser = peers.arguments(__doc__)
    parser.add_argument("--types", type=lambda text: text.split(","), default=["Q5_K_S", "Q4_K_S", "Q4_0"])
    parser.add_argument("--codes", type=lambda text: text.split(","), default=["hlwq-t:5", "hlwq-t:4"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=peers.numbers, default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    peers.enter(args)
    checkpoint = peers.synthetic(args.hlwq, args.work)
    folders = {codes: peers.quantized(args.hlwq, checkpoint, codes, args.work) for codes in args.codes}
    files = peers.ggufs(checkpoint, args.types, args.work)
    runs = {name: [] for name in [*folders, *files]}
    for _ in range(args.rounds):
        for codes, folder in folders.items():
            runs[codes].append(time_hlwq(args.hlwq, folder, args.threads, args.batch))
        for name, path in files.items():
            runs[name].append(time_llama(path, args.threads, args.batch))
    print(f"{checkpoint.name}: {args.rounds} rounds, {args.threads} threads, tokens/s of all sequences together\n")
    print("| engine | " + " | ".join(map(str, args.batch)) + f" | {args.batch[-1]} to {args.batch[0]} |")
    print("|---" * (len(args.batch) + 2) + "|")
    for name, results in runs.items():
        medians = [statistics.median(run[number] for run in results) for number in args.batch]
        cells = [f"{median:.1f}" for median in medians] + [f"{medians[-1] / medians[0]:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
