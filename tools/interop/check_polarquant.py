#!/usr/bin/env python3
"""Checks hlwq against the published tool, polarquant 0.6.0 from PyPI.

usage: check_polarquant.py [--hlwq build/release/bin/hlwq] [--venv build/interop/polarquant]

Makes the virtual environment when it is missing (torch with its CUDA parts: about 5 GB), then

1. lets the published tool quantize a small model in its three packings, runs `hlwq dequantize` on the
   result and compares every tensor with what codes, norms and table mean in float64: 1e-5 of the
   tensor's largest value;
2. lets `hlwq quantize --compat polarquant-v1` quantize the same model and requires that the published
   tool's own functions read the same codes from it and that the recorded table is theirs bit for bit,
   so that its decoder starts from the same numbers as ours. Codes and norms are compared with those
   that the published encoder finds; ties and roundings are counted.

Exits 1 where a check fails. Needs a network on the first run.
"""
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import environment

PACKAGES = ["polarquant==0.6.0", "torch", "transformers", "accelerate", "scipy", "safetensors", "numpy"]
TOLERANCE = 1e-5
BLOCK = 128
# Codes of the published encoder and of ours may differ on ties and where float32 sums round apart.
MAX_DIFFERENT_CODES = 1e-3


def make_model(folder: pathlib.Path) -> None:
    """A two-layer Llama whose widths leave padding in the last block."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(hidden_size=192, intermediate_size=320, num_hidden_layers=2, vocab_size=256,
                         num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


def load(folder: pathlib.Path) -> dict:
    from safetensors.torch import load_file

    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors |= load_file(path)
    return tensors


def hadamard():
    import torch

    h = torch.ones(1, 1, dtype=torch.float64)
    while h.shape[0] < BLOCK:
        h = torch.cat([torch.cat([h, h], 1), torch.cat([h, -h], 1)]) / math.sqrt(2)
    return h


def decode(codes, norms, scaled_levels, in_features: int):
    """Float64: (level / sqrt(128)) H norm, padding cut off."""
    rows = codes.shape[0]
    blocks = (codes.long() & 255).view(rows, -1, BLOCK)
    values = scaled_levels.double()[blocks] @ hadamard() * norms.double().unsqueeze(-1)
    return values.reshape(rows, -1)[:, :in_features]


def run_hlwq(hlwq: str, *arguments) -> None:
    subprocess.run([hlwq, *map(str, arguments), "--quiet"], check=True)


def compare(name: str, want, got) -> float:
    """The largest difference, relative to the largest value."""
    if want.shape != got.shape:
        raise SystemExit(f"{name}: want shape {list(want.shape)}, got {list(got.shape)}")
    error = ((want - got.double()).abs().max() / want.abs().max()).item()
    if not error <= TOLERANCE:
        raise SystemExit(f"{name}: off by {error:.2e} of its largest value, want {TOLERANCE}")
    return error


def check_reading(hlwq: str, model: pathlib.Path, work: pathlib.Path) -> None:
    from polarengine_vllm.packing import unpack_codes_half_block, unpack_codes_q5
    from polarengine_vllm.quantizer import PolarQuantizer

    packings = {"plain": (False, False), "nibbles": (True, False), "nibbles and 5-bit": (True, True)}
    for label, (nibbles, q5) in packings.items():
        published = work / f"published-{int(nibbles)}{int(q5)}"
        decoded = work / f"decoded-{int(nibbles)}{int(q5)}"
        PolarQuantizer().quantize_model(str(model), str(published), pack_int4=nibbles, pack_q5=q5)
        run_hlwq(hlwq, "dequantize", published, decoded, "--dtype", "f32")
        stored, ours = load(published), load(decoded)
        worst, layers = 0.0, json.loads((published / "polar_config.json").read_text())["layers"]
        for name, layer in layers.items():
            codes = stored[f"{name}.codes"]
            if layer.get("packed_q5"):
                codes = unpack_codes_q5(codes)
            elif layer.get("packed"):
                codes = unpack_codes_half_block(codes)
            want = decode(codes, stored[f"{name}.norms"], stored[f"{name}.ct_scaled"],
                          layer["in_features"])
            worst = max(worst, compare(f"{name}.weight", want, ours.pop(f"{name}.weight")))
        for name, tensor in ours.items():  # what was not quantized
            compare(name, stored[name].double(), tensor)
        bits = sorted({layer["bits"] for layer in layers.values()})
        print(f"read {label}: {len(layers)} matrices of {bits} bits, off by at most {worst:.1e}")


def read_bits(packed, bits: int, count: int):
    """MSB-first codes, read by the definition rather than by anybody's unpacker."""
    import torch

    stream = int.from_bytes(bytes(packed.tolist()), "big")
    total = packed.numel() * 8
    return torch.tensor([stream >> (total - (i + 1) * bits) & ((1 << bits) - 1) for i in range(count)])


