"""The codec hlwq-t in plain Python, for make_trellis_golden.py. Written from docs/format.md ("Codec
hlwq-t"), not from the C++; needs nothing but the standard library.

Every float is a float32 held in a float64: each operation is done in float64 and rounded, which for
one +, -, *, / or square root of float32 values gives the float32 result.
"""
import math
import struct

BLOCK, GROUP, TILE = 128, 64, 16
ZERO = 255  # the scale of a group of zeros
LEAST_REACH = 2.0 ** -100
MOST = 65535  # path sums stop here

POSITIVE = {
    2: "11 35 62 110",
    3: "6 15 27 38 52 67 90 126",
    4: "2 6 10 14 19 23 28 32 38 43 49 56 64 74 87 106",
    5: "1 3 5 7 9 11 13 15 17 19 22 24 26 28 31 33 36 38 41 44 47 50 54 57 61 66 71 76 83 91 100 118",
    6: "16 49 82 115 148 180 213 245 279 312 345 376 410 443 476 509 544 576 616 650 692 729 766 801 "
       "837 869 909 945 990 1028 1069 1108 1150 1190 1231 1273 1320 1368 1418 1467 1516 1564 1614 "
       "1665 1715 1771 1831 1891 1951 2015 2090 2171 2253 2335 2421 2521 2632 2747 2876 3009 3186 "
       "3348 3732 4000",
}
GRID = {2: (1, 255), 3: (2, 511), 4: (5, 1023), 5: (10, 2047), 6: (0.49, 2047)}  # g, z_max
OFFSETS = {  # first, step
    "fast": {2: (29, 0), 3: (7, 0), 4: (2, 0), 5: (-14, 0), 6: (-16, 0)},
    "default": {2: (10, 7), 3: (-10, 5), 4: (-18, 4), 5: (-15, 3), 6: (-31, 5)},
    "best": {2: (10, 2), 3: (-19, 2), 4: (-30, 2), 5: (-32, 2), 6: (-18, 1)},
}
TRIALS = {"fast": 1, "default": 7, "best": 21}


def f32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def bf16(value: float) -> float:
    """To nearest, ties to even; finite and far from overflow."""
    bits = struct.unpack("<I", struct.pack("<f", value))[0]
    bits = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def bf16_bytes(values: list[float]) -> bytes:
    return b"".join(struct.pack("<f", value)[2:] for value in values)


def levels_of(bits: int) -> list[int]:
    positive = [int(number) for number in POSITIVE[bits].split()]
    return [-level for level in reversed(positive)] + positive


def fwht(values: list[float]) -> list[float]:
    """Of 64 or 128 values."""
    values = list(values)
    for half in (64, 32, 16, 8, 4, 2, 1):
        for start in range(0, len(values), 2 * half) if 2 * half <= len(values) else ():
            for i in range(start, start + half):
                a, b = values[i], values[i + half]
                values[i], values[i + half] = f32(a + b), f32(a - b)
    return values


def sum64(t: list[float]) -> float:
    s = [f32(f32(t[l] + t[l + 32]) + f32(t[l + 16] + t[l + 48])) for l in range(16)]
    for half in (8, 4, 2, 1):
        s = [f32(s[l] + s[l + half]) for l in range(half)]
    return s[0]


M = [f32(2.0 ** (-i / 64)) for i in range(64)]
B = [f32(2.0 ** ((i + 0.5) / 64)) for i in range(64)]


