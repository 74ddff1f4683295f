"""Keys or values of one layer as their codes give them back. x is [heads, tokens, dims], tokens in whole pages."""
import dataclasses

import torch

import trellis

PAGE = 64
LLOYD = {2: [0.452780, 1.510418], 3: [0.245094, 0.756005, 1.343909, 2.151946],
         4: [0.128395, 0.388048, 0.656759, 0.942340, 1.256231, 1.618046, 2.069017, 2.732590]}
ROUNDS = 4


@dataclasses.dataclass(frozen=True)
class Coder:
    """How numbers are coded. In the order in which it is done:"""
    bits: int = 16
    bias: str = ""  # a known bias that is taken off, exactly: "all", pairs of the largest, "calibrated" (model.py)
    before: str = ""  # scales of channels before the rotation: "tile", or the name of a static vector
    rotate: bool = True
    mean: str = ""  # taken off, in 8 bits: "tile", its mean; "half", of 32 tokens; "trend", mean and slope; or
    #               "first", the mean of the first page, the same everywhere
    dual: int = 0  # bits of scales of channels of a tile, after the rotation
    code: str = "lloyd"  # or "trellis", "trellis-tokens"
    scale_bits: int = 16  # of a token's multiplier; 8: logarithmic, beside one of the tile

    def all_bits(self, dims):
        if self.bits == 16:
            return 16.0
        vectors = {"tile": 1, "half": 2, "trend": 2}.get(self.mean, 0) + (self.before == "tile")
        singles = vectors + (self.scale_bits == 8) + (self.dual == 8)  # 16 bits each
        return (self.bits + self.scale_bits / dims + self.dual / PAGE + vectors * 8 / PAGE
                + singles * 16 / (PAGE * dims))


def hadamard(size):
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)])
    return matrix / size**0.5


def lloyd_levels(bits):
    positive = torch.tensor(LLOYD[bits])
    positive = torch.round(positive / positive[-1] * 127)
    return torch.cat([-positive.flip(0), positive])


def log_scales(scales, dim):
    """Positive scales in 8 bits: 32 steps an octave, below the largest along dim, which is kept."""
    most = scales.amax(dim, keepdim=True).clamp_min(1e-20)
    steps = torch.round(torch.log2((scales / most).clamp_min(1e-6)) * 32).clamp(-255, 0)
    return most * torch.exp2(steps / 32)


def _round_multipliers(m, scale_bits):
    """m [heads, tokens, 1]"""
    if scale_bits == 8:
        tiles = m.reshape(m.shape[0], -1, PAGE)
        return log_scales(tiles, 2).reshape(m.shape)
    return m.clamp_max(65504).half().float()


def _inverse(m):
    return torch.where(m > 0, 1 / m, torch.zeros_like(m))


def _nearest(magnitudes, levels):
    found = torch.full_like(magnitudes, levels[0].item())
    for low, high in zip(levels[:-1].tolist(), levels[1:].tolist()):
        found.add_(magnitudes > (low + high) / 2, alpha=high - low)
    return found


