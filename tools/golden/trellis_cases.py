"""The hlwq-t checkpoints of make_polar_golden.py: good ones, and such that contradict themselves."""
import random

from polar_bytes import BLOCK, i64
from trellis_bytes import GROUP, TILE, Trellis, bf16_bytes, f32, levels_of, write_scales, write_tiles

SEEDS = ("own-trellis", "own-trellis-widths", "trellis-version-1", "trellis-scales-of-rows", "trellis-group-32", "trellis-rows-short",
         "trellis-unlisted", "trellis-levels-huge", "trellis-without-config")
NAME = "model.layers.0.self_attn.q_proj.weight"
EXPERTS = "model.layers.1.mlp.experts.gate_up_proj"


class TrellisMatrix:
    """An [out, in] matrix of random weights, coded."""

    def __init__(self, out: int, inputs: int, bits: int, seed: int, sign: float = 1):
        rng = random.Random(seed)
        self.out, self.inputs, self.bits = out, inputs, bits
        self.n_blocks, self.n_groups = -(-inputs // BLOCK), -(-inputs // GROUP)
        self.trellis = Trellis(bits)
        rows = [[f32(rng.gauss(0, 0.05)) for _ in range(inputs)] for _ in range(out)]
        coded = [self.trellis.encode_row(row, "default") for row in rows]
        self.groups, self.scales = [g for g, _, _ in coded], [s for _, s, _ in coded]
        self.row_scales = [sign * scale for _, _, scale in coded]

    def expected(self) -> list[list[float]]:
        return [self.trellis.decode_row(g, s, r, self.inputs)
                for g, s, r in zip(self.groups, self.scales, self.row_scales)]

    def parts(self, prefix: str) -> dict:
        codes = write_tiles(self.groups, self.bits)
        tiles = -(-self.out // TILE)
        size = self.out * self.n_blocks * BLOCK
        return {f"{prefix}__tcodes": ("U8", [len(codes)], codes),
                f"{prefix}__tscales": ("U8", [tiles, self.n_groups, TILE],
                                        write_scales(self.scales)),
                f"{prefix}__trows": ("BF16", [self.out], bf16_bytes(self.row_scales)),
                f"{prefix}__tmeta": i64([self.out, self.n_blocks, BLOCK, size, self.inputs])}


def spec(bits: int, /, **more) -> dict:
    return {"name": "hlwq-t", "version": 2, "bits": bits, "table": "trellis-gauss",
            "levels": levels_of(bits), "scale_rule": "default", "bit_order": "tiles",
            "block_size": 128, "scale_group": 64, **more}


def config(tensors: dict, specs: list) -> dict:
    return {"format": "hlwq-t-q5", "quantization": "hlwq-t",
            "hlwq": {"format_version": 1, "tool_version": "0.1.0", "specs": specs, "tensors": tensors,
                     "sources": []}}


def good_trellis(g) -> None:
    entry = {"spec": 0, "dtype": "BF16", "shape": [3, 200]}
    q = TrellisMatrix(3, 200, 5, 80)
    experts = [TrellisMatrix(2, 130, 3, 81 + e) for e in range(2)]
    tensors = q.parts(NAME)
    for e, expert in enumerate(experts):
        tensors |= expert.parts(f"{EXPERTS}_e{e}")
    listed = {NAME: entry, EXPERTS: {"spec": 1, "dtype": "BF16", "shape": [2, 2, 130]}}
    g.good("own-trellis", tensors, {NAME: q, EXPERTS: experts}, polar=config(listed, [spec(5), spec(3)]))
    two_tiles = TrellisMatrix(18, 130, 6, 85)
    g.good("own-trellis-two-tiles", two_tiles.parts(NAME), {NAME: two_tiles},
           polar=config({NAME: {"spec": 0, "dtype": "BF16", "shape": [18, 130]}}, [spec(6)]))
    # A writer makes no such scales; they decode all the same.
    negative = TrellisMatrix(3, 200, 4, 83, sign=-1)
    g.good("own-trellis-negative-rows", negative.parts(NAME), {NAME: negative},
           polar=config({NAME: entry}, [spec(4)]))
    widths = {bits: TrellisMatrix(1, 100 + bits, bits, 90 + bits) for bits in range(2, 7)}
    tensors, listed = {}, {}
    for index, (bits, m) in enumerate(widths.items()):
        tensors |= m.parts(f"b{bits}.weight")
        listed[f"b{bits}.weight"] = {"spec": index, "dtype": "BF16", "shape": [1, m.inputs]}
    g.good("own-trellis-widths", tensors, {f"b{b}.weight": m for b, m in widths.items()},
           polar=config(listed, [spec(bits) for bits in widths]))


def bad_trellis(g) -> None:
    data, argument, unsupported = "invalid_data", "invalid_argument", "unsupported"
    q = TrellisMatrix(3, 200, 5, 80)
    parts = q.parts(NAME)
    listed = {NAME: {"spec": 0, "dtype": "BF16", "shape": [3, 200]}}
    say = config(listed, [spec(5)])
    scales, rows = parts[f"{NAME}__tscales"][2], parts[f"{NAME}__trows"][2]

    def bad_part(case, code, message, suffix, part=None):
        name = f"{NAME}__{suffix}"
        damaged = {key: value for key, value in parts.items() if key != name}
        if part is not None:
            damaged[name] = part
        g.bad(f"trellis-{case}", code, f"'{name}'{message}", damaged, polar=say)

    for suffix in ("tcodes", "tscales", "trows", "tmeta"):
        bad_part(f"{suffix}-missing", "not_found", " is missing", suffix)
    bad_part("codes-short", data, ": want U8 [2560], got U8 [2480]", "tcodes",
             ("U8", [2480], bytes(2480)))
    # Three rows, without what fills the tile.
    bad_part("codes-unpadded", data, ": want U8 [2560], got U8 [480]", "tcodes",
             ("U8", [480], bytes(480)))
    bad_part("codes-i8", data, ": want U8 [2560], got I8 [2560]", "tcodes",
             ("I8", [2560], bytes(2560)))
    bad_part("scales-per-block", data, ": want U8 [1, 4, 16], got U8 [1, 2, 16]", "tscales",
             ("U8", [1, 2, 16], scales[:32]))
    bad_part("scales-unpadded", data, ": want U8 [1, 4, 16], got U8 [1, 4, 3]", "tscales",
             ("U8", [1, 4, 3], scales[:12]))
    bad_part("scales-of-rows", data, ": want U8 [1, 4, 16], got U8 [3, 4]", "tscales",
             ("U8", [3, 4], scales[:12]))
    bad_part("scales-flat", data, ": want U8 [1, 4, 16], got U8 [64]", "tscales",
             ("U8", [64], scales))
    bad_part("scales-f16", data, ": want U8 [1, 4, 16], got F16 [1, 4, 16]", "tscales",
             ("F16", [1, 4, 16], scales * 2))
    bad_part("rows-short", data, ": want BF16 [3], got BF16 [2]", "trows", ("BF16", [2], rows[:4]))
    bad_part("rows-f16", data, ": want BF16 [3], got F16 [3]", "trows", ("F16", [3], rows))
    bad_part("rows-of-groups", data, ": want BF16 [3], got BF16 [3, 4]", "trows",
             ("BF16", [3, 4], rows * 4))
    meta = lambda *numbers: i64(list(numbers))
    bad_part("meta-in", data, ": content contradicts the shape", "tmeta", meta(3, 2, 128, 768, 199))
    bad_part("meta-short", data, ": want I64 [5], got I64 [4]", "tmeta", meta(3, 2, 128, 768))

    where = "polar_config.json: section hlwq: specs[0]: "
    levels = levels_of(5)
    broken = levels[:]
    broken[22:24], broken[40:42] = broken[23:21:-1], broken[41:39:-1]
    for case, code, message, changes in (
            ("bits-1", argument, "want bits in 2..6, got 1", {"bits": 1}),
            ("bits-7", argument, "want bits in 2..6, got 7", {"bits": 7}),
            ("bits-64", argument, "want bits in 2..6, got 64", {"bits": 64}),
            ("version-1", unsupported,
             "version 1 is no longer read, want version 2: quantize again",
             {"version": 1, "bit_order": "planes"}),
            ("version-3", unsupported, "want version 2, got 3", {"version": 3}),
            ("block-64", unsupported, "want blocks of 128, got 64", {"block_size": 64}),
            ("group-32", unsupported, "want groups of 64, got 32", {"scale_group": 32}),
            ("group-128", unsupported, "want groups of 64, got 128", {"scale_group": 128}),
            ("bit-order", argument, "want bit order tiles, got msb", {"bit_order": "msb"}),
            ("effort", argument, "want effort fast, default or best, got 'search'",
             {"scale_rule": "search"}),
            ("table-unknown", argument, "want table trellis-gauss, got 'none'",
             {"table": "none", "levels": []}),
            ("levels-32", argument, "want 64 levels for 5 bits, got 32", {"levels": levels_of(4)}),
            ("levels-fraction", argument, "want integer levels within +-127, got -41.5",
             {"levels": [level / 2 for level in levels[3:]] + [60, 70, 80]}),
            ("levels-uneven", argument, "want odd-symmetric levels, got -118 and 119",
             {"levels": levels[:-1] + [119]}),
            ("levels-fall", argument, "want ascending levels, got -19 after -17", {"levels": broken}),
            ("levels-equal", argument, "want ascending levels, got 0 after 0", {"levels": [0] * 64}),
            ("levels-large", argument, "want integer levels within +-127, got -128",
             {"levels": [-128] + levels[1:-1] + [128]}),
            ("levels-huge", argument, "want integer levels within +-127, got -inf",
             {"levels": [-1e300] + levels[1:-1] + [1e300]})):
        g.bad(f"trellis-{case}", code, where + "codec hlwq-t: " + message, parts,
              polar=config(listed, [spec(5, **changes)]))
    g.bad("trellis-group-0", unsupported, "codec hlwq-t: want groups of 64, got 0", parts,
          polar=config(listed, [spec(5, scale_group=0)]))
    g.bad("trellis-group-text", data, "specs[0]: codec: 'scale_group': want an integer", parts,
          polar=config(listed, [spec(5, scale_group="64")]))
    g.bad("trellis-no-group", unsupported, where + "codec hlwq-t: want groups of 64, got 128", parts, polar=config(
        listed, [{key: value for key, value in spec(5).items() if key != "scale_group"}]))
    g.bad("trellis-levels-nan", data, "specs[0]: codec: 'levels': want numbers, got \"nan\"", parts,
          polar=config(listed, [spec(5, levels=["nan"] * 64)]))
    g.bad("trellis-narrower", data, f"'{NAME}__tcodes': want U8 [2048], got U8 [2560]", parts,
          polar=config(listed, [spec(4)]))
    g.bad("trellis-taken-for-hlwq", "not_found", f"'{NAME}__packed' is missing", parts,
          polar=config(listed, [spec(5, name="hlwq", version=1, scale_group=128, scale_rule="norm",
                                     bit_order="msb", levels=levels[::2], table="custom")]))
    unlisted = TrellisMatrix(1, 128, 2, 84).parts("other.weight")
    g.bad("trellis-unlisted", data, "'other.weight__tcodes': belongs to no tensor listed",
          parts | unlisted, polar=say)
    without = "want polar_config.json to describe it"
    g.bad("trellis-without-config", data, f"'{NAME}__tcodes': {without}", parts)
    g.bad("trellis-with-published-config", data, f"'{NAME}__tcodes': {without}", parts,
          polar={"format": "hlwq-q5", "bits": 5, "block_size": 128})
