#!/usr/bin/env python3
"""What coded keys and values lose: `hlwq kld` of one model with two caches, for every pair of bits.

usage: kv_quality.py --hlwq PROGRAM --model DIR --text FILE --out FILE.json [--svg FILE.svg]
                     [--windows 2048,8192] [--tokens N] [--pairs k8v4,k4v4]

For each window the first N tokens of the text (default 8192) are read in windows of that length that do not
overlap. Writes the JSON after every pair, so that an interrupted run goes on where it was, and another text can
add another window; draws one heat map for each window whose pairs are all there.
"""
import argparse
import json
import math
import pathlib
import subprocess

BITS = [16, 8, 4, 3, 2]


def measure(args, keys, values, window):
    name = f"k{keys}v{values}" if (keys, values) != (16, 16) else "f16"
    command = [args.hlwq, "kld", args.model, "--file", args.text, "--kv", name, "--reference-kv", "f32",
               "--window", str(window), "--stride", str(window), "--max-tokens", str(args.tokens),
               "--json", "--quiet"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    kl = found["kl"]
    return {"kl": kl["mean"]["value"], "error": kl["mean"]["standard_error"], "p99": kl["p99"]["value"],
            "same_top": found["same_top"]["value"], "perplexity": found["perplexity"]["value"]}


def color(value, low, high):
    at = (math.log(max(value, low)) - math.log(low)) / (math.log(high) - math.log(low))
    at = min(max(at, 0), 1)
    near, far = (236, 244, 240), (196, 69, 54)
    return "#%02x%02x%02x" % tuple(round(a + (b - a) * at) for a, b in zip(near, far))


def draw(results, windows, path):
    cell, left, top, gap = 92, 70, 64, 60
    width = len(windows) * (len(BITS) * cell + left + gap)
    height = top + len(BITS) * 44 + 30
    known = [entry["kl"] for window in windows for entry in results[str(window)].values()]
    low, high = max(min(known), 1e-6), max(known)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="13">',
             f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    for number, window in enumerate(windows):
        x0 = number * (len(BITS) * cell + left + gap) + left
        parts.append(f'<text x="{x0}" y="20" font-weight="bold">KL divergence, windows of {window} '
                     'tokens</text>')
        for column, values in enumerate(BITS):
            parts.append(f'<text x="{x0 + column * cell + cell / 2}" y="{top - 10}" '
                         f'text-anchor="middle">values {values}</text>')
        for row, keys in enumerate(BITS):
            y = top + row * 44
            parts.append(f'<text x="{x0 - 8}" y="{y + 27}" text-anchor="end">keys {keys}</text>')
            for column, values in enumerate(BITS):
                kl = results[str(window)][f"k{keys}v{values}"]["kl"]
                x = x0 + column * cell
                parts.append(f'<rect x="{x + 1}" y="{y + 1}" width="{cell - 2}" height="42" rx="4" '
                             f'fill="{color(kl, low, high)}"/>')
                parts.append(f'<text x="{x + cell / 2}" y="{y + 27}" text-anchor="middle">{kl:.2g}</text>')
    parts.append("</svg>\n")
    pathlib.Path(path).write_text("\n".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hlwq", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--svg")
    parser.add_argument("--windows", default="2048,8192")
    parser.add_argument("--tokens", type=int, default=8192)
    parser.add_argument("--pairs", help="only these; all when not given")
    args = parser.parse_args()
    windows = [int(window) for window in args.windows.split(",")]
    out = pathlib.Path(args.out)
    results = json.loads(out.read_text()) if out.exists() else {}
    for window in windows:
        done = results.setdefault(str(window), {})
        for keys in BITS:
            for values in BITS:
                name = f"k{keys}v{values}"
                if name not in done and (not args.pairs or name in args.pairs.split(",")):
                    done[name] = measure(args, keys, values, window)
                    out.write_text(json.dumps(results, indent=1) + "\n")
                    print(window, name, done[name], flush=True)
    if args.svg:
        whole = [int(window) for window, found in results.items() if len(found) == len(BITS) ** 2]
        draw(results, sorted(whole), args.svg)


if __name__ == "__main__":
    main()