def _lloyd(x, bits, scale_bits):
    levels = lloyd_levels(bits)
    levels = levels[len(levels) // 2:]
    magnitudes = x.abs()
    m = x.square().mean(-1, keepdim=True).sqrt() * (LLOYD[bits][-1] / 127)
    for _ in range(ROUNDS):
        codes = _nearest(magnitudes * _inverse(m), levels)
        m = torch.linalg.vecdot(magnitudes, codes)[..., None] / torch.linalg.vecdot(codes, codes)[..., None]
    m = _round_multipliers(m, scale_bits)
    return torch.copysign(m * _nearest(magnitudes * _inverse(m), levels), x)


def _trellis(x, bits, scale_bits, along_tokens):
    heads, tokens, dims = x.shape
    largest = trellis.levels_of(bits)[-1]
    m = x.square().mean(-1, keepdim=True).sqrt() * (trellis.REACH[bits] / largest)

    def coded(m):
        z = x * _inverse(m)
        if not along_tokens:
            return trellis.code(z.reshape(-1, dims).T.contiguous(), bits).T.reshape(x.shape)
        pages = z.reshape(heads, -1, PAGE, dims).permute(2, 0, 1, 3)
        weights = m.reshape(heads, -1, PAGE, 1).square().expand(-1, -1, -1, dims).permute(2, 0, 1, 3)
        found = trellis.code(pages.reshape(PAGE, -1).contiguous(), bits, weights.reshape(PAGE, -1))
        return found.reshape(pages.shape).permute(1, 2, 0, 3).reshape(x.shape)

    for _ in range(2):
        codes = coded(m)
        m = (x * codes).sum(-1, keepdim=True) / codes.square().sum(-1, keepdim=True).clamp_min(1e-9)
    m = _round_multipliers(m.clamp_min(0), scale_bits)
    return m * coded(m)


def _numbers(x, coder):
    if coder.bits == 8:
        m = _round_multipliers(x.abs().amax(-1, keepdim=True) / 127, coder.scale_bits)
        return m * torch.round(x * _inverse(m)).clamp(-127, 127)
    if coder.code == "lloyd":
        return _lloyd(x, coder.bits, coder.scale_bits)
    return _trellis(x, coder.bits, coder.scale_bits, coder.code == "trellis-tokens")


def _in_tiles(x):
    return x.reshape(x.shape[0], -1, PAGE, x.shape[2])


def _dual_scales(tiles, bits):
    """Scales of channels [heads, pages, 1, dims] of iterated scaling of both axes."""
    channels = torch.ones_like(tiles[:, :, :1])
    for _ in range(6):
        rows = (tiles / channels).square().mean(3, keepdim=True).sqrt().clamp_min(1e-12)
        channels = (tiles / rows).square().mean(2, keepdim=True).sqrt().clamp_min(1e-12)
    return log_scales(channels, 3) if bits == 8 else channels.half().float()


def _in_8_bits(x):
    m = (x.abs().amax(-1, keepdim=True) / 127).half().float()
    return m * torch.round(x * _inverse(m))


def _mean(y, kind):
    """What is taken off y, as coded."""
    if kind == "first":
        return y[:, PAGE // 8:PAGE].mean(1, keepdim=True).half().float().expand_as(y)
    size = PAGE // 2 if kind == "half" else PAGE
    pieces = y.reshape(y.shape[0], -1, size, y.shape[2])
    found = _in_8_bits(pieces.mean(2, keepdim=True)).expand_as(pieces)
    if kind == "trend":
        at = (torch.arange(size) - (size - 1) / 2)[:, None]
        found = found + at * _in_8_bits((pieces * at).sum(2, keepdim=True) / at.square().sum())
    return found.reshape(y.shape)


def decoded(x, coder, static=None, bias=None):
    """x as it is after coding. static: vectors [heads, dims] by name. bias: what is taken off first, like x."""
    if coder.bits == 16:
        return x
    y = x if bias is None else x - bias
    if coder.before == "tile":
        before = log_scales(_in_tiles(y).square().mean(2, keepdim=True).sqrt(), 3)
        y = (_in_tiles(y) / before).reshape(x.shape)
    elif coder.before:
        before = static[coder.before][:, None]
        y = y / before
    h = hadamard(x.shape[2])
    if coder.rotate:
        y = y @ h
    if coder.mean:
        mean = _mean(y, coder.mean)
        y = y - mean
    if coder.dual:
        channels = _dual_scales(_in_tiles(y), coder.dual)
        y = (_in_tiles(y) / channels).reshape(x.shape)
    y = _numbers(y, coder)
    if coder.dual:
        y = (_in_tiles(y) * channels).reshape(x.shape)
    if coder.mean:
        y = y + mean
    if coder.rotate:
        y = y @ h
    if coder.before == "tile":
        y = (_in_tiles(y) * before).reshape(x.shape)
    elif coder.before:
        y = y * before
    return y if bias is None else y + bias
