#!/usr/bin/env python3
"""KL divergence of formats that saw a text before they coded, all the same one: hlwq, ggml with an importance matrix, GPTQ and
AutoRound of llm-compressor.

usage: measure_calibrated.py MODEL_DIR TEXT... --ids IDS.json [--formats GLOB,...] [--max-tokens 10230] [--window 1024]
                             [--figures docs/quality.json] [--hlwq BINARY] [--venv FOLDER] [--work FOLDER]

IDS.json: the hlwq_calibration.json of some `hlwq quantize --calibrate self`. Linear matrices only; embedding and head stay
as they are. Every result is decoded to float32 and `hlwq kld` compares it with MODEL_DIR, so that all meet the same arithmetic.
"""
from __future__ import annotations

import dataclasses
import fnmatch
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "interop"), str(HERE.parent)]
import environment  # noqa: E402

HLWQ, EXPORT, GGML, PEER = "hlwq", "export", "ggml", "peer"


@dataclasses.dataclass(frozen=True)
class Entry:
    key: str
    name: str
    made_by: str
    options: tuple[str, ...] = ()
    broken_rows: str = ""  # as formats.Format
    calibrated: bool = True


def _entries() -> list[Entry]:
    found = []
    for calibrated in (True, False):
        mark, word = ("", ", calibrated") if calibrated else ("plain-", "")
        found += [Entry(f"{mark}hlwq-t-{bits}", f"hlwq-t, {bits} bits{word}", HLWQ, ("--codec", "hlwq-t", "--bits", str(bits)),
                        calibrated=calibrated) for bits in (3, 4, 5)]
        found.append(Entry(f"{mark}hlwq-4", f"hlwq, 4 bits{word}", HLWQ, ("--codec", "hlwq", "--bits", "4"),
                           calibrated=calibrated))
        found += [Entry(f"{mark}int4{key}", f"INT4 by hlwq{what}{word}", EXPORT, options, calibrated=calibrated)
                  for key, what, options in (("", "", ()), ("-folded", ", rotated", ("--rotation", "folded")))]
        word = ", importance matrix" if calibrated else ""
        found += [Entry(f"{mark}{kind}-{rows}", f"{kind}{', running on' if rows == 'run-on' else '*'}{word}", GGML, (kind,),
                        rows, calibrated)
                  for kind in ("Q4_K", "Q5_K", "IQ4_XS") for rows in ("fallback", "run-on")]
    return found + [Entry(f"peer-{method}", f"INT4, {name} of llm-compressor", PEER, (method,))
                    for method, name in (("gptq", "GPTQ"), ("autoround", "AutoRound"))]


