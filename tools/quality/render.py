#!/usr/bin/env python3
"""Draws docs/quality.svg and writes the tables of docs/quality.md and docs/calibration.md, from the figures of
docs/quality.json.

usage: render.py [--figures docs/quality.json] [--page docs/quality.md] [--picture docs/quality.svg]
                 [--calibration docs/calibration.md]

Needs no packages. In the page, what stands between `<!-- begin table -->` and `<!-- end table -->` is replaced,
and so with `effort`; in that of the calibration it is `calibrated`.
"""
from __future__ import annotations

import argparse
import json
import pathlib

import draw_quality
from formats import FORMATS

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
BERT, MINILM = "weights BERT attention", "weights MiniLM"
KLD, KLD_AS_IS = "kld smollm2-blurred", "kld smollm2"
CALIBRATED = "calibrated smollm2-blurred"
TEXTS = {"wiki.test.raw": "wikitext-2", "grimm.txt": "Grimm", "tinystories_val.txt": "TinyStories",
         "ecclesiastes.txt": "Ecclesiastes"}
KLD_COLUMNS = "bits/weight | dB | KL divergence, nats | perplexity | same top token"


def points(section: dict, value) -> list[draw_quality.Point]:
    made = []
    for key, figures in section.items():
        entry, bits = FORMATS[key], figures["bits_per_weight"]
        made.append(draw_quality.Point(entry.family, entry.label, bits, value(figures),
                                       f"{entry.name}: {value(figures):.4g} at {bits:.3f} bits per weight"))
    return sorted(made, key=lambda point: point.bits)


def snr_cell(entry: dict | None, most: int) -> str:
    if entry is None:
        return ""
    partly = f" on {entry['matrices']}" if entry["matrices"] < most else ""
    return f"{entry['snr_db']['median']:.2f} ({entry['snr_db']['min']:.2f}){partly}"


def kld_cells(entry: dict | None, is_fallback: bool) -> list[str]:
    if entry is None:
        return [""] * 5
    mean, ratio = entry["kl"], entry["perplexity_ratio"]
    return [f"{entry['bits_per_weight']:.3f}{'*' if is_fallback else ''}", f"{entry['snr_db']['pooled']:.2f}",
            f"{mean['value']:.4f} ± {mean['block_standard_error']:.4f}",
            f"{100 * (ratio['value'] - 1):+.1f} ± {100 * ratio['block_standard_error']:.1f} %",
            f"{100 * entry['same_top']['value']:.1f} %"]


def table(figures: dict) -> str:
    """A row for each format; the model's figures of a ggml type with fallback stand in the row of the type."""
    bert, minilm, kld = figures.get(BERT, {}), figures.get(MINILM, {}), figures.get(KLD, {})
    keys = {key.removesuffix("-fallback") for key in bert.keys() | kld.keys()}
    most = max((entry["matrices"] for entry in minilm.values()), default=0)

    def bits(key: str) -> float:
        return (bert.get(key) or kld[key])["bits_per_weight"]

    rows = [f"| format | bits/weight | BERT, dB | MiniLM, dB | SmolLM2: {KLD_COLUMNS} |", "|---" * 9 + "|"]
    for key in sorted(keys, key=lambda key: (round(bits(key), 2), FORMATS[key].name)):
        fallback = kld.get(f"{key}-fallback")
        cells = [FORMATS[key].name, f"{bert[key]['bits_per_weight']:.3f}" if key in bert else "",
                 snr_cell(bert.get(key), 0), snr_cell(minilm.get(key), most)]
        cells += kld_cells(fallback or kld.get(key), fallback is not None)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def as_is_table(kld: dict) -> str:
    rows = [f"| format | {KLD_COLUMNS} |", "|---" * 6 + "|"]
    for key in sorted(kld, key=lambda key: kld[key]["kl"]["value"]):
        rows.append(f"| {FORMATS[key].name} | {' | '.join(kld_cells(kld[key], key.endswith('-fallback')))} |")
    return "\n".join(rows)


def effort_table(section: dict) -> str:
    """A row for each width; keys are "BITS EFFORT"."""
    efforts = [effort for effort in ("fast", "default", "best") if any(key.endswith(effort) for key in section)]
    rows = [f"| bits | {' | '.join(f'{effort}: dB | GB/s' for effort in efforts)} |", "|---" * (1 + 2 * len(efforts)) + "|"]
    for bits in sorted({key.split()[0] for key in section}):
        cells = [section[f"{bits} {effort}"] for effort in efforts]
        rows.append(f"| {bits} | " + " | ".join(
            f"{cell['snr_db']:.2f} | {cell['gigabytes_per_second']:.2f}" for cell in cells) + " |")
    return "\n".join(rows)


def calibrated_table(section: dict) -> str:
    """A row for each format that was calibrated; in parentheses what it loses without. Keys are "FORMAT TEXT"."""
    def cell(key: str, text: str) -> str:
        mean = section[f"{key} {text}"]["kl"]
        plain = section.get(f"plain-{key} {text}")
        without = f" ({plain['kl']['value']:.3g})" if plain else ""
        return f"{mean['value']:.4f} ± {mean['block_standard_error']:.4f}{without}"

    keys = {key.split()[0] for key in section if not key.startswith("plain-")}
    first = {key: section[f"{key} {next(iter(TEXTS))}"] for key in keys}
    rows = [f"| format | bits/weight | {' | '.join(TEXTS.values())} |", "|---" * (2 + len(TEXTS)) + "|"]
    for key in sorted(keys, key=lambda key: (round(first[key]["bits_per_weight"], 1), first[key]["kl"]["value"])):
        name = first[key]["name"].removesuffix(", calibrated").removesuffix(", importance matrix")
        bits = f"{first[key]['bits_per_weight']:.3f}"
        rows.append(f"| {name} | {bits} | {' | '.join(cell(key, text) for text in TEXTS)} |")
    return "\n".join(rows)


def replace(page: str, mark: str, content: str) -> str:
    begin, end = f"<!-- begin {mark} -->", f"<!-- end {mark} -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{end}{rest.split(end)[1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=pathlib.Path, default=DOCS / "quality.json")
    parser.add_argument("--page", type=pathlib.Path, default=DOCS / "quality.md")
    parser.add_argument("--picture", type=pathlib.Path, default=DOCS / "quality.svg")
    parser.add_argument("--calibration", type=pathlib.Path, default=DOCS / "calibration.md")
    args = parser.parse_args()
    figures = json.loads(args.figures.read_text())
    args.picture.write_text(draw_quality.draw(
        points(figures[BERT], lambda entry: entry["snr_db"]["median"]),
        "BERT attention, median of 24 matrices; slanted lines: equal SNR",
        points(figures[KLD], lambda entry: entry["kl"]["value"]),
        "SmolLM2-135M, grid blurred; * where llama.cpp falls back to other types"))
    page = replace(args.page.read_text(), "table", table(figures))
    page = replace(page, "as-is", as_is_table(figures[KLD_AS_IS]))
    if "effort" in figures:
        page = replace(page, "effort", effort_table(figures["effort"]))
    args.page.write_text(page)
    if CALIBRATED in figures:
        args.calibration.write_text(
            replace(args.calibration.read_text(), "calibrated", calibrated_table(figures[CALIBRATED])))


if __name__ == "__main__":
    main()
