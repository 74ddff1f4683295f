"""Changes of a model that give its keys outliers by channel, and statistics of its channels."""
import torch

# Kind: pairs of rotary embedding that may be chosen, from fast to slow.
PLACES = {"low": slice(22, 32), "high": slice(0, 10)}


def _of_pairs(x):
    half = x.shape[-1] // 2
    mean = ((x[..., :half].square() + x[..., half:].square()) / 2).sqrt()
    return torch.cat([mean, mean], -1)


def statistics(model, tokens):
    """Of each layer, {"k": {name: [kv_heads, dims]}, "v": ..}: static scales of channels by which keys and values
    may be divided. "static": the deviation measured on tokens; "balance": the square root of the deviation over
    that of queries, which makes the error of scores least (values: over the norm of columns of o_proj);
    "weights", "balance-weights": the same from weights alone. And "mean" of keys before rotary embedding, and
    deviations "rms_q", "rms_k"."""
    found = []

    def watch(number, q, k, v):
        layer = model.layers[number]
        groups, each, _, dims = q.shape
        rms_q, rms_k = _of_pairs(q.square().mean((1, 2)).sqrt()), _of_pairs(k.square().mean(1).sqrt())
        rms_v = v.square().mean(1).sqrt()
        norm = layer["input_layernorm"]
        rows = {p: (layer[p + "_proj"] * norm).square().sum(1).sqrt() for p in "qkv"}
        rows_q = _of_pairs(rows["q"].view(groups, each, dims).square().mean(1).sqrt())
        rows_k, rows_v = _of_pairs(rows["k"].view(groups, dims)), rows["v"].view(groups, dims)
        if model.change:
            q_scale, k_scale = model.change["q_scale"][number], model.change["k_scale"][number]
            rows_q, rows_k = rows_q * q_scale, rows_k * k_scale
        columns = layer["o_proj"].square().sum(0).view(groups, each, dims).mean(1).sqrt()
        found.append({"k": {"static": rms_k, "balance": (rms_k / rms_q).sqrt(), "weights": rows_k,
                            "balance-weights": (rows_k / rows_q).sqrt()},
                      "v": {"static": rms_v, "balance": (rms_v / columns).sqrt(), "weights": rows_v,
                            "balance-weights": (rows_v / columns).sqrt()},
                      "mean": k.mean(1), "rms_q": rms_q, "rms_k": rms_k})

    model.hidden(tokens, watch=watch)
    return found


def change_of(model, name, own_statistics):
    """The change that a name such as "low-30" or "scale-high-10" means; None for "own".

    low-M: the two slowest pairs of each key head get a bias of M typical deviations; queries stay, as so slow a pair
    hardly changes a score. high-M: two fast pairs, those with the least energy of q and k, whose queries are divided
    by M. graded-low, -high: four pairs, of 100, 30, 10 and 3 deviations. scale-low-M, -high-M: two pairs of least
    energy of the slow or fast ones, keys times M and queries divided by it, which changes no score."""
    if name == "own":
        return None
    words = name.split("-")
    place = PLACES["low" if "low" in words else "high"]
    sizes = [100, 30, 10, 3] if words[0] == "graded" else [float(words[-1])] * 2
    random = torch.Generator().manual_seed(7)
    half = model.dims // 2
    change = {"q_scale": [], "k_scale": [], "bias": []}
    for statistic in own_statistics:
        rms_q, rms_k = statistic["rms_q"], statistic["rms_k"]
        q_scale, k_scale = torch.ones_like(rms_q), torch.ones_like(rms_k)
        bias = torch.zeros_like(rms_k)
        for group in range(model.kv_heads):
            pairs = (rms_q * rms_k)[group, :half][place].argsort() + place.start
            if "low" in words and words[0] != "scale":
                pairs = torch.arange(half - 1, -1, -1)
            for size, pair in zip(sizes, pairs):
                both = torch.tensor([pair, pair + half])
                if words[0] == "scale" or "high" in words:
                    q_scale[group, both] = 1 / size
                if words[0] == "scale":
                    k_scale[group, both] = size
                else:
                    angle = torch.rand((), generator=random) * 2 * torch.pi
                    typical = rms_k[group].median() * 2**0.5
                    bias[group, both] = size * typical * torch.stack([angle.cos(), angle.sin()])
        for key, value in zip(change, (q_scale, k_scale, bias)):
            change[key].append(value)
    return change
