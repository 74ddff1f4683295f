#!/usr/bin/env python3
"""Draws docs/study-quantization.svg and writes the tables of docs/study-quantization.md, from the figures of
docs/study-quantization.json.

usage: render_study.py [NAME=ABLATION.json ...]

Each NAME=FILE first puts what `hlwq ablate --json` printed among the figures, under this name. The picture shows the
run "wikitext-2". Needs no packages. In the page, what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` is
replaced.
"""
from __future__ import annotations

import argparse
import html
import json
import math
import pathlib

from draw_quality import STYLE, line, text
from place_labels import Box, Placer
from render import replace

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
MAIN = "wikitext-2"
WIDTH, HEIGHT = 1120, 600
LEFT, RIGHT, TOP, BOTTOM = 64, 1096, 84, 536
MOST_BITS = 6  # drawn
FAMILIES = {"rotated": "rotated", "unrotated": "not rotated", "ggml": "formats of ggml"}
STUDY_STYLE = STYLE + """  .rotated { --is: var(--accent); } .unrotated { --is: var(--warm); } .ggml { --is: var(--faint); }
  .error { stroke: var(--is); stroke-width: 1.4; }
  text.rotated, text.unrotated, text.ggml { fill: var(--ink); }
"""
KEPT = ("model", "file", "window", "stride", "windows", "scored_tokens", "bits", "matrices", "weights", "reference",
        "methods", "differences", "shares")


