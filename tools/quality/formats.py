"""The formats that are measured."""
from __future__ import annotations

import dataclasses
import fnmatch


@dataclasses.dataclass(frozen=True)
class Format:
    key: str                # in the file of figures
    family: str             # one line, or one kind of point, of the picture
    name: str               # in the table
    label: str = ""         # in the picture
    hlwq_options: tuple[str, ...] = ()  # of `hlwq quantize`
    ggml_type: str = ""
    # What becomes of a matrix whose rows are not whole blocks of the ggml type: "skip" it; "fallback", as
    # llama.cpp's quantizer; "run-on": its blocks run on over the ends of rows, which no GGUF file can hold.
    broken_rows: str = "skip"

    def is_measured_on(self, what: str) -> bool:
        """`what`: "weights", a file of matrices, or "kld", a model. A model needs every matrix."""
        super_blocks = self.ggml_type.endswith(("_K", "_XS"))
        return (self.broken_rows == "skip") == (what == "weights") or not super_blocks


def _hlwq(key: str, family: str, name: str, bits: range, *options: str) -> list[Format]:
    return [Format(key.format(width), family, name.format(width), hlwq_options=(*options, "--bits", str(width)))
            for width in bits]


def _all() -> list[Format]:
    formats = _hlwq("hlwq-published-{}", "published", "HLWQ-{}, published", range(3, 7), "--compat", "polarquant-v1")
    formats += _hlwq("hlwq-{}", "search", "HLWQ-{}, scale search", range(3, 7), "--codec", "hlwq")
    formats += _hlwq("hlwq-t-{}", "trellis", "hlwq-t, {} bits", range(2, 7), "--codec", "hlwq-t")
    for kind in ("Q4_0", "Q5_0"):
        formats.append(Format(kind, "ggml", kind, kind, ggml_type=kind))
    for kind in ("IQ4_XS", "Q4_K", "Q5_K", "Q6_K"):
        formats += [
            Format(kind, "ggml", kind, kind, ggml_type=kind),
            Format(f"{kind}-fallback", "ggml", kind, f"{kind}*", ggml_type=kind, broken_rows="fallback"),
            Format(f"{kind}-run-on", "run-on", f"{kind}, running on", kind, ggml_type=kind, broken_rows="run-on")]
    return formats


FORMATS = {entry.key: entry for entry in _all()}


def chosen(patterns: list[str], what: str) -> list[Format]:
    return [entry for entry in FORMATS.values() if entry.is_measured_on(what) and
            any(fnmatch.fnmatchcase(entry.key, pattern) for pattern in patterns)]
