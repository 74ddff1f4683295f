"""What ways to code keys and values lose, simulated: KL divergence against the same model with exact ones.

usage: python3 tools/bench/kv_study --model DIR --text FILE --calibration FILE --out FILE.json
                                    [--sets program,bias | --schemes "k4v4,k4v4 k:mean=tile"] [--windows 4]
                                    [--length 2048] [--threads 1]

DIR is a Llama with its weights in one file. Windows are the first ones of the text, as of `hlwq kld`. A query sees
exact keys and values of the first page and of its own, and coded ones of the pages between. The JSON is written
after every figure, so that an interrupted run goes on, and more windows can be added. schemes.py has the sets.
Two processes of one thread, with a JSON each, are faster than one of two. Needs torch, tokenizers and safetensors.
"""
import argparse
import json
import math
import pathlib
import time

import tokenizers
import torch

import schemes
import variants
from model import Model


def compare(model, reference, hidden, targets):
    """Sums over tokens. reference: log-probabilities [tokens, vocabulary]."""
    found = {"tokens": 0, "kl": 0.0, "kl_squares": 0.0, "nll": 0.0, "same_top": 0}
    for at in range(0, len(hidden), 256):
        exact = reference[at:at + 256]
        log = torch.log_softmax(model.head(hidden[at:at + 256]), -1)
        kl = (exact.exp() * (exact - log)).sum(-1).double()
        found["tokens"] += len(kl)
        found["kl"] += kl.sum().item()
        found["kl_squares"] += kl.square().sum().item()
        found["same_top"] += (exact.argmax(-1) == log.argmax(-1)).sum().item()
        own = targets[at:at + 256]
        found["nll"] -= log[:len(own)].gather(1, own[:, None]).sum().item()
    return found


def run(args, plan):
    tokenizer = tokenizers.Tokenizer.from_file(str(pathlib.Path(args.model) / "tokenizer.json"))

    def ids(path, count):
        return torch.tensor(tokenizer.encode(pathlib.Path(path).read_text()[:count * 8]).ids[:count])

    out = pathlib.Path(args.out)
    results = json.loads(out.read_text()) if out.exists() else {}
    text = ids(args.text, args.windows * args.length)
    model = Model(args.model)
    calibration = ids(args.calibration, 2048)
    own_statistics = variants.statistics(model, calibration)
    source = f"{pathlib.Path(args.text).name} {args.length}"
    for variant, names in plan:
        model.change = variants.change_of(model, variant, own_statistics)
        static = variants.statistics(model, calibration) if model.change else own_statistics
        for window in range(args.windows):
            tokens = text[window * args.length:(window + 1) * args.length]
            done = results.setdefault(source, {}).setdefault(variant, {})
            wanted = [name for name in names if str(window) not in done.get(name, {})]
            if not wanted:
                continue
            reference = torch.log_softmax(model.head(model.hidden(tokens)), -1)
            nll = -reference[:-1].gather(1, tokens[1:, None]).sum().item()
            done.setdefault("exact", {})[str(window)] = {"tokens": len(tokens), "nll": nll}
            for name in wanted:
                since = time.time()
                hidden = model.hidden(tokens, schemes.parse(name), static)
                found = compare(model, reference, hidden, tokens[1:])
                done.setdefault(name, {})[str(window)] = found
                out.write_text(json.dumps(results, indent=1) + "\n")
                print(f"{source} {variant} {name} [{window}]: KL {found['kl'] / found['tokens']:.5f}, perplexity "
                      f"{math.exp(found['nll'] / (found['tokens'] - 1)):.2f}, {time.time() - since:.1f} s",
                      flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--sets", default=",".join(schemes.SETS))
    parser.add_argument("--schemes", help="these schemes of the unchanged model instead of sets, by comma")
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    plan = [entry for name in args.sets.split(",") for entry in schemes.SETS[name]]
    if args.schemes:
        plan = [("own", args.schemes.split(","))]
    torch.set_num_threads(args.threads)
    with torch.inference_mode():
        run(args, plan)


if __name__ == "__main__":
    main()
