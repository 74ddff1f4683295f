#!/usr/bin/env python3
"""What `hlwq quantize --codec hlwq-t --effort` trades: signal to noise, and BF16 bytes a second, file to file.

usage: measure_effort.py FILE.safetensors [--bits 2,3,4,5,6] [--efforts fast,default,best] [--rounds 3]
                         [--threads N] [--figures docs/quality.json] [--hlwq BINARY] [--venv FOLDER]
                         [--work FOLDER]

SNR: the median over the matrices of FILE. Speed: a checkpoint of random weights, 373 MB, from page cache to disk;
the efforts take turns, the best round counts. Speeds hold for one machine, so everything is measured anew.
"""
from __future__ import annotations

import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "interop"), str(HERE.parents[1] / "scripts")]
import environment  # noqa: E402


def synthetic(args) -> pathlib.Path:
    import bench_files

    folder, shape = args.work / "synthetic", args.work / "synthetic.json"
    if not folder.exists():
        shape.write_text(json.dumps(bench_files.CONFIG | {"num_hidden_layers": 3}))
        environment.run(args.hlwq, "synth", shape, folder, "--quiet")
    return folder


def snr(args, options: tuple[str, ...]) -> float:
    from figures import WeightError
    from formats import Format
    from round_trip import round_trip

    error = WeightError()
    for matrix in round_trip(Format("effort", "", "", hlwq_options=options), args.hlwq, args.file, args.work):
        error.add(matrix)
    return error.summary()["snr_db"]["median"]


def gigabytes_per_second(args, source: pathlib.Path, options: tuple[str, ...]) -> float:
    target = args.work / "timed"
    threads = ["--threads", args.threads] if args.threads else []
    report = json.loads(environment.run(args.hlwq, "quantize", source, target, "--recipe", "published", "--overwrite",
                                        "--json", "--quiet", *threads, *options))
    return report["source_bytes"] / report["seconds"] / 1e9


def measure(args) -> None:
    from figures import Figures

    store, source = Figures(args.figures), synthetic(args)
    for bits in args.bits:
        options = {effort: ("--codec", "hlwq-t", "--bits", bits, "--effort", effort) for effort in args.efforts}
        speeds = {effort: [] for effort in args.efforts}
        for _ in range(args.rounds):
            for effort in args.efforts:
                speeds[effort].append(gigabytes_per_second(args, source, options[effort]))
        for effort in args.efforts:
            entry = {"snr_db": snr(args, options[effort]), "gigabytes_per_second": max(speeds[effort])}
            store.put("effort", f"{bits} {effort}", entry)
            print(f"{bits} bits, {effort}: {entry['snr_db']:.2f} dB, {entry['gigabytes_per_second']:.2f} GB/s", flush=True)
    shutil.rmtree(args.work / "timed")


def words(text: str) -> list[str]:
    return text.split(",")


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--bits", type=words, default=words("2,3,4,5,6"))
    parser.add_argument("--efforts", type=words, default=words("fast,default,best"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--figures", type=pathlib.Path, default=environment.ROOT / "docs/quality.json")
    parser.add_argument("--work", type=pathlib.Path, default=environment.ROOT / "build/quality/effort")
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE / "requirements.txt")])
    args.work.mkdir(parents=True, exist_ok=True)
    measure(args)


if __name__ == "__main__":
    main()
