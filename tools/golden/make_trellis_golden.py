#!/usr/bin/env python3
"""Writes tests/golden/good/trellis: weights, and what docs/format.md ("Codec hlwq-t") makes of them.

usage: make_trellis_golden.py FOLDER

weights.f32 is a matrix [rows, 200] of rows that each try something (ROWS). <bits>-<effort>.parts holds
its row parts one after another: codes, scales, multipliers of rows. <bits>-default.decoded.f32 is what the
parts of effort "default" decode to. <bits>-half... are those of the first 150 weights of each row, which end
in half a block, of effort "default". trellis_bytes.py is the codec, written from the format's text.
"""
import pathlib
import random
import shutil
import struct
import sys

from trellis_bytes import (TRIALS, Trellis, bf16_bytes, check_values, f32, read_tiles, write_scales,
                           write_tiles)

INPUTS, HALF = 200, 150


def gaussian(rng, size, sigma=1.0):
    return [f32(rng.gauss(0, sigma)) for _ in range(size)]


def rows(rng) -> list[list[float]]:
    heavy = [f32(rng.gauss(0, 1) / max(abs(rng.gauss(0, 1)), 0.05)) for _ in range(INPUTS)]
    return [
        gaussian(rng, INPUTS, 0.02),
        heavy,
        [0.0] * INPUTS,
        # A block that is negligible beside the other one: its multipliers end at s = 254 or 255.
        gaussian(rng, 128, 1.0) + gaussian(rng, INPUTS - 128, 0.01),
        # Eight such groups between 2^-3 and 2^-5, where multipliers end.
        gaussian(rng, 128, 0.08) + gaussian(rng, INPUTS - 128, 1.0),
        # One coordinate has everything.
        [0.25] * INPUTS,
        # Small integers: ties everywhere.
        [float(rng.randrange(-2, 3)) for _ in range(INPUTS)],
        # Both sides of the least reach of a group that is coded.
        gaussian(rng, 128, 2.0 ** -104) + gaussian(rng, INPUTS - 128, 2.0 ** -109),
        # The quotient of the reaches underflows.
        gaussian(rng, 128, 2.0 ** 50) + gaussian(rng, INPUTS - 128, 2.0 ** -90),
        # A coordinate so large beside the others that sums of distances overflow at R = 6.
        [f32(1e-3 * x) for x in gaussian(rng, 100)] + [100.0] + [0.0] * (INPUTS - 101),
    ]


def parts_of(coded: list, bits: int) -> bytes:
    codes = write_tiles([groups for groups, _, _ in coded], bits)
    assert read_tiles(codes, bits, len(coded[0][0]))[:len(coded)] == [groups for groups, _, _ in coded]
    return (codes + write_scales([scales for _, scales, _ in coded])
            + bf16_bytes([scale for _, _, scale in coded]))


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    check_values()
    folder = pathlib.Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    matrix = rows(random.Random(20261122))
    floats = lambda numbers: struct.pack(f"<{len(numbers)}f", *numbers)
    (folder / "weights.f32").write_bytes(b"".join(floats(row) for row in matrix))
    for bits in range(2, 7):
        trellis = Trellis(bits)
        for effort in TRIALS:
            coded = [trellis.encode_row(row, effort) for row in matrix]
            (folder / f"{bits}-{effort}.parts").write_bytes(parts_of(coded, bits))
            if effort == "default":
                decoded = [trellis.decode_row(*row, INPUTS) for row in coded]
                (folder / f"{bits}-default.decoded.f32").write_bytes(b"".join(map(floats, decoded)))
        coded = [trellis.encode_row(row[:HALF], "default") for row in matrix]
        (folder / f"{bits}-half.parts").write_bytes(parts_of(coded, bits))
        decoded = [trellis.decode_row(*row, HALF) for row in coded]
        (folder / f"{bits}-half.decoded.f32").write_bytes(b"".join(map(floats, decoded)))


if __name__ == "__main__":
    main()
