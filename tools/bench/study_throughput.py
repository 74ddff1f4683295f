#!/usr/bin/env python3
"""Training throughput of hlwq-study beside PyTorch's: the same model, batch, optimizer and threads, in turns.

usage: study_throughput.py --study build/release/bin/hlwq-study --corpus CORPUS [--preset laptop] [--threads 2]
                           [--steps 30] [--rounds 3]

CORPUS is what `hlwq-study prepare` made. PyTorch's model is written as one writes it today: scaled_dot_product_attention,
rms_norm, fused AdamW, without torch.compile. Prints a line a round and the ratio of the medians; needs the Python
packages torch and numpy.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F


class Layer(torch.nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        def linear(inputs, outputs):
            return torch.nn.Linear(inputs, outputs, bias=False)
        self.norm1, self.norm2 = torch.nn.RMSNorm(width, 1e-5), torch.nn.RMSNorm(width, 1e-5)
        self.q, self.k, self.v, self.o = (linear(width, width) for _ in range(4))
        self.gate, self.up, self.down = linear(width, hidden), linear(width, hidden), linear(hidden, width)


class Model(torch.nn.Module):
    """Llama's layers; causal or not."""

    def __init__(self, model, vocabulary, is_causal):
        super().__init__()
        self.heads, self.is_causal, self.vocabulary = model["heads"], is_causal, vocabulary
        head_dim = model["width"] // model["heads"]
        self.embedding = torch.nn.Embedding(vocabulary + 1, model["width"])
        self.layers = torch.nn.ModuleList(Layer(model["width"], model["hidden"]) for _ in range(model["layers"]))
        self.norm = torch.nn.RMSNorm(model["width"], 1e-5)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.02)
        inverse = model["rope_theta"] ** (-torch.arange(0, head_dim, 2) / head_dim)
        angles = torch.outer(torch.arange(model["window"]), inverse)
        self.register_buffer("cos", torch.cat([angles.cos()] * 2, -1))
        self.register_buffer("sin", torch.cat([angles.sin()] * 2, -1))

    def rotate(self, x):
        left, right = x.chunk(2, -1)
        return x * self.cos + torch.cat([-right, left], -1) * self.sin

    def hidden(self, tokens):
        x = self.embedding(tokens)
        batch, length, width = x.shape
        for layer in self.layers:
            normed = layer.norm1(x)
            q, k, v = (linear(normed).view(batch, length, self.heads, -1).transpose(1, 2)
                       for linear in (layer.q, layer.k, layer.v))
            mixed = F.scaled_dot_product_attention(self.rotate(q), self.rotate(k), v, is_causal=self.is_causal)
            x = x + layer.o(mixed.transpose(1, 2).reshape(batch, length, width))
            normed = layer.norm2(x)
            x = x + layer.down(F.silu(layer.gate(normed)) * layer.up(normed))
        return self.norm(x)

    def head(self, hidden):
        return hidden @ self.embedding.weight[: self.vocabulary].T


def autoregressive_loss(model, tokens):
    inputs = torch.cat([torch.ones_like(tokens[:, :1]), tokens[:, :-1]], 1)
    return F.cross_entropy(model.head(model.hidden(inputs)).flatten(0, 1), tokens.flatten())


def masked_loss(model, tokens):
    times = (torch.arange(len(tokens)) + torch.rand(1)) / len(tokens)
    is_masked = torch.rand(tokens.shape) < times[:, None]
    hidden = model.hidden(tokens.masked_fill(is_masked, model.vocabulary))[is_masked]
    losses = F.cross_entropy(model.head(hidden), tokens[is_masked], reduction="none")
    return (losses / times[:, None].expand(tokens.shape)[is_masked]).sum() / tokens.numel()


def pytorch_speed(config, arm, vocabulary, steps):
    training, shape = config["training"], config["model"]
    is_causal = arm["objective"] == "ar"
    model = Model(shape, vocabulary, is_causal)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    loss_of = autoregressive_loss if is_causal else masked_loss
    speeds = []
    for _ in range(steps):
        tokens = torch.randint(0, vocabulary, (training["batch"], shape["window"]))
        start = time.perf_counter()
        loss_of(model, tokens).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        speeds.append(tokens.numel() / (time.perf_counter() - start))
    return statistics.median(speeds)


def study_speed(options, config, folder):
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    run = folder / "run"
    subprocess.run([options.study, "train", run, "--config", path, "--corpus", options.corpus, "--threads",
                    str(options.threads), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    lines = [json.loads(line) for line in next(run.glob("*/log.jsonl")).read_text().splitlines()]
    return statistics.median(line["tokens_per_second"] for line in lines if "loss" in line)


def preset(options):
    """The preset as hlwq-study writes it."""
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run([options.study, "preset", options.preset], check=True, capture_output=True, text=True)
        return json.loads(text.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--study", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--preset", default="laptop")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = preset(options)
    config["seeds"] = [1]
    config["training"].update(steps=options.steps, log_every=1, evaluate_every=1 << 29, save_every=1 << 29)
    config["evaluation"].update(windows=1)
    vocabulary = vocabulary_of(options)
    for arm in config["arms"]:
        if arm["dropout"] > 0:
            continue
        ours, theirs = [], []
        for number in range(options.rounds):
            with tempfile.TemporaryDirectory() as folder:
                ours.append(study_speed(options, {**config, "arms": [arm]}, pathlib.Path(folder)))
            theirs.append(pytorch_speed(config, arm, vocabulary, options.steps))
            print(f"{arm['name']}, round {number + 1}: hlwq-study {ours[-1]:,.0f} tokens/s, "
                  f"PyTorch {torch.__version__} {theirs[-1]:,.0f}", flush=True)
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(f"{arm['name']}: {statistics.median(ours):,.0f} and {statistics.median(theirs):,.0f} tokens/s, "
              f"ratio {ratio:.2f}", flush=True)
    return 0


def vocabulary_of(options):
    header = pathlib.Path(options.corpus, "corpus.safetensors").open("rb").read(1 << 20)
    length = int.from_bytes(header[:8], "little")
    return int(json.loads(header[8:8 + length])["__metadata__"]["vocabulary"])


if __name__ == "__main__":
    sys.exit(main())
