"""The file of figures: what has been measured, so that a run does only what is missing."""
from __future__ import annotations

import json
import os
import pathlib
import statistics

from round_trip import Matrix, snr_db


class Figures:
    """{section: {format key: figures}}. Every put is on the disk at once."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def read(self) -> dict:
        return json.loads(self.path.read_text()) if self.path.exists() else {}

    def lacks(self, section: str, key: str, conditions: dict) -> bool:
        """Whether there is nothing that was measured under these conditions."""
        entry = self.read().get(section, {}).get(key)
        return entry is None or any(entry.get(name) != value for name, value in conditions.items())

    def put(self, section: str, key: str, entry: dict) -> None:
        everything = self.read()
        everything.setdefault(section, {})[key] = entry
        staged = self.path.with_suffix(".new")
        staged.write_text(json.dumps(everything, indent=1, sort_keys=True) + "\n")
        os.replace(staged, self.path)


class WeightError:
    """The error of many matrices, gathered one by one."""

    def __init__(self):
        self._energies, self._weights, self._bytes, self._stored = [], 0, 0, {}

    def add(self, matrix: Matrix) -> None:
        self._energies.append(matrix.energies())
        self._weights += matrix.source.size
        self._bytes += matrix.stored_bytes
        self._stored[matrix.stored_as] = self._stored.get(matrix.stored_as, 0) + matrix.source.size

    def summary(self) -> dict | None:
        """None without matrices. `stored_as`: the share of weights by what they were stored as."""
        if not self._energies:
            return None
        each = [snr_db(*pair) for pair in self._energies]
        signal, noise = map(sum, zip(*self._energies))
        return {"matrices": len(each), "weights": self._weights, "bits_per_weight": 8 * self._bytes / self._weights,
                "snr_db": {"median": statistics.median(each), "min": min(each), "pooled": snr_db(signal, noise)},
                "stored_as": {name: size / self._weights for name, size in sorted(self._stored.items())}}
