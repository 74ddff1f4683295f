"""Writes a model with other values in some of its matrices."""
from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterable

import numpy as np
import safetensors.numpy
from float_tensors import tensors


def write_checkpoint(model: pathlib.Path, matrices: Iterable[tuple[str, np.ndarray]], target: pathlib.Path) -> None:
    """All tensors in float32; those of `matrices` take the place of the model's."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in model.glob("*.json"):
        if not path.name.startswith("hlwq"):
            shutil.copy(path, target)
    weights = dict(tensors(model / "model.safetensors"))
    for name, values in matrices:
        weights[name] = values.astype(np.float32)
    safetensors.numpy.save_file(weights, target / "model.safetensors")
