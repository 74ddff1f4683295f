"""The tensors of a safetensors file as float32, BF16 included, which numpy does not know."""
from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator

import numpy as np


def tensors(path: pathlib.Path) -> Iterator[tuple[str, np.ndarray]]:
    """In the order of the header; float tensors only. One is in memory at a time."""
    data = np.memmap(path, np.uint8, "r")
    begin = 8 + int(data[:8].view(np.uint64)[0])
    header = json.loads(bytes(data[8:begin]))
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in ("BF16", "F16", "F32"):
            continue
        raw = data[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]]
        if entry["dtype"] == "BF16":
            values = (np.frombuffer(raw.tobytes(), np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw.tobytes(), {"F16": np.float16, "F32": np.float32}[entry["dtype"]])
        yield name, values.astype(np.float32).reshape(entry["shape"])
