#!/usr/bin/env python3
"""Checks `hlwq export --to compressed-tensors` against the compressed-tensors library and transformers.

usage: check_compressed_tensors.py [--hlwq build/release/bin/hlwq] [--venv build/interop/compressed-tensors] [MODEL_DIR...]

Makes the virtual environment when it is missing (torch: about 2 GB). Without folders, small random models of
several families are made by transformers itself. Each is exported at 4 and 8 bits, as it is and with the rotation
folded in; then

1. what the library decompresses is bit for bit what `hlwq dequantize` writes;
2. by rule absmax, codes and scales are bit for bit those of the library's own quantizer;
3. transformers loads the export with nothing missing, and its logits are those of the decoded weights to 1e-5 of
   the largest and, where `hlwq logits` runs the model, equal to that to 1e-3;
4. of a rotation left to the engine: with the library's own transform put before every layer the logits are the
   source's with noise, without it they are nothing like it.

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import check_transformers
import environment

PACKAGES = ["torch", "transformers==5.23.0", "compressed-tensors==0.20.0", "safetensors", "numpy", "accelerate"]
LOGITS_TOLERANCE = 1e-3
SAME_LOGITS_TOLERANCE = 1e-5
ONLINE_SNR_DB, WITHOUT_TRANSFORM_SNR_DB = 15.0, 6.0
PACKED = "_packed"


def fail(model: str, text: str) -> None:
    sys.exit(f"{model}: {text}")


def tensors(folder: pathlib.Path) -> dict:
    from safetensors.torch import load_file

    return {name: value for path in sorted(folder.glob("*.safetensors")) for name, value in load_file(path).items()}


def scheme_of(packed, scale, shape):
    """As the shapes of the three tensors tell it; 4 and 8 bits fill words."""
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    inputs = int(shape[1])
    arguments = QuantizationArgs(num_bits=32 * packed.shape[1] // inputs, type="int", symmetric=True, strategy="group",
                                 group_size=inputs // scale.shape[1])
    return QuantizationScheme(targets=["Linear"], weights=arguments)


def check_bits(model: str, exported: dict, decoded: dict, source: dict | None) -> int:
    """Checks 1 and, given the source's tensors, 2. Returns the number of matrices."""
    import torch
    from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor as compressor
    from compressed_tensors.quantization.utils import calculate_qparams

    names = [name.removesuffix(PACKED) for name in exported if name.endswith(PACKED)]
    for name in names:
        state = {f"weight_{part}": exported[f"{name}_{part}"] for part in ("packed", "scale", "shape")}
        scheme = scheme_of(state["weight_packed"], state["weight_scale"], state["weight_shape"])
        weight = compressor.decompress(state, scheme)["weight"]
        if weight.dtype != decoded[name].dtype or not torch.equal(weight, decoded[name]):
            fail(model, f"{name}: decompressed weights differ")
        if source is None or name not in source or source[name].dtype != weight.dtype:
            continue
        groups = source[name].unflatten(-1, (-1, scheme.weights.group_size))
        scale, _ = calculate_qparams(groups.amin(-1), groups.amax(-1), scheme.weights)
        for part, value in compressor.compress({"weight": source[name], "weight_scale": scale}, scheme).items():
            if not torch.equal(value, state[part]):
                fail(model, f"{name}: {part} is not the library's")
    return len(names)


def ids_of(config):
    import torch

    return torch.randint(3, config.get_text_config().vocab_size, (2, 16), generator=torch.Generator().manual_seed(1))


