#!/usr/bin/env python3
"""Long answers of one model with differently kept keys and values: do coded ones make it ramble?

usage: kv_generation.py --hlwq PROGRAM --model DIR --out FILE.json [--tokens 1000] [--kv f16,k4v4]
                        [--temperatures 1,0.8,0] [--threads N]

`hlwq generate` goes on from each prompt for N tokens, at a fixed seed, never ending before. Of each text: the share
of its 4-grams of tokens that were there before, distinct n-grams, the negative log-likelihood of a token under the
same model with float keys and values (`hlwq perplexity`, prompt and text), and the first token that differs from
f16. From temperature 1 on tokens are drawn as the model says, with no filters. Writes the JSON after every text, so
that an interrupted run goes on, and prints means over prompts.
"""
import argparse
import json
import math
import pathlib
import subprocess
import tempfile

PROMPTS = {
    "story": "The lighthouse keeper's daughter had counted ships for eleven years before one of them came for her. "
             "It was a grey morning in November, and",
    "article": "The history of the bicycle begins in the early nineteenth century. The first machines had two wheels "
               "in line, a beam and no pedals.",
    "letter": "Dear Ms Alvarez,\n\nThank you for your letter of 3 March about the trees along the school road. "
              "I have read it with care, and I would like to explain what the council has decided and why.\n\n",
    "code": "# A small library of functions for lists of numbers in Python.\n\ndef mean(values):\n"
            "    return sum(values) / len(values)\n\n\ndef median(values):\n",
    "lesson": "Question: Why is the sky blue, and why is it red in the evening? Explain it to a child of ten, then "
              "to a student of physics.\n\nAnswer:",
}
SEED = 20
UNFILTERED = ["--top-k", "0", "--top-p", "1", "--min-p", "0"]


def program(args, *words):
    command = [args.hlwq, *words, "--json", "--quiet", "--threads", str(args.threads)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def grams(ids, n):
    return [tuple(ids[at:at + n]) for at in range(len(ids) - n + 1)]


def measure(args, kv, prompt, temperature):
    with tempfile.TemporaryDirectory() as folder:
        made = program(args, "generate", args.model, "--prompt", prompt, "--max-tokens", str(args.tokens),
                       "--ignore-eos", "--seed", str(SEED), "--temperature", temperature, "--kv", kv,
                       *(UNFILTERED if float(temperature) >= 1 else []))
        answer = made["answers"][0]
        text = pathlib.Path(folder) / "text.txt"
        text.write_text(prompt + answer["text"])
        read = program(args, "perplexity", args.model, "--file", str(text), "--window", "4096", "--stride", "4096",
                       "--kv", "f32")
    ids = answer["ids"]
    found = {f"distinct_{n}": len(set(grams(ids, n))) / len(grams(ids, n)) for n in (2, 3, 4)}
    return {"ids": ids, "nll": math.log(read["perplexity"]["value"]),
            "repeated_4": 1 - found["distinct_4"], **found}


def first_difference(ids, others):
    return next((at for at, (a, b) in enumerate(zip(ids, others)) if a != b), len(ids))


def table(results, formats):
    for temperature, kinds in results.items():
        print(f"\ntemperature {temperature}\n\n| | repeated 4-grams | distinct-2 | distinct-3 | NLL a token "
              "| first token that differs |\n|---|---:|---:|---:|---:|---|")
        for kv in formats:
            rows = [texts[kv] for texts in kinds.values() if kv in texts]
            if not rows:
                continue
            mean = {key: sum(row[key] for row in rows) / len(rows)
                    for key in ("repeated_4", "distinct_2", "distinct_3", "nll")}
            differs = [first_difference(texts[kv]["ids"], texts["f16"]["ids"]) for texts in kinds.values()
                       if kv in texts]
            spread = (sum((row["nll"] - mean["nll"]) ** 2 for row in rows) / max(len(rows) - 1, 1)
                      / len(rows)) ** 0.5
            print(f"| {kv} | {100 * mean['repeated_4']:.1f} % | {mean['distinct_2']:.3f} | {mean['distinct_3']:.3f} "
                  f"| {mean['nll']:.3f} ± {spread:.3f} | "
                  f"{'–' if kv == 'f16' else ', '.join(map(str, sorted(differs)))} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hlwq", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--kv", default="f16,k8v8,k8v4,k4v4,k3v3,k2v2")
    parser.add_argument("--temperatures", default="1,0.8,0")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    out = pathlib.Path(args.out)
    results = json.loads(out.read_text()) if out.exists() else {}
    formats = args.kv.split(",")
    for temperature in args.temperatures.split(","):
        for kv in formats:
            for kind, prompt in PROMPTS.items():
                done = results.setdefault(temperature, {}).setdefault(kind, {})
                if kv not in done:
                    done[kv] = measure(args, kv, prompt, temperature)
                    out.write_text(json.dumps(results) + "\n")
    table(results, formats)


if __name__ == "__main__":
    main()
