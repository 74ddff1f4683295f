"""A Llama in float32 whose cache is simulated: what a token sees of earlier pages is what their codes give."""
import json
import math
import pathlib

import safetensors.torch
import torch
import torch.nn.functional as F

from codes import PAGE, decoded

BLOCK = 256  # queries at once


class Linear:
    """With weights that oneDNN has packed: twice as fast here as matmul."""

    def __init__(self, weight):
        self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), 2048)

    def __call__(self, x):
        return torch.ops.mkldnn._linear_pointwise(x, self.packed, None, "none", [], "")


class Model:
    def __init__(self, folder):
        folder = pathlib.Path(folder)
        config = json.loads((folder / "config.json").read_text())
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.dims, self.eps = config["head_dim"], config["rms_norm_eps"]
        theta = config["rope_theta"]
        self.frequencies = theta ** (-torch.arange(0, self.dims, 2).double() / self.dims)
        weights = {name: tensor.float() for name, tensor in
                   safetensors.torch.load_file(folder / "model.safetensors").items()}
        self.embedding = weights["model.embed_tokens.weight"]
        self.last_norm = weights["model.norm.weight"]
        self.head = Linear(self.embedding)
        self.layers = []
        for number in range(config["num_hidden_layers"]):
            own = {name: weights[f"model.layers.{number}.{name}.weight"] for name in
                   ["input_layernorm", "post_attention_layernorm", *[f"self_attn.{p}_proj" for p in "qkvo"],
                    *[f"mlp.{p}_proj" for p in ("gate", "up", "down")]]}
            layer = {name.split(".")[-1]: tensor for name, tensor in own.items()}
            for name in ("gate_proj", "up_proj", "down_proj", "o_proj"):
                layer[name + "_run"] = Linear(layer[name])
            layer["qkv_run"] = Linear(torch.cat([layer[p + "_proj"] for p in "qkv"]))
            self.layers.append(layer)
        self.change = None  # see variants.py

    def rotate(self, x, start=0):
        """Rotary embedding of x [.., tokens, dims]."""
        angles = torch.outer(torch.arange(start, start + x.shape[-2]).double(), self.frequencies)
        cos, sin = angles.cos().float(), angles.sin().float()
        a, b = x.chunk(2, -1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def norm(self, x, weight):
        return F.rms_norm(x, (x.shape[-1],), weight, self.eps)

    def heads_of(self, number, x):
        """q [kv_heads, queries of each, tokens, dims], k and v [kv_heads, tokens, dims]; before rotary embedding."""
        layer, tokens = self.layers[number], len(x)
        qkv = layer["qkv_run"](self.norm(x, layer["input_layernorm"]))
        parts = qkv.view(tokens, -1, self.dims).transpose(0, 1)
        q = parts[:self.heads].reshape(self.kv_heads, -1, tokens, self.dims)
        k, v = parts[self.heads:self.heads + self.kv_heads], parts[self.heads + self.kv_heads:]
        if self.change:
            q = q * self.change["q_scale"][number][:, None, None]
            k = k * self.change["k_scale"][number][:, None] + self.change["bias"][number][:, None]
        return q, k, v

    def hidden(self, tokens, scheme=None, static=None, watch=None):
        """The last hidden states. scheme: see schemes.py, with static of variants.statistics; None: all exact."""
        x = self.embedding[tokens]
        for number, layer in enumerate(self.layers):
            q, k, v = self.heads_of(number, x)
            if watch:
                watch(number, q, k, v)
            q, k = self.rotate(q), self.rotate(k)
            if scheme:
                keys, values = scheme.coders(number, len(self.layers))
                own = static[number]
                bias = self.bias_at(number, keys.bias, own["mean"], len(tokens)) if keys.bias else None
                coded_k = decoded(k, keys, own["k"], bias)
                coded_v = decoded(v, values, own["v"])
                y = self.attend(q, k, v, coded_k, coded_v, scheme.first, scheme.recent)
            else:
                y = self.attend(q, k, v, k, v, 0, -PAGE)
            x = x + layer["o_proj_run"](y)
            z = self.norm(x, layer["post_attention_layernorm"])
            x = x + layer["down_proj_run"](F.silu(layer["gate_proj_run"](z)) * layer["up_proj_run"](z))
        return self.norm(x, self.last_norm)

    def bias_at(self, number, which, mean, tokens):
        """The rotated bias of keys at each position: "all", of the N pairs where it is largest, or instead of it
        the "calibrated" mean."""
        if which == "calibrated":
            return self.rotate(mean[:, None].expand(-1, tokens, -1))
        bias = self.change["bias"][number]
        if which != "all":
            half = self.dims // 2
            sizes = bias[:, :half].square() + bias[:, half:].square()
            keep = torch.zeros_like(sizes).scatter_(1, sizes.topk(int(which), 1).indices, 1)
            bias = bias * torch.cat([keep, keep], 1)
        return self.rotate(bias[:, None].expand(-1, tokens, -1))

    def attend(self, q, k, v, coded_k, coded_v, first, recent):
        """[tokens, heads * dims]. Exact are the first tokens, the own page, and the `recent` tokens before it; of
        recent = -PAGE nothing needs to be mixed."""
        groups, each, tokens, dims = q.shape
        if first:
            coded_k, coded_v = coded_k.clone(), coded_v.clone()
            coded_k[:, :first], coded_v[:, :first] = k[:, :first], v[:, :first]
        keys = coded_k.transpose(1, 2).contiguous() / math.sqrt(dims)
        exact_keys = k.transpose(1, 2) / math.sqrt(dims)
        corrections = v - coded_v
        y = torch.empty(tokens, groups, each, dims)
        for begin in range(0, tokens, BLOCK):
            end = min(begin + BLOCK, tokens)
            queries = q[:, :, begin:end]
            scores = (queries.reshape(groups, -1, dims) @ keys[:, :, :end]).view(groups, each, end - begin, end)
            pages = [] if recent < 0 else [(at, max(at - recent, 0)) for at in range(begin, end, PAGE)]
            for at, since in pages:
                rows = slice(at - begin, at - begin + PAGE)
                exact = queries[:, :, rows].reshape(groups, -1, dims) @ exact_keys[:, :, since:at + PAGE]
                scores[:, :, rows, since:at + PAGE] = exact.view(groups, each, PAGE, -1)
            later = torch.ones(end - begin, end - begin, dtype=torch.bool).triu(1)
            scores[:, :, :, begin:].masked_fill_(later, -math.inf)
            weights = torch.softmax(scores, -1)
            out = (weights.view(groups, -1, end) @ coded_v[:, :end]).view(groups, each, end - begin, dims)
            for at, since in pages:
                rows = slice(at - begin, at - begin + PAGE)
                part = weights[:, :, rows, since:at + PAGE].reshape(groups, each * PAGE, -1)
                out[:, :, rows] += (part @ corrections[:, since:at + PAGE]).view(groups, each, PAGE, dims)
            y[begin:end] = out.permute(2, 0, 1, 3)
        return y.view(tokens, -1)
