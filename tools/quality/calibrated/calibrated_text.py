"""The text that all calibrated formats see, and the packages of the peers that see it."""
from __future__ import annotations

import json
import pathlib

PACKAGES = ["llmcompressor==0.14.0.1"]  # with torch, transformers, compressed-tensors and auto-round


def sequences(path: pathlib.Path) -> list[list[int]]:
    """Of an hlwq_calibration.json."""
    return json.loads(path.read_text())["sequences"]