def logits_of(folder: pathlib.Path, dtype):
    """In float32, whatever the weights were loaded as. Compressed layers are decompressed by the first call."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder)
    model, info = getattr(transformers, config.architectures[0]).from_pretrained(folder, dtype=dtype, output_loading_info=True)
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if info[what]:
            fail(folder.name, f"{what}: {sorted(info[what])[:3]}")
    ids = ids_of(config)
    with torch.no_grad():
        model.eval()(input_ids=ids, use_cache=False)
        return torch.nn.Module.float(model)(input_ids=ids, use_cache=False).logits, ids


def runtime_logits(hlwq: pathlib.Path, folder: pathlib.Path, ids, work: pathlib.Path):
    """None where hlwq does not run models of this type."""
    (work / "ids.json").write_text(json.dumps(ids.tolist()))
    made = subprocess.run([hlwq, "logits", folder, "--ids", work / "ids.json", "-o", work / "logits.safetensors", "--quiet"],
                          text=True, stderr=subprocess.PIPE)
    if made.returncode == 0:
        from safetensors.torch import load_file

        return load_file(work / "logits.safetensors")["logits"]
    if "cannot be run" not in made.stderr:
        fail(folder.name, made.stderr)
    return None


def check_export(hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path, bits: int, rotation: str, rule: str) -> None:
    import torch

    name = f"{source.name}-{bits}-{rotation}-{rule}"
    made, plain = work / name, work / f"{name}-plain"
    environment.run(hlwq, "export", source, made, "--to", "compressed-tensors", "--bits", bits, "--rotation", rotation,
                    "--scale", rule, "--quiet")
    environment.run(hlwq, "dequantize", made, plain, "--quiet")
    own = tensors(source) if rule == "absmax" and rotation == "none" else None
    count = check_bits(name, tensors(made), tensors(plain), own)
    if count == 0:
        fail(name, "nothing was quantized")
    got, ids = logits_of(made, torch.bfloat16)
    want, _ = logits_of(plain, torch.bfloat16)
    difference = (got - want).abs().max().item()
    if not difference <= SAME_LOGITS_TOLERANCE * want.abs().max().item():
        fail(name, f"logits of the export and of the decoded weights differ by {difference:.3g}")
    ours = runtime_logits(hlwq, made, ids, work)
    text = "not run by hlwq"
    if ours is not None:
        difference = (got - ours).abs().max().item()
        text = f"logits within {difference:.1e} of ours"
        if not difference <= LOGITS_TOLERANCE:
            fail(name, f"logits differ from ours by {difference:.3g}")
    print(f"{name}: {count} matrices, {text}")


def check_online(hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path) -> None:
    import torch
    import transformers
    from compressed_tensors.compressors.pack_quantized.base import PackedQuantizationCompressor as compressor
    from compressed_tensors.transform import TransformConfig, TransformFactory
    from compressed_tensors.utils import match_named_modules

    name, made = f"{source.name}-8-online", work / f"{source.name}-online"
    environment.run(hlwq, "export", source, made, "--to", "compressed-tensors", "--bits", 8, "--rotation", "online", "--quiet")
    declared = json.loads((made / "config.json").read_text())["quantization_config"].get("transform_config")
    if declared is None:  # no rows of whole blocks
        return
    config = transformers.AutoConfig.from_pretrained(source)
    model = getattr(transformers, config.architectures[0]).from_pretrained(source, dtype=torch.float32).eval()
    ids = ids_of(config)
    with torch.no_grad():
        want = model(input_ids=ids, use_cache=False).logits.double()
        exported = tensors(made)
        for matrix in [key.removesuffix(PACKED) for key in exported if key.endswith(PACKED)]:
            state = {f"weight_{part}": exported[f"{matrix}_{part}"] for part in ("packed", "scale", "shape")}
            scheme = scheme_of(state["weight_packed"], state["weight_scale"], state["weight_shape"])
            model.get_parameter(matrix).copy_(compressor.decompress(state, scheme)["weight"])
        without = check_transformers.snr_db(want, model(input_ids=ids, use_cache=False).logits.double())
        transforms = TransformConfig.model_validate(declared)
        for key, scheme in transforms.config_groups.items():
            factory = TransformFactory.from_scheme(scheme, name=key)
            for arguments in scheme.apply:
                if arguments.location != "input":
                    continue
                for _, module in match_named_modules(model, arguments.targets, arguments.ignore):
                    transform = factory.create_transform(module, arguments)
                    module.register_forward_pre_hook(lambda _, inputs, transform=transform: (transform(inputs[0]), *inputs[1:]))
        snr = check_transformers.snr_db(want, model(input_ids=ids, use_cache=False).logits.double())
    print(f"{name}: logits at {snr:.1f} dB with the library's transform, {without:.1f} dB without")
    if not (snr >= ONLINE_SNR_DB and without <= WITHOUT_TRANSFORM_SNR_DB):
        fail(name, f"want {ONLINE_SNR_DB} dB or more with it, {WITHOUT_TRANSFORM_SNR_DB} or less without")


def main() -> None:
    parser = environment.parser(__doc__, "compressed-tensors")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        # Engines' kernels take experts of whole 64s; others are kept as they are, apart, which transformers cannot join.
        models = arguments.models or check_transformers.make_models(work, expert_width=128)
        for model in map(pathlib.Path.resolve, models):
            for bits, rotation, rule in ((4, "none", "absmax"), (4, "none", "mse"), (8, "none", "absmax"), (4, "folded", "mse")):
                check_export(arguments.hlwq, model, work, bits, rotation, rule)
            if "num_experts_per_tok" not in (model / "config.json").read_text():  # fused experts have no place for a hook
                check_online(arguments.hlwq, model, work)


if __name__ == "__main__":
    main()
