"""The picture of docs/quality.md: two panels over bits per weight, for light and dark paper."""
from __future__ import annotations

import dataclasses
import html
import math

from place_labels import Box, Placer

WIDTH, HEIGHT = 1120, 640
TOP, BOTTOM = 124, 580
PANELS = ((56, 540), (636, 1104))
DB_PER_BIT = 20 * math.log10(2)  # a Gaussian source: SNR <= 6.02 dB times the bits per weight
FAMILIES = {  # of formats.py: (shown as, drawn as a line)
    "published": ("HLWQ as published", True),
    "search": ("HLWQ, scale search", True),
    "trellis": ("hlwq-t", True),
    "ggml": ("ggml", False),
    "run-on": ("ggml, super-blocks running on over row ends", False),
}
STYLE = """
  svg { --paper: #fdfdfc; --ink: #1b1f24; --soft: #59626e; --faint: #8a929c; --rule: #e2e5e9;
    --accent: #1a7f86; --warm: #c2571a; --violet: #6a4fb3; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14171b; --ink: #e8eaed; --soft: #a5adb8; --faint: #7b8490; --rule: #2b3038;
      --accent: #4cb9bd; --warm: #f0935a; --violet: #b09cf0; }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans",
    Arial, sans-serif; fill: var(--soft); }
  .title { font-size: 15px; font-weight: 600; fill: var(--ink); }
  .middle { text-anchor: middle; } .end { text-anchor: end; }
  .paper { fill: var(--paper); }
  .grid { stroke: var(--rule); } .axis { stroke: var(--faint); }
  .limit { stroke: var(--ink); stroke-width: 1.2; stroke-dasharray: 3 3; }
  .published { --is: var(--faint); } .search { --is: var(--accent); } .trellis { --is: var(--violet); }
  .ggml, .run-on { --is: var(--warm); }
  .line { fill: none; stroke: var(--is); stroke-width: 1.8; stroke-linejoin: round; }
  .dot { fill: var(--is); stroke: var(--is); stroke-width: 1.5; }
  .run-on.dot { fill: var(--paper); }
  .leader { stroke: var(--warm); stroke-width: 0.8; }
  text.ggml, text.run-on { fill: var(--warm); }
"""


@dataclasses.dataclass(frozen=True)
class Point:
    family: str
    label: str
    bits: float
    value: float
    title: str


