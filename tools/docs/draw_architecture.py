#!/usr/bin/env python3
"""Draws docs/architecture.svg: the boxes of src/ and the arrows that tools/check_layers.py enforces.

usage: draw_architecture.py > docs/architecture.svg

The arrows come from the checker's own table; only the places of the boxes are given here.
"""
import html
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from check_layers import ARROWS  # noqa: E402

WIDTH, ROW, HEIGHT = 1000, 104, 58
# name: (row, left, right, what it holds)
BOXES = {
    "cli": (0, 20, 560, "one flag table: parser, help, completions; verbs"),
    "api": (0, 620, 940, "what include/hlwq declares"),
    "convert": (2, 60, 330, "recipes, quantize, dequantize, resume"),
    "calibrate": (1, 600, 770, "feedback without data"),
    "eval": (1, 370, 570, "measures models"),
    "server": (1, 800, 940, "HTTP"),
    "constrain": (2, 590, 720, "forms of answers"),
    "report": (2, 365, 480, "tables, pages"),
    "chat": (2, 760, 940, "text in, text out"),
    "runtime": (3, 500, 720, "engine, caches"),
    "text": (3, 790, 940, "tokenizer"),
    "model": (4, 500, 720, "architectures"),
    "kernels": (5, 60, 350, "SIMD, chosen at run time"),
    "checkpoint": (5, 430, 750, "formats, catalog, manifest"),
    "codec": (6, 160, 460, "the executable specification"),
    "io": (6, 530, 750, "hostile bytes: parsers"),
    "hub": (7, 20, 205, "the Hub, by HTTP"),
    "tensor": (7, 240, 680, "dtypes, shapes, 16-bit floats"),
    "base": (8, 60, 940, "errors, files, hashes, checked arithmetic"),
}
# (from, to): where the arrow leaves and arrives, where straight down does not do.
ENDS = {
    ("cli", "calibrate"): (535, 640), ("cli", "eval"): (440, 440), ("cli", "server"): (550, 830),
    ("api", "calibrate"): (720, 720), ("api", "eval"): (650, 540),
    ("calibrate", "convert"): (610, 300), ("calibrate", "chat"): (745, 775),
    ("api", "chat"): (785, 785), ("convert", "kernels"): (150, 150),
    ("convert", "checkpoint"): (270, 470), ("eval", "report"): (422, 422),
    ("report", "checkpoint"): (422, 490), ("eval", "runtime"): (520, 550),
    ("eval", "text"): (556, 820), ("server", "chat"): (870, 870),
    ("server", "constrain"): (820, 690), ("constrain", "runtime"): (625, 625), ("constrain", "text"): (715, 830),
    ("chat", "runtime"): (790, 690), ("chat", "text"): (880, 880),
    ("runtime", "model"): (610, 610), ("model", "kernels"): (540, 310),
    ("model", "checkpoint"): (630, 630), ("kernels", "codec"): (230, 250),
    ("checkpoint", "codec"): (480, 400), ("checkpoint", "io"): (640, 640),
    ("codec", "tensor"): (330, 330), ("io", "tensor"): (610, 610), ("tensor", "base"): (460, 460),
    ("text", "base"): (865, 865), ("cli", "hub"): (40, 40), ("hub", "base"): (130, 130),
}


def top(name: str) -> int:
    return 24 + BOXES[name][0] * ROW


def main() -> None:
    height = top("base") + HEIGHT + 56
    print(f'''<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"
     font-family="system-ui, 'DejaVu Sans', sans-serif" aria-label="The boxes of src/ and what each may use">
<style>
  .paper {{ fill: #ffffff; }}
  .box {{ fill: #eef4fb; stroke: #3b6ea5; stroke-width: 1.6; }}
  .name {{ font-size: 18px; font-weight: 600; fill: #14304d; }}
  .what {{ font-size: 13px; fill: #46586a; }}
  .arrow {{ stroke: #51677d; stroke-width: 1.7; fill: none; }}
</style>
<defs>
  <marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">
    <path d="M0 1 10 5 0 9z" fill="#51677d"/></marker>
</defs>
<rect class="paper" width="{WIDTH}" height="{height}" rx="10"/>''')
    for source, targets in ARROWS.items():
        for target in targets:
            start, end = ENDS[source, target]
            print(f'<path class="arrow" marker-end="url(#tip)" '
                  f'd="M{start} {top(source) + HEIGHT} L{end} {top(target) - 2}"/>')
    for name, (_, left, right, what) in BOXES.items():
        middle, y = (left + right) / 2, top(name)
        print(f'<rect class="box" x="{left}" y="{y}" width="{right - left}" height="{HEIGHT}" rx="8"/>')
        print(f'<text class="name" x="{middle:g}" y="{y + 25}" text-anchor="middle">{name}</text>')
        print(f'<text class="what" x="{middle:g}" y="{y + 45}" text-anchor="middle">{html.escape(what)}</text>')
    y = height - 22
    print(f'<text class="what" x="940" y="{y}" text-anchor="end">a box may use whatever its arrows reach</text>')
    print("</svg>")


if __name__ == "__main__":
    assert set(BOXES) == set(ARROWS), "a box of the checker has no place in the picture"
    main()
