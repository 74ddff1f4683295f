"""Names of ways to keep a cache, such as "k4v4 trellis recent=128", and the sets of them that are compared.

First the bits of keys and values; then words, which count for both, or with "k:" or "v:" for one:
  plain              not rotated               trellis, trellis-tokens   codes along channels, or along tokens
  scale8             8-bit multipliers         dual8, dual16             scales of channels after the rotation
  mean=tile, ..      taken off (codes.py)      bias=all, bias=N, bias=calibrated   taken off, exactly
  before=tile, before=NAME   scales of channels before the rotation (variants.py)
and for the whole: first=N, recent=N (exact tokens), ends=N (bits of the first and last two layers).
"""
import dataclasses
import re

from codes import Coder


@dataclasses.dataclass(frozen=True)
class Scheme:
    keys: Coder
    values: Coder
    first: int = 64
    recent: int = 0
    ends: tuple = ()

    def coders(self, layer, layers):
        if self.ends and (layer < 2 or layer >= layers - 2):
            return tuple(dataclasses.replace(c, bits=max(c.bits, b)) for c, b in
                         zip((self.keys, self.values), self.ends))
        return self.keys, self.values

    def all_bits(self, dims, layers=30):
        bits = [sum(c.all_bits(dims) for c in self.coders(layer, layers)) / 2 for layer in range(layers)]
        return sum(bits) / layers


def _with(coder, word):
    if word == "plain":
        return dataclasses.replace(coder, rotate=False)
    if word in ("trellis", "trellis-tokens"):
        return dataclasses.replace(coder, code=word)
    found = re.fullmatch(r"(scale|dual)(8|16)", word)
    if found:
        field = {"scale": "scale_bits", "dual": "dual"}[found[1]]
        return dataclasses.replace(coder, **{field: int(found[2])})
    found = re.fullmatch(r"(before|bias|mean)=(.+)", word)
    if not found:
        raise ValueError(f"no such word of a scheme: {word}")
    return dataclasses.replace(coder, **{found[1]: found[2]})


def parse(name):
    pair, *words = name.split()
    keys, values = (Coder(bits=int(b)) for b in re.fullmatch(r"k(\d+)v(\d+)", pair).groups())
    whole = {}
    for word in words:
        found = re.fullmatch(r"(first|recent|ends)=([\d/]+)", word)
        if found and found[1] == "ends":
            whole["ends"] = tuple(int(b) for b in found[2].split("/"))
        elif found:
            whole[found[1]] = int(found[2])
        elif word.startswith("k:"):
            keys = _with(keys, word[2:])
        elif word.startswith("v:"):
            values = _with(values, word[2:])
        else:
            keys, values = _with(keys, word), _with(values, word)
    return Scheme(keys, values, **whole)


def _each(pairs, *words):
    return [f"{pair} {word}".strip() for pair in pairs for word in words]


_BIAS = ["k:plain", "", "k:bias=all", "k:mean=tile"]
_COUNTS = ["k:bias=1", "k:bias=2", "k:bias=3", "k:bias=4"]
_SCALE = ["k:plain", "", "k:before=weights", "k:before=balance-weights"]

# Set: [(variant of the model, schemes)].
SETS = {
    "program": [("own", ["k8v4", "k4v4", "k3v3", "k2v2", "k8v8"])],
    "best": [("own", ["k4v4 k:mean=tile", "k3v3 k:mean=tile", "k2v2 k:mean=tile", "k2v2 k:mean=tile trellis"])],
    "bias": [("low-30", _each(["k4v4"], *_BIAS)), ("graded-low", _each(["k4v4"], *_BIAS, *_COUNTS))],
    "bias-wider": [(variant, _each(["k4v4", "k8v8", "k3v3", "k8v4"], *_BIAS)) for variant in ("low-30", "high-30")],
    "bias-sizes": [("high-30", ["k4v4 k:bias=all k:mean=tile", "k4v4 k:bias=2 k:mean=tile"])]
                  + [("low-100", _each(["k4v4", "k8v8"], "", "k:bias=all", "k:mean=tile"))]
                  + [("graded-high", _each(["k4v4"], "", "k:bias=all", *_COUNTS[:3]))],
    "scale": [(variant, _each(["k4v4"], *_SCALE)) for variant in ("scale-low-30", "scale-high-30")],
    "scale-wider": [("scale-low-30", ["k4v4 k:mean=tile", "k4v4 k:mean=tile k:before=balance-weights", "k8v8",
                                      "k8v8 k:before=balance-weights"])],
    "means": [("own", ["k4v4 k:bias=calibrated", "k4v4 k:mean=first", "k4v4 k:mean=tile", "k3v3 k:mean=tile",
                       "k2v2 k:mean=tile", "k3v3 k:mean=half", "k3v3 k:mean=trend", "k3v3 k:mean=first",
                       "k3v3 v:mean=tile", "k3v3 k:bias=calibrated", "k2v2 k:mean=half", "k2v2 k:mean=trend"])],
    "codes": [("own", ["k4v4 trellis", "k3v3 trellis", "k2v2 trellis", "k3v3 trellis-tokens", "k3v3 scale8",
                       "k3v3 dual8", "k2v2 dual8", "k4v4 dual8", "k3v3 k:dual8", "k3v3 k:mean=tile trellis",
                       "k2v2 k:mean=tile trellis", "k3v3 k:mean=tile k:dual8", "k2v2 k:mean=tile dual8",
                       "k3v3 before=balance", "k4v4 k:before=balance", "k3v3 k:before=balance-weights",
                       "k3v3 k:mean=tile before=balance"])],
    "pairs": [("own", ["k4v3", "k3v4", "k8v2", "k4v2", "k4v3 k:mean=tile", "k3v4 k:mean=tile", "k4v2 k:mean=tile",
                       "k2v3 k:mean=tile", "k3v2 k:mean=tile", "k8v3", "k3v2"])],
    "window": [("own", _each(["k3v3"], "first=0", "recent=128", "first=4", "recent=64", "first=16", "recent=256")
                + _each(["k4v4", "k2v2"], "first=0", "recent=128"))],
    "both": [("own", [f"{pair} k:mean=tile recent=64" for pair in ("k4v4", "k3v3", "k2v2")])],
    "ends": [("own", ["k3v3 ends=8/8", "k4v2 ends=8/8", "k4v2 ends=2/8", "k8v2 ends=2/8", "k4v3 ends=8/8",
                      "k3v3 k:mean=tile ends=8/8"])],
}