class Maker:
    """Makes a float32 checkpoint of an entry; says how many bits a weight of the linear matrices took."""

    def __init__(self, args):
        self.args, self.importance = args, None

    def decoded(self, entry: Entry, target: pathlib.Path) -> float:
        args, coded = self.args, self.args.work / "coded"
        if entry.made_by == GGML:
            return self._through_ggml(entry, target)
        shutil.rmtree(coded, ignore_errors=True)
        calibrate = ("--calibrate", args.ids) if entry.calibrated else ()
        if entry.made_by == HLWQ:
            environment.run(args.hlwq, "quantize", args.model, coded, "--recipe", "published", "--include", "*", "--exclude",
                            "*embed*", "--quiet", *entry.options, *calibrate)
        elif entry.made_by == EXPORT:
            environment.run(args.hlwq, "export", args.model, coded, "--to", "compressed-tensors", "--bits", "4",
                            "--group-size", "64", "--quiet", *entry.options, *calibrate)
        else:
            self._script("llm_compressor.py", args.model, args.ids, coded, *entry.options)
        environment.run(args.hlwq, "dequantize", coded, target, "--dtype", "f32", "--overwrite", "--quiet")
        bits = self._stored_bits(coded, 2 if entry.made_by == PEER else 4)
        shutil.rmtree(coded)
        return bits

    def _script(self, name: str, *arguments) -> None:
        subprocess.run(["python3", HERE / name, *map(str, arguments)], check=True, stdout=sys.stderr)

    def _stored_bits(self, folder: pathlib.Path, float_bytes: int) -> float:
        """By the bytes of all tensors that belong to a linear matrix, a float32 counted as `float_bytes`: llm-compressor
        gives scales the type of the model, which has 16 bits with those who use it."""
        from round_trip import coded_matrices

        weights = {name.removesuffix(".weight"): values.size for name, values in coded_matrices(self.args.model)}
        stored = 0
        for path in folder.glob("*.safetensors"):
            with open(path, "rb") as file:
                header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
            for name, tensor in header.items():
                if name != "__metadata__" and any(name.startswith(f"{stem}.") for stem in weights):
                    begin, end = tensor["data_offsets"]
                    stored += (end - begin) * (float_bytes if tensor["dtype"] == "F32" else 4) // 4
        return 8 * stored / sum(weights.values())

    def _through_ggml(self, entry: Entry, target: pathlib.Path) -> float:
        import ggml_blocks
        import numpy as np
        from checkpoint_files import write_checkpoint
        from round_trip import coded_matrices

        if entry.calibrated and self.importance is None:
            path = self.args.work / "importance.npz"
            self._script("importance.py", self.args.model, self.args.ids, path)
            self.importance = dict(np.load(path))
        sizes = []

        def matrices():
            for name, weights in coded_matrices(self.args.model):
                importance = self.importance[name] if entry.calibrated else None
                decoded, stored, _ = ggml_blocks.matrix_round_trip(entry.options[0], weights, entry.broken_rows, importance)
                sizes.append((stored, weights.size))
                yield name, decoded

        write_checkpoint(self.args.model, matrices(), target)
        return 8 * sum(stored for stored, _ in sizes) / sum(size for _, size in sizes)


def measure(args) -> None:
    from figures import Figures
    from measure_kld import kld

    store, section, maker = Figures(args.figures), f"calibrated {args.model.name}", Maker(args)
    conditions = {"tokens": args.max_tokens, "window": args.window, "stride": args.stride}
    checkpoint = args.work / "checkpoint"
    for entry in _entries():
        if not any(fnmatch.fnmatchcase(entry.key, pattern) for pattern in args.formats):
            continue
        missing = [text for text in args.texts if store.lacks(section, f"{entry.key} {text.name}", conditions)]
        if missing:
            bits = maker.decoded(entry, checkpoint)
            for args.text in missing:
                store.put(section, f"{entry.key} {args.text.name}",
                          conditions | {"name": entry.name, "bits_per_weight": bits, "kl": kld(args, checkpoint)["kl"]})
            shutil.rmtree(checkpoint)
        figures = [store.read()[section][f"{entry.key} {text.name}"] for text in args.texts]
        print(f"{entry.name}: {figures[0]['bits_per_weight']:.3f} bits, nats: " +
              ", ".join(f"{each['kl']['value']:.4f}" for each in figures), flush=True)


def main() -> None:
    parser = environment.parser(__doc__, "quality")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("texts", type=pathlib.Path, nargs="+")
    parser.add_argument("--ids", type=pathlib.Path, required=True)
    parser.add_argument("--formats", type=lambda text: text.split(","), default=["*"])
    parser.add_argument("--max-tokens", type=int, default=10230)
    parser.add_argument("--window", type=int, default=1024)
    parser.add_argument("--stride", type=int, default=1024)
    parser.add_argument("--figures", type=pathlib.Path, default=environment.ROOT / "docs/quality.json")
    parser.add_argument("--work", type=pathlib.Path, default=environment.ROOT / "build/quality/calibrated")
    args = parser.parse_args()
    environment.enter(args.venv, ["-r", str(HERE.parent / "requirements.txt")])
    args.work.mkdir(parents=True, exist_ok=True)
    measure(args)


if __name__ == "__main__":
    main()