def factor(s: int) -> float:
    return 0.0 if s == ZERO else M[s % 64] * 2.0 ** -(s // 64)


def index(q: float) -> int:
    if q < 2.0 ** -126:  # zero and subnormal
        return 254
    mantissa, exponent = math.frexp(q)  # q = mantissa * 2^exponent, 0.5 <= mantissa < 1
    f, e = 2 * mantissa, 1 - exponent
    return min(max(64 * e - sum(f >= bound for bound in B), 0), 254)


def subsets(path: list[int]) -> list[int]:
    """d_t of every t."""
    u = lambda t: path[t] if t >= 0 else 0
    return [2 * (u(t) ^ u(t - 1) ^ u(t - 3)) + u(t - 2) for t in range(GROUP)]


class Trellis:
    def __init__(self, bits: int):
        self.bits = bits
        self.levels = levels_of(bits)
        g, self.z_max = GRID[bits]
        self.two_g = f32(2 * g)
        self.grid = [round(f32(level * f32(g))) for level in self.levels]
        self.row_factor = f32(math.sqrt(2) / self.levels[-1])
        self._nearest = {}

    def nearest(self, z: int) -> list[tuple[int, int]]:
        """Squared distance and number of the nearest level of each subset."""
        if z not in self._nearest:
            if z < 0:
                mirrored, last = self.nearest(-z), len(self.levels) - 1
                self._nearest[z] = [(mirrored[3 - j][0], last - mirrored[3 - j][1]) for j in range(4)]
            else:
                at = min(z, self.z_max)
                best = [min((abs(at - self.grid[i]), i) for i in range(j, len(self.grid), 4))
                        for j in range(4)]
                self._nearest[z] = [(min(distance, 255) ** 2, i) for distance, i in best]
        return self._nearest[z]

    def search(self, zs: list[int]) -> tuple[int, list[int]]:
        """The least sum and its path bits."""
        sums, trace = [0] + [MOST] * 7, []
        for z in zs:
            distance, new, chosen = self.nearest(z), [], []
            for state in range(8):  # 4 u_t + 2 u_(t-1) + u_(t-2)
                u_t, u_1, u_2 = state >> 2, state >> 1 & 1, state & 1
                ways = [min(sums[4 * u_1 + 2 * u_2 + u_3] + distance[2 * (u_t ^ u_1 ^ u_3) + u_2][0],
                            MOST) for u_3 in (0, 1)]
                chosen.append(int(ways[1] < ways[0]))
                new.append(min(ways))
            sums = new
            trace.append(chosen)
        state = sums.index(min(sums))
        cost, path = sums[state], []
        for chosen in reversed(trace):
            path.append(state >> 2)
            state = (state << 1 & 7) | chosen[state]
        return cost, path[::-1]

    def encode_group(self, v, energy, reach, scale, effort):
        """Path bits, index values and s."""
        zero_group = [0] * GROUP, [2 ** (self.bits - 2)] * GROUP, ZERO
        if scale == 0 or reach < LEAST_REACH:
            return zero_group
        to_grid = f32(16384 / reach)
        xs = [round(f32(x * to_grid)) for x in v]
        n = index(f32(f32(reach * self.row_factor) / scale))
        first, step = OFFSETS[effort][self.bits]
        best = None
        for trial in range(TRIALS[effort]):
            s = min(max(32 + n + first + trial * step, 0), 254)
            f = round(f32(f32(reach / f32(scale * factor(s))) * self.two_g))
            zs = [x * f + 2**14 >> 15 for x in xs]
            cost, path = self.search(zs)
            score = math.inf if cost == MOST else f32(cost * f32(factor(s) * factor(s)))
            if best is None or score < best[0]:
                best = score, s, path, zs
        _, s, path, zs = best
        numbers = [self.nearest(z)[d][1] for z, d in zip(zs, subsets(path))]
        l = [float(self.levels[i]) for i in numbers]
        a = sum64([f32(x * y) for x, y in zip(v, l)])
        if a > 0:
            s = index(f32(f32(a / sum64([f32(y * y) for y in l])) / scale))
        m = f32(scale * factor(s))
        noise = [f32(x - f32(m * y)) for x, y in zip(v, l)]
        if not sum64([f32(e * e) for e in noise]) < energy:
            return zero_group
        return path, [i >> 2 for i in numbers], s

    def encode_row(self, weights: list[float], effort: str):
        """The row's groups (64 path bits and index values each), their bytes, and its S."""
        padded = weights + [0.0] * (-len(weights) % GROUP)
        rotated = [fwht(padded[at:at + BLOCK]) for at in range(0, len(padded), BLOCK)]
        groups = [block[h:h + GROUP] for block in rotated for h in range(0, len(block), GROUP)]
        energies = [sum64([f32(x * x) for x in group]) for group in groups]
        reaches = [max(max(abs(x) for x in group), f32(f32(math.sqrt(energy)) * 0.25))
                   for group, energy in zip(groups, energies)]
        most = max(reaches)
        scale = bf16(f32(most * self.row_factor)) if most >= LEAST_REACH else 0.0
        coded = [self.encode_group(v, energy, reach, scale, effort)
                 for v, energy, reach in zip(groups, energies, reaches)]
        return [(path, index) for path, index, _ in coded], bytes(s for _, _, s in coded), scale

    def decode_row(self, groups, scales: bytes, scale: float, size: int) -> list[float]:
        y = []
        for (us, ks), s in zip(groups, scales):
            m = f32(scale * factor(s))
            y += [f32(m * self.levels[4 * k + d]) for k, d in zip(ks, subsets(us))]
        blocks = [y[at:at + BLOCK] for at in range(0, len(y), BLOCK)]
        row = [x / len(block) for block in blocks for x in fwht(block)]
        return [f32(x) for x in row[:size]]


def plane_places(bits: int):
    """For each bit of an index value, low bits first: of step 0..7, the vector of the cell and the bit."""
    places, vector = [], 1
    for width in {2: [1], 3: [2], 4: [2, 1], 5: [4], 6: [4, 1]}[bits]:
        for bit in range(width):
            places.append([(vector + s % 4 // (4 // width), width * (s % 4 % (4 // width)) + 4 * (s // 4) + bit)
                           for s in range(8)])
        vector += width
    return places


def padded(rows: list, filler) -> list:
    return rows + [filler] * (-len(rows) % TILE)


def write_tiles(rows: list, bits: int) -> bytes:
    """Rows of groups as the tiles of a matrix."""
    n_groups = len(rows[0])
    zero = [0] * GROUP, [2 ** (bits - 2)] * GROUP
    rows = padded(rows, [zero] * n_groups)
    places = plane_places(bits)
    data = bytearray()
    for first in range(0, len(rows), TILE):
        for group in range(n_groups):
            for cell in range(2):
                vectors = [bytearray(4 * TILE) for _ in range(bits)]
                for r in range(TILE):
                    us, ks = (part[32 * cell:32 * cell + 32] for part in rows[first + r][group])
                    for t, (u, k) in enumerate(zip(us, ks)):
                        vectors[0][4 * r + t // 8] |= u << t % 8
                        for bit, of_step in enumerate(places):
                            vector, at = of_step[t % 8]
                            vectors[vector][4 * r + t // 8] |= (k >> bit & 1) << at
                data += b"".join(vectors)
    return bytes(data)


def read_tiles(data: bytes, bits: int, n_groups: int) -> list:
    """The inverse; rows of padding are rows."""
    places = plane_places(bits)
    rows = []
    for first in range(0, len(data), 128 * bits * n_groups):
        for r in range(TILE):
            row = []
            for group in range(n_groups):
                us, ks = [], []
                for cell in range(2):
                    begin = first + 128 * bits * group + 64 * bits * cell
                    byte = lambda vector, q: data[begin + 64 * vector + 4 * r + q]
                    us += [byte(0, t // 8) >> t % 8 & 1 for t in range(32)]
                    ks += [sum((byte(of_step[t % 8][0], t // 8) >> of_step[t % 8][1] & 1) << bit
                               for bit, of_step in enumerate(places)) for t in range(32)]
                row.append((us, ks))
            rows.append(row)
    return rows


def write_scales(rows: list[bytes]) -> bytes:
    rows = padded(rows, bytes([ZERO]) * len(rows[0]))
    return b"".join(bytes(group) for first in range(0, len(rows), TILE)
                    for group in zip(*rows[first:first + TILE]))


def check_values() -> None:
    """Those that docs/format.md gives."""
    assert subsets([1, 0, 1, 1, 0, 0, 1, 0] + [0] * 56)[:8] == [2, 2, 3, 2, 3, 3, 0, 2]
    first_bytes = {2: ([0, 1, 1, 0, 1, 0, 0, 1], "96"), 3: ([0, 1, 2, 3, 0, 1, 2, 3], "44 ee"),
                   4: (range(8), "44 ee f0"), 5: (range(8), "40 51 62 73"),
                   6: (range(12, 20), "0c 1d 2e 3f f0")}
    for bits, (ks, want) in first_bytes.items():
        us = [1, 0, 1, 1, 0, 0, 1, 0] + [0] * 56
        row = [(us, list(ks) + [0] * 56)]
        data = write_tiles([row], bits)
        assert data[0:128 * bits:64][:bits] == bytes.fromhex("4d " + want), bits
        assert len(data) == 128 * bits and read_tiles(data, bits, 1)[0] == row