def rounded(value):
    """Six significant digits are more than any of these figures has."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


def reduced(run: dict) -> dict:
    kept = {key: rounded(run[key]) for key in KEPT}
    kept["model"], kept["file"] = pathlib.Path(run["model"]).name, pathlib.Path(run["file"]).name
    return kept


def written(runs: dict) -> str:
    """A line for each method and difference."""
    lines = []
    for name, run in runs.items():
        entries = []
        for key, value in run.items():
            content = json.dumps(value, ensure_ascii=False)
            if isinstance(value, list):
                rows = ",\n".join(f"   {json.dumps(one, ensure_ascii=False)}" for one in value)
                content = f"[\n{rows}\n  ]"
            entries.append(f"  {json.dumps(key)}: {content}")
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(entries) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def error(estimate: dict) -> float:
    """From blocks of tokens."""
    return estimate["block_standard_error"]


def plus_minus(estimate: dict, scale: float = 1) -> str:
    spread = scale * error(estimate)
    decimals = max(0, 1 - math.floor(math.log10(spread))) if spread > 0 else 0
    number = f"{scale * estimate['value']:.{decimals}f}".replace("-", "−")
    return f"{number} ± {spread:.{decimals}f}"


def methods_table(run: dict) -> str:
    rows = ["| method | bits/weight | SNR, dB | perplexity | NLL lost, nats | KL divergence, nats | same top token |",
            "|---" * 7 + "|",
            f"| the model itself | 16 | | {run['reference']['perplexity']['value']:.2f} | | | |"]
    for method in run["methods"]:
        rows.append(f"| {method['label']} | {method['bits_per_weight']:.3f} | {method['weights']['snr_db']:.2f} | "
                    f"{method['perplexity']['value']:.2f} | {plus_minus(method['nll_over_reference'])} | "
                    f"{plus_minus(method['kl'])} | {100 * method['same_top']['value']:.1f} % |")
    return "\n".join(rows)


def verdict(estimate: dict) -> str:
    z = f"{estimate['z']:.1f}".replace("-", "−")
    return f"{z}, {'real' if estimate['resolved'] else 'not resolved'}"


def differences_table(run: dict) -> str:
    rows = ["| step | from | to | NLL, nats | z | KL divergence, nats | z |", "|---" * 7 + "|"]
    for one in run["differences"]:
        rows.append(f"| {one['question']} | {one['from']} | {one['to']} | {plus_minus(one['nll'])} | "
                    f"{verdict(one['nll'])} | {plus_minus(one['kl'])} | {verdict(one['kl'])} |")
    return "\n".join(rows)


def shares_table(runs: dict) -> str:
    rows = ["| text | step alone | of | KL divergence | NLL | squared error of the weights |", "|---" * 6 + "|"]
    for name, run in runs.items():
        for share in run["shares"]:
            rows.append(f"| {name} | {share['through']} | {share['question']} | {plus_minus(share['kl'], 100)} % | "
                        f"{plus_minus(share['nll'], 100)} % | {100 * share['noise']:.0f} % |".replace("| -", "| −"))
    return "\n".join(rows)


def runs_table(runs: dict) -> str:
    rows = ["| text | model | tokens scored | windows of | perplexity of the model |", "|---" * 5 + "|"]
    for name, run in runs.items():
        rows.append(f"| {name} | {run['model']} | {run['scored_tokens']:,} | {run['window']:,} | "
                    f"{plus_minus(run['reference']['perplexity'])} |")
    return "\n".join(rows)


class Axes:
    def __init__(self, methods: list[dict]):
        bits = [method["bits_per_weight"] for method in methods]
        values = [math.log(method["kl"]["value"]) for method in methods]
        self.bits = (min(bits) - 0.12, max(bits) + 0.3)
        self.values = (min(values) - 0.25, max(values) + 0.25)

    def x(self, bits: float) -> float:
        return LEFT + (bits - self.bits[0]) / (self.bits[1] - self.bits[0]) * (RIGHT - LEFT)

    def y(self, kl: float) -> float:
        share = (math.log(kl) - self.values[0]) / (self.values[1] - self.values[0])
        return BOTTOM - share * (BOTTOM - TOP)

    def draw(self) -> list[str]:
        out = []
        for tick in (digit * 10.0 ** power for power in range(-5, 2) for digit in (1, 2, 5)):
            if self.values[0] <= math.log(tick) <= self.values[1]:
                out += [line(LEFT, self.y(tick), RIGHT, self.y(tick), "grid"),
                        text(LEFT - 8, self.y(tick) + 4.5, f"{tick:g}", "end")]
        for half in range(math.ceil(2 * self.bits[0]), math.floor(2 * self.bits[1]) + 1):
            out += [line(self.x(half / 2), BOTTOM, self.x(half / 2), BOTTOM + 5, "axis"),
                    text(self.x(half / 2), BOTTOM + 20, f"{half / 2:g}", "middle")]
        return out + [line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis"),
                      text(RIGHT, BOTTOM + 42, "bits per weight, as stored →", "end")]


def draw(run: dict) -> str:
    methods = [method for method in run["methods"] if method["bits_per_weight"] < MOST_BITS]
    axes = Axes(methods)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
           '     aria-label="KL divergence against bits per weight, by method">',
           f"<style>{STUDY_STYLE}</style>", f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
           text(LEFT - 36, 34, "KL divergence from the float model, nats", "title"),
           text(LEFT - 36, 54, f"{run['model']}, {run['scored_tokens']:,} tokens of wikitext-2; bars: two standard errors")]
    x = RIGHT - 330
    for family, name in FAMILIES.items():
        out += [f'<circle class="dot {family}" cx="{x}" cy="30" r="4"/>', text(x + 12, 34.5, name)]
        x += 12 + 7.2 * len(name) + 26
    out += axes.draw()
    placer, labels = Placer(Box(LEFT + 4, TOP + 2, RIGHT + 12, BOTTOM - 2)), []
    for method in methods:
        x, kl, family = axes.x(method["bits_per_weight"]), method["kl"], method["kind"]
        ends = [axes.y(kl["value"] + sign * 2 * error(kl)) for sign in (-1, 1)]
        out.append(line(x, ends[0], x, ends[1], f"error {family}"))
        labels.append(f'<circle class="dot {family}" cx="{x:.1f}" cy="{axes.y(kl["value"]):.1f}" r="4"><title>'
                      f'{html.escape(method["label"])}: {plus_minus(kl)}</title></circle>')
        placer.keep_off(Box(x - 5, axes.y(kl["value"]) - 5, x + 5, axes.y(kl["value"]) + 5))
    for method in sorted(methods, key=lambda method: -method["kl"]["value"]):
        x, y = axes.x(method["bits_per_weight"]), axes.y(method["kl"]["value"])
        label = placer.place(x, y, method["label"])
        if label.leader:
            out.append(line(x, y, *label.leader, "axis"))
        labels.append(text(label.left, label.baseline, method["label"], method["kind"]))
    return "\n".join([*out, *labels, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="NAME=ABLATION.json")
    args = parser.parse_args()
    figures = DOCS / "study-quantization.json"
    runs = json.loads(figures.read_text()) if figures.exists() else {}
    for one in args.runs:
        name, file = one.split("=", 1)
        runs[name] = reduced(json.loads(pathlib.Path(file).read_text()))
    figures.write_text(written(runs))
    (DOCS / "study-quantization.svg").write_text(draw(runs[MAIN]))
    page = (DOCS / "study-quantization.md").read_text()
    page = replace(page, "runs", runs_table(runs))
    page = replace(page, "shares", shares_table({name: run for name, run in runs.items() if run["shares"]}))
    for name, run in runs.items():
        page = replace(page, f"methods {name}", methods_table(run))
        page = replace(page, f"differences {name}", differences_table(run))
    (DOCS / "study-quantization.md").write_text(page)


if __name__ == "__main__":
    main()