def text(x: float, y: float, content: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{html.escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


class Panel:
    """A pair of axes; `height` maps a value to 0 (bottom) .. 1 (top)."""

    def __init__(self, sides: tuple[int, int], points: list[Point], height):
        self.left, self.right = sides
        self.points, self.height = points, height
        self.bits = (min(point.bits for point in points) - 0.25, max(point.bits for point in points) + 0.4)

    def x(self, bits: float) -> float:
        return self.left + (bits - self.bits[0]) / (self.bits[1] - self.bits[0]) * (self.right - self.left)

    def y(self, value: float) -> float:
        return BOTTOM - self.height(value) * (BOTTOM - TOP)

    def axes(self, title: str, note: str, ticks: list[tuple[float, str]]) -> list[str]:
        out = [text(self.left - 36, TOP - 52, title, "title"), text(self.left - 36, TOP - 33, note)]
        for value, label in ticks:
            out.append(line(self.left, self.y(value), self.right, self.y(value), "grid"))
            out.append(text(self.left - 8, self.y(value) + 4.5, label, "end"))
        for bits in range(math.ceil(self.bits[0]), math.floor(self.bits[1]) + 1):
            out.append(line(self.x(bits), BOTTOM, self.x(bits), BOTTOM + 5, "axis"))
            out.append(text(self.x(bits), BOTTOM + 20, str(bits), "middle"))
        out.append(line(self.left, BOTTOM, self.right, BOTTOM, "axis"))
        out.append(text(self.right, BOTTOM + 42, "bits per weight, as stored →", "end"))
        return out

    def series(self) -> list[str]:
        out, labels = [], []
        placer = Placer(Box(self.left + 4, TOP + 2, self.right + 12, BOTTOM - 2))
        for family, (_, is_line) in FAMILIES.items():
            of_family = [point for point in self.points if point.family == family]
            places = [(self.x(point.bits), self.y(point.value)) for point in of_family]
            if is_line and places:
                path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
                out.append(f'<polyline class="line {family}" points="{path}"/>')
                placer.keep_off_line(places)
            for point, (x, y) in zip(of_family, places):
                labels.append(f'<circle class="dot {family}" cx="{x:.1f}" cy="{y:.1f}" r="4">'
                              f"<title>{html.escape(point.title)}</title></circle>")
                placer.keep_off(Box(x - 5, y - 5, x + 5, y + 5))
        for point in self.points:
            if point.label:
                x, y = self.x(point.bits), self.y(point.value)
                label = placer.place(x, y, point.label)
                if label.leader:
                    out.append(line(x, y, *label.leader, "leader"))
                labels.append(text(label.left, label.baseline, point.label, point.family))
        return out + labels


def legend(points: list[Point]) -> list[str]:
    out, x = [], PANELS[0][0] - 36
    present = {point.family for point in points}
    for family, (name, is_line) in FAMILIES.items():
        if family not in present:
            continue
        if is_line:
            out.append(line(x, 30, x + 26, 30, f"line {family}"))
        out.append(f'<circle class="dot {family}" cx="{x + 13}" cy="30" r="4"/>')
        out.append(text(x + 33, 34.5, name))
        x += 33 + 7.2 * len(name) + 26
    return out


def snr_panel(points: list[Point], note: str) -> list[str]:
    """Heights are distances from the Gaussian limit: across 30 dB of SNR the 1 to 2 dB between formats would
    not show. Slanted lines join what has the same SNR."""
    gaps = [dataclasses.replace(point, value=point.value - DB_PER_BIT * point.bits) for point in points]
    low = math.floor(min(point.value for point in gaps) - 0.2)
    panel = Panel(PANELS[0], gaps, lambda gap: 1 - gap / low)
    out = panel.axes("SNR: dB below the Gaussian limit", note, [(0, "0")] + [(gap, f"−{-gap}") for gap in range(low, 0)])
    for snr in range(5, 100, 5):
        top, bottom = max(snr / DB_PER_BIT, panel.bits[0]), min((snr - low) / DB_PER_BIT, panel.bits[1])
        if top < bottom:
            ends = [(panel.x(bits), panel.y(snr - DB_PER_BIT * bits)) for bits in (top, bottom)]
            out.append(line(*ends[0], *ends[1], "grid"))
        if panel.bits[0] < top == snr / DB_PER_BIT < panel.bits[1]:
            out.append(text(panel.x(top), TOP - 8, f"{snr} dB", "middle"))
    out.append(line(panel.left, TOP, panel.right, TOP, "limit"))
    return out + panel.series()


def kl_panel(points: list[Point], note: str) -> list[str]:
    values = [math.log(point.value) for point in points]
    low, high = min(values) - 0.3, max(values) + 0.3
    panel = Panel(PANELS[1], points, lambda value: (math.log(value) - low) / (high - low))
    ticks = [digit * 10.0 ** power for power in range(-6, 3) for digit in (1, 2, 5)]
    shown = [(tick, f"{tick:g}") for tick in ticks if low <= math.log(tick) <= high]
    return panel.axes("KL divergence from the float model, nats", note, shown) + panel.series()


def draw(snr: list[Point], snr_note: str, kl: list[Point], kl_note: str) -> str:
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
             '     aria-label="Signal to noise and KL divergence against bits per weight, by format">',
             f"<style>{STYLE}</style>", f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
             *legend(snr + kl), *snr_panel(snr, snr_note), *kl_panel(kl, kl_note), "</svg>"]
    return "\n".join(parts) + "\n"
