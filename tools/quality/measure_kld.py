#!/usr/bin/env python3
"""KL divergence of a model whose linear matrices went through each format, by one float32 runtime.

usage: measure_kld.py MODEL_DIR TEXT [--formats GLOB,...] [--again GLOB,...] [--max-tokens 20000]
                      [--window 2048] [--stride 1024] [--from-codes KEY,...] [--figures docs/quality.json]
                      [--hlwq BINARY] [--venv FOLDER] [--work FOLDER]

For every format a checkpoint is written in which the linear matrices hold the decoded values as float32 and
everything else what MODEL_DIR holds; `hlwq kld` compares it with MODEL_DIR. So all formats meet the same
arithmetic. What the file of figures has under the same conditions is not measured again, unless --again asks.
The hlwq formats of --from-codes are also run directly from their codes, as `hlwq generate` does.
"""
from __future__ import annotations

import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
import environment  # noqa: E402


def write_checkpoint(model: pathlib.Path, matrices, target: pathlib.Path) -> dict:
    """MODEL with `matrices` in the place of its own, all in float32. Returns the error of the weights."""
    import safetensors.numpy
    from figures import WeightError
    from float_tensors import tensors

    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in model.glob("*.json"):
        shutil.copy(path, target)
    weights = dict(tensors(model / "model.safetensors"))
    error = WeightError()
    for matrix in matrices:
        error.add(matrix)
        weights[matrix.name] = matrix.decoded
    safetensors.numpy.save_file(weights, target / "model.safetensors")
    return error.summary()


def kld(args, folder: pathlib.Path) -> dict:
    report = json.loads(environment.run(
        args.hlwq, "kld", folder, "--reference", args.model, "--file", args.text, "--window", args.window,
        "--stride", args.stride, "--max-tokens", args.max_tokens, "--json", "--quiet"))
    keep = ("kl", "perplexity", "perplexity_ratio", "reference_perplexity", "same_top", "scored_tokens")
    return {name: report[name]["mean"] if name == "kl" else report[name] for name in keep}


def measure(args) -> None:
    import formats
    from figures import Figures
    from round_trip import quantize, round_trip

    store = Figures(args.figures)
    conditions = {"model": args.model.name, "text": args.text.name, "tokens": args.max_tokens,
                  "window": args.window, "stride": args.stride}
    again = formats.chosen(args.again, "kld")
    for entry in formats.chosen(args.formats, "kld"):
        if entry in again or store.lacks("kld", entry.key, conditions):
            checkpoint = args.work / "checkpoint"
            error = write_checkpoint(args.model, round_trip(entry, args.hlwq, args.model, args.work), checkpoint)
            store.put("kld", entry.key, conditions | error | kld(args, checkpoint))
            shutil.rmtree(checkpoint)
        if entry.key in args.from_codes and (entry in again or
                                             store.lacks("kld from codes", entry.key, conditions)):
            quantize(entry, args.hlwq, args.model, args.work / "coded")
            store.put("kld from codes", entry.key, conditions | kld(args, args.work / "coded"))
            shutil.rmtree(args.work / "coded")
        print(f"{entry.name}: {store.read()['kld'][entry.key]['kl']['value']:.4f} nats", flush=True)


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--formats", type=lambda text: text.split(","), default=["*"])
    parser.add_argument("--again", type=lambda text: text.split(","), default=[])
    parser.add_argument("--max-tokens", type=int, default=20000)
    parser.add_argument("--window", type=int, default=2048)
    parser.add_argument("--stride", type=int, default=1024)
    parser.add_argument("--from-codes", type=lambda text: text.split(","), default=["hlwq-5", "hlwq-t-5"])
    parser.add_argument("--figures", type=pathlib.Path, default=environment.ROOT / "docs/quality.json")
    parser.add_argument("--work", type=pathlib.Path, default=environment.ROOT / "build/quality/kld")
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE / "requirements.txt")])
    args.work.mkdir(parents=True, exist_ok=True)
    measure(args)


if __name__ == "__main__":
    main()
