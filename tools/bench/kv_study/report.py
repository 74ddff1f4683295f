#!/usr/bin/env python3
"""The results of a study as tables: python3 tools/bench/kv_study/report.py docs/kv-study.json [--dims 64]

KL divergence with its standard error over tokens, its ratio to that of the same bits without words on the same
windows, how often the likeliest token is the same, and perplexity beside that of the exact cache.
"""
import argparse
import json
import math
import pathlib

import schemes


def sums(windows, chosen):
    return {key: sum(windows[w][key] for w in chosen) for key in next(iter(windows.values()))}


def row(name, found, dims):
    windows = sorted(found[name])
    total = sums(found[name], windows)
    n = total["tokens"]
    kl = total["kl"] / n
    error = math.sqrt(max(total["kl_squares"] / n - kl * kl, 0) / n)
    exact = sums(found["exact"], windows)
    perplexities = [math.exp(x["nll"] / (n - len(windows))) for x in (total, exact)]
    base = name.split()[0]
    shared = [w for w in windows if w in found.get(base, {})]
    ratio = "–"
    if shared and base != name:
        ratio = f"{sums(found[name], shared)['kl'] / sums(found[base], shared)['kl']:.2f}"
    cells = [name, f"{schemes.parse(name).all_bits(dims):.2f}", f"{kl:.5f} ± {error:.5f}", ratio,
             f"{100 * total['same_top'] / n:.1f} %", f"{perplexities[0]:.2f} ({perplexities[1]:.2f})",
             str(len(windows))]
    return f"| {' | '.join(cells)} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results")
    parser.add_argument("--dims", type=int, default=64)
    args = parser.parse_args()
    for source, variants in json.loads(pathlib.Path(args.results).read_text()).items():
        for variant, found in variants.items():
            print(f"\n{source}, {variant}\n\n| | bits | KL | of its base | same first token | perplexity (exact) "
                  "| windows |\n|---|---:|---:|---:|---:|---:|---:|")
            for name in sorted((n for n in found if n != "exact"), key=lambda n: (n.split()[0], len(n), n)):
                print(row(name, found, args.dims))


if __name__ == "__main__":
    main()