def published_unpack(packed, bits: int, rows: int):
    """Codes [rows, in_padded] by the published functions; they have none for 1, 6 and 7 bits."""
    from polarengine_vllm.hf_integration import _unpack_5bit
    from polarengine_vllm.kv_cache.cache import BitPacker

    total = packed.numel() * 8 // bits
    if bits == 5:
        return _unpack_5bit(packed, total).view(rows, -1)
    return BitPacker.unpack(packed.view(rows, -1), bits, total // rows).view(rows, -1)


def check_writing(hlwq: str, model: pathlib.Path, work: pathlib.Path) -> None:
    import torch
    from polarengine_vllm import quantizer
    from polarengine_vllm.hf_integration import _get_centroids
    from polarengine_vllm.weight_converter import _dequant_weight

    quantizer.get_centroids = _get_centroids  # the table called polarquant-v1; the package has three
    source = load(model)
    for bits in (2, 3, 4, 5, 8):
        written, decoded = work / f"written-{bits}", work / f"written-decoded-{bits}"
        run_hlwq(hlwq, "quantize", model, written, "--bits", bits, "--compat", "polarquant-v1")
        run_hlwq(hlwq, "dequantize", written, decoded, "--dtype", "f32")
        stored, ours = load(written), load(decoded)
        section = json.loads((written / "polar_config.json").read_text())["hlwq"]
        table = _get_centroids(bits)
        total = differing = norms_total = differing_norms = 0
        worst = 0.0
        for name, tensor in section["tensors"].items():
            spec = section["specs"][tensor["spec"]]
            levels = torch.tensor(spec["levels"], dtype=torch.float32)
            if spec["bits"] != bits or not torch.equal(levels, table):
                raise SystemExit(f"{name}: the {bits}-bit table differs from the published one")
            packed, norms = stored[f"{name}__packed"], stored[f"{name}__norms"]
            rows, in_features = tensor["shape"]
            codes = published_unpack(packed, bits, rows)
            if not torch.equal(codes.long().flatten(), read_bits(packed, bits, codes.numel())):
                raise SystemExit(f"{name}: the published functions read other codes")
            want = decode(codes, norms, table / math.sqrt(BLOCK), in_features)
            worst = max(worst, compare(name, want, ours[name]))
            # Its decoder computes in float32 and rounds to BF16: half a unit in the last place.
            theirs = _dequant_weight(codes, norms, table)[:, :in_features].double()
            if not ((theirs - want).abs() <= want.abs() / 256 + want.abs().max() * TOLERANCE).all():
                raise SystemExit(f"{name}: the published decoder gives other values")
            encoded = quantizer.PolarQuantizer().quantize_tensor(source[name].float(), bits)
            differing += int(((encoded["codes"].long() & 255) != codes).sum())
            differing_norms += int((encoded["norms"].view(torch.int16) != norms.view(torch.int16)).sum())
            total, norms_total = total + codes.numel(), norms_total + norms.numel()
        print(f"write {bits} bits: {len(section['tensors'])} matrices, off by at most {worst:.1e}; against "
              f"the published encoder {differing} of {total} codes and {differing_norms} of "
              f"{norms_total} norms differ")
        if total == 0 or differing > total * MAX_DIFFERENT_CODES:
            raise SystemExit(f"{bits} bits: too many codes differ, or there are none")


def main() -> None:
    parser = environment.parser(__doc__, "polarquant")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        make_model(work / "model")
        check_reading(arguments.hlwq, work / "model", work)
        check_writing(arguments.hlwq, work / "model", work)


if __name__ == "__main__":
    main()
