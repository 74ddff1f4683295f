"""How a file of weights goes through a format and comes back."""
from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
from collections.abc import Iterator

import environment
import ggml_blocks
import numpy as np
from float_tensors import tensors
from formats import Format

LARGEST_DIFFERENCE_DB = 1e-4  # between the error found here and that of `hlwq compare`


@dataclasses.dataclass(frozen=True)
class Matrix:
    """One weight matrix, what came back of it, and the bytes it took in between."""
    name: str
    source: np.ndarray
    decoded: np.ndarray
    stored_bytes: int
    stored_as: str

    def energies(self) -> tuple[float, float]:
        """Of the weights and of the error, in float64."""
        source = self.source.astype(np.float64)
        return float(np.sum(source ** 2)), float(np.sum((source - self.decoded) ** 2))


def snr_db(signal: float, noise: float) -> float:
    return float(10 * np.log10(signal / noise))


def coded_matrices(source: pathlib.Path) -> Iterator[tuple[str, np.ndarray]]:
    """The linear matrices of a checkpoint or a file; embeddings and what has one axis stay as they are."""
    path = source / "model.safetensors" if source.is_dir() else source
    for name, weights in tensors(path):
        if weights.ndim == 2 and "embed" not in name:
            yield name, weights


def quantize(entry: Format, hlwq: pathlib.Path, source: pathlib.Path, target: pathlib.Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    environment.run(hlwq, "quantize", source, target, "--recipe", "published", "--include", "*", "--exclude", "*embed*",
                    "--quiet", *entry.hlwq_options)


def _through_hlwq(entry: Format, hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path) -> Iterator[Matrix]:
    """Yields what `hlwq dequantize --dtype f32` gives. `hlwq compare` says the bytes, and must find the same
    errors."""
    coded, decoded = work / "coded", work / "decoded"
    quantize(entry, hlwq, source, coded)
    environment.run(hlwq, "dequantize", coded, decoded, "--dtype", "f32", "--overwrite", "--quiet")
    report = json.loads(environment.run(hlwq, "compare", source, coded, "--json", "--quiet"))
    compared = {line["name"]: line for line in report["tensors"] if line["bits"]}
    values = dict(tensors(decoded / "model.safetensors"))
    for name, weights in coded_matrices(source):
        line = compared.pop(name)
        matrix = Matrix(name, weights, values[name], line["second_bytes"], entry.key)
        found = snr_db(*matrix.energies())
        if abs(found - line["snr_db"]) > LARGEST_DIFFERENCE_DB:
            raise RuntimeError(f"{name}: {found} dB found, hlwq compare says {line['snr_db']}")
        yield matrix
    if compared:
        raise RuntimeError(f"coded without being asked: {', '.join(compared)}")
    shutil.rmtree(decoded)
    shutil.rmtree(coded)


def _through_ggml(entry: Format, source: pathlib.Path) -> Iterator[Matrix]:
    for name, weights in coded_matrices(source):
        coded = ggml_blocks.matrix_round_trip(entry.ggml_type, weights, entry.broken_rows)
        if coded is not None:
            yield Matrix(name, weights, *coded)


def round_trip(entry: Format, hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path) -> Iterator[Matrix]:
    """Every coded matrix of `source`; the caller may keep one at a time."""
    return _through_ggml(entry, source) if entry.ggml_type else _through_hlwq(entry, hlwq, source, work)
