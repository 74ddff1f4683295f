"""The polar_state formats in plain Python, for make_polar_golden.py: codes, norms, tables and their
bytes, and the float64 values that they stand for. Written from docs/format-polar-state.md, not from
the C++; needs nothing but the standard library.
"""
import json
import math
import pathlib
import random
import struct

BLOCK = 128


def f32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def f16(value: float) -> float:
    return struct.unpack("<e", struct.pack("<e", value))[0]


def polarquant_v1(bits: int) -> list[float]:
    """The table a file without one is taken to use: 100 rounds from a uniform grid, in float32."""
    n = 1 << bits
    cdf = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))
    pdf = lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    bounds = [f32(-4 + 8 * i / n) for i in range(n + 1)]
    levels = [0.0] * n
    for _ in range(100):
        for i, (low, high) in enumerate(zip(bounds, bounds[1:])):
            mass = cdf(high) - cdf(low)
            levels[i] = f32((pdf(low) - pdf(high)) / mass if mass > 1e-12 else (low + high) / 2)
        for i in range(1, n):
            bounds[i] = f32(f32(levels[i - 1] + levels[i]) / 2)
    return levels


def rotate(block: list[float]) -> list[float]:
    """The orthonormal Walsh-Hadamard transform in natural order."""
    values, half = list(block), 1
    while half < len(values):
        for start in range(0, len(values), 2 * half):
            for i in range(start, start + half):
                a, b = values[i], values[i + half]
                values[i], values[i + half] = a + b, a - b
        half *= 2
    return [v / math.sqrt(len(values)) for v in values]


class Matrix:
    """Random codes and norms of an [out, in] matrix; `norms` are rounded to the stored type."""

    def __init__(self, out: int, inputs: int, bits: int, seed: int, norm_type: str = "F16",
                 levels: list[float] | None = None):
        rng = random.Random(seed)
        self.out, self.inputs, self.bits, self.norm_type = out, inputs, bits, norm_type
        self.n_blocks = -(-inputs // BLOCK)
        self.levels = levels or polarquant_v1(bits)
        self.codes = [[rng.randrange(1 << bits) for _ in range(self.n_blocks * BLOCK)]
                      for _ in range(out)]
        to_stored = f16 if norm_type == "F16" else f32
        self.norms = [[to_stored(rng.uniform(0.05, 3.0)) for _ in range(self.n_blocks)]
                      for _ in range(out)]

    def expected(self) -> list[list[float]]:
        rows = []
        for codes, norms in zip(self.codes, self.norms):
            row = []
            for block, norm in enumerate(norms):
                levels = [self.levels[c] for c in codes[block * BLOCK:(block + 1) * BLOCK]]
                row += [v / math.sqrt(BLOCK) * norm for v in rotate(levels)]
            rows.append(row[: self.inputs])
        return rows

    # Tensors as (dtype, shape, bytes).
    def packed(self):
        bits = "".join(format(c, f"0{self.bits}b") for row in self.codes for c in row)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big")
        return "U8", [len(data)], data

    def bytes_flat(self):
        data = bytes(c for row in self.codes for c in row)
        return "U8", [len(data)], data

    def plain(self, dtype: str = "I8"):
        return dtype, [self.out, self.n_blocks * BLOCK], self.bytes_flat()[2]

    def nibbles(self):
        data = bytes(row[start + i] | row[start + 64 + i] << 4 for row in self.codes
                     for start in range(0, len(row), BLOCK) for i in range(64))
        return "U8", [self.out, self.n_blocks * BLOCK // 2], data

    def lsb5(self):
        flat = [c for row in self.codes for c in row]
        groups = (sum(c << 5 * i for i, c in enumerate(flat[at:at + 8])) for at in range(0, len(flat), 8))
        data = b"".join(group.to_bytes(5, "little") for group in groups)
        return "U8", [self.out, len(data) // self.out], data

    def norms_tensor(self, flat: bool = False):
        numbers = [n for row in self.norms for n in row]
        data = struct.pack(f"<{len(numbers)}{'e' if self.norm_type == 'F16' else 'f'}", *numbers)
        return self.norm_type, [len(numbers)] if flat else [self.out, self.n_blocks], data

    def meta(self, count: int = 5):
        codes = self.out * self.n_blocks * BLOCK
        return i64([self.out, self.n_blocks, BLOCK, codes, self.inputs][:count])

    def reader_meta(self):
        return i64([self.bits, self.n_blocks * BLOCK])

    def parts(self, prefix: str) -> dict:
        return {f"{prefix}__packed": self.packed(), f"{prefix}__norms": self.norms_tensor(),
                f"{prefix}__meta": self.meta()}

    def layer(self, **more) -> dict:
        return {"in_features": self.inputs, "out_features": self.out, "bits": self.bits,
                "block_size": BLOCK, **more}


def i64(numbers: list[int]):
    return "I64", [len(numbers)], struct.pack(f"<{len(numbers)}q", *numbers)


def floats(numbers: list[float]):
    return "F32", [len(numbers)], struct.pack(f"<{len(numbers)}f", *numbers)


def write_safetensors(path: pathlib.Path, tensors: dict, metadata: dict | None = None) -> None:
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
