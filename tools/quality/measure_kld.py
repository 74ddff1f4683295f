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


def kld(args, folder: pathlib.Path) -> dict:
    report = json.loads(environment.run(
        args.hlwq, "kld", folder, "--reference", args.model, "--file", args.text, "--window", args.window,
        "--stride", args.stride, "--max-tokens", args.max_tokens, "--json", "--quiet"))
    keep = ("kl", "perplexity", "perplexity_ratio", "reference_perplexity", "same_top", "scored_tokens")
    return {name: report[name]["mean"] if name == "kl" else report[name] for name in keep}


def measure(args) -> None:
    import formats
    from checkpoint_files import write_checkpoint
    from figures import Figures, WeightError
    from round_trip import quantize, round_trip

    store, section = Figures(args.figures), f"kld {args.model.name}"
    conditions = {"text": args.text.name, "tokens": args.max_tokens, "window": args.window, "stride": args.stride}
    again = formats.chosen(args.again, "kld")
    for entry in formats.chosen(args.formats, "kld"):
        if entry in again or store.lacks(section, entry.key, conditions):
            checkpoint, error = args.work / "checkpoint", WeightError()

            def decoded():
                for matrix in round_trip(entry, args.hlwq, args.model, args.work):
                    error.add(matrix)
                    yield matrix.name, matrix.decoded

            write_checkpoint(args.model, decoded(), checkpoint)
            store.put(section, entry.key, conditions | error.summary() | kld(args, checkpoint))
            shutil.rmtree(checkpoint)
        if entry.key in args.from_codes and (entry in again or
                                             store.lacks(f"{section} from codes", entry.key, conditions)):
            quantize(entry, args.hlwq, args.model, args.work / "coded")
            store.put(f"{section} from codes", entry.key, conditions | kld(args, args.work / "coded"))
            shutil.rmtree(args.work / "coded")
        print(f"{entry.name}: {store.read()[section][entry.key]['kl']['value']:.4f} nats", flush=True)


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
