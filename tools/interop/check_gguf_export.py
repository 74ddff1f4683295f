#!/usr/bin/env python3
"""Checks `hlwq export --to gguf` against the gguf package and llama.cpp.

usage: check_gguf_export.py [MODEL...] [--hlwq build/release/bin/hlwq] [--venv build/interop/gguf-export]

MODEL is a trained Hugging Face folder with a tokenizer. For each, and for small models of random weights of
the architectures qwen2, qwen3 and qwen3_moe,

1. every tensor of the F16 file, read by the gguf package, must equal the source's weights in llama.cpp's
   row order, rounded to its type; of the Q8_0 file, what gguf.quants.quantize makes of them;
2. llama.cpp must load both;
3. llama.cpp must cut texts into the tokens that tokenizers gives;
4. its greedy answer from the F16 file must be that of `hlwq generate --temperature 0` on the same weights (but for qwen3_moe, which hlwq does not run).

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import environment
from check_gguf import TEXTS

PACKAGES = ["gguf", "numpy", "safetensors", "tokenizers", "llama-cpp-python"]
TOKENS = 32
RANDOM_TOKENS = 16  # of a model of random weights, which is often near a tie
PROMPTS = ["Once upon a time", "The capital of France is"]


# Small models of the architectures; their tokenizer is that of a golden GGUF file.
SMALL = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "vocab_size": 384, "max_position_embeddings": 512, "rms_norm_eps": 1e-06,
         "rope_theta": 1000000.0, "tie_word_embeddings": False, "bos_token_id": None, "eos_token_id": 2}
CONFIGS = [{"model_type": "qwen2"}, {"model_type": "qwen3", "head_dim": 64},
           {"model_type": "qwen3_moe", "head_dim": 64, "num_experts": 8, "num_experts_per_tok": 2,
            "moe_intermediate_size": 64, "norm_topk_prob": True}]


def make_small(hlwq: pathlib.Path, config: dict, work: pathlib.Path) -> pathlib.Path:
    """Random weights, four times as large as `synth` makes them: else every token is as likely as the next."""
    import float_tensors
    import numpy as np
    from safetensors.numpy import save_file

    name = config["model_type"]
    (work / f"{name}.json").write_text(json.dumps(SMALL | config))
    environment.run(hlwq, "synth", work / f"{name}.json", work / name, "--quiet")
    weights = work / name / "model.safetensors"
    tensors = {key: values if values.ndim == 1 else 4 * values for key, values in float_tensors.tensors(weights)}
    save_file({key: np.ascontiguousarray(values) for key, values in tensors.items()}, weights)
    golden = environment.ROOT / "tests/golden/good/gguf" / ("qwen2" if name == "qwen2" else "qwen3")
    shutil.copy(golden / "tokenizer.json", work / name)
    return work / name


def source_tensors(model: pathlib.Path) -> dict:
    """By Hugging Face name, float32."""
    import float_tensors

    return {name: values for path in sorted(model.glob("*.safetensors")) for name, values in float_tensors.tensors(path)}


def check_tensors(model: pathlib.Path, path: pathlib.Path) -> None:
    import gguf
    import numpy as np
    from gguf.quants import dequantize, quantize

    want = source_tensors(model)
    reader = gguf.GGUFReader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    arch = fields["general.architecture"]
    names = gguf.get_tensor_name_map(next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch),
                                     fields[f"{arch}.block_count"])
    by_name = {names.get_name(name, (".weight", ".bias")): name for name in want}
    left = set(want)
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        if tensor.name in by_name:
            values = want[by_name[tensor.name]]
            left.discard(by_name[tensor.name])
        else:  # experts of a layer, merged
            layer = tensor.name.split(".")[1]
            part = tensor.name.split("_")[1] + "_proj"
            experts = [f"model.layers.{layer}.mlp.experts.{e}.{part}.weight"
                       for e in range(fields[f"{arch}.expert_count"])]
            values = np.stack([want[name] for name in experts])
            left -= set(experts)
        heads = {"attn_q": fields[f"{arch}.attention.head_count"],
                 "attn_k": fields[f"{arch}.attention.head_count_kv"]}.get(tensor.name.split(".")[-2])
        if arch == "llama" and heads:
            values = values.reshape(heads, 2, -1, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
        values = np.ascontiguousarray(values)
        expected = dequantize(quantize(values, tensor.tensor_type), tensor.tensor_type)
        got = dequantize(tensor.data, tensor.tensor_type)
        if not np.array_equal(got.reshape(values.shape), expected.reshape(values.shape)):
            sys.exit(f"{path.name}: {tensor.name} ({tensor.tensor_type.name}) differs from the gguf package")
    if left:
        sys.exit(f"{path.name}: not in the file: {sorted(left)}")
    print(f"{path.name}: {len(reader.tensors)} tensors equal")


def check_tokenizer(llama, model: pathlib.Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    for text in TEXTS:
        text = tokenizer.normalizer.normalize_str(text) if "NFC" in repr(tokenizer.normalizer) else text
        want = tokenizer.encode(text).ids
        got = llama.tokenize(text.encode(), add_bos=True, special=True) if text else want
        if got != want:
            sys.exit(f"{model.name}: {text!r}: want tokens {want}, llama.cpp has {got}")
    print(f"{model.name}: {len(TEXTS)} texts cut alike")


def check_answers(hlwq: pathlib.Path, model: pathlib.Path, half: pathlib.Path, llama, count: int) -> None:
    """`half` holds the weights of the file."""
    for prompt in PROMPTS:
        ours = json.loads(environment.run(hlwq, "generate", half, "-p", prompt, "--temperature", "0", "-n", count,
                                          "--quiet", "--json"))
        want = ours["answers"][0]["ids"]
        ids = llama.tokenize(prompt.encode(), add_bos=True, special=True)
        if ids != ours["prompt"]["ids"]:
            sys.exit(f"{model.name}: {prompt!r}: llama.cpp reads {ids}, hlwq {ours['prompt']['ids']}")
        got = []
        llama.reset()
        for token in llama.generate(ids, temp=0.0, top_k=1, repeat_penalty=1.0):
            if len(got) == len(want):
                break
            got.append(token)
        if got != want:
            sys.exit(f"{model.name}: {prompt!r}: llama.cpp answers {got}, hlwq {want}")
        print(f"{model.name}: {prompt!r}: {len(got)} tokens equal")


def check_model(hlwq: pathlib.Path, model: pathlib.Path, work: pathlib.Path, count: int) -> None:
    import llama_cpp

    files = {}
    for kind in ("f16", "q8_0"):
        folder = work / f"{model.name}-{kind}"
        subprocess.run([hlwq, "export", model, folder, "--to", "gguf", "--type", kind, "--quiet"], check=True)
        subprocess.run([hlwq, "verify", folder, "--quiet"], check=True)
        files[kind] = next(folder.glob("*.gguf"))
        check_tensors(model, files[kind])
    half = work / f"{model.name}-half"
    subprocess.run([hlwq, "import", files["f16"].parent, half, "--quiet"], check=True)
    llama = llama_cpp.Llama(str(files["f16"]), n_ctx=512, verbose=False)
    check_tokenizer(llama, model)
    # hlwq does not run models of experts; llama.cpp answering at all shows that it finds every tensor.
    if json.loads((model / "config.json").read_text())["model_type"] != "qwen3_moe":
        check_answers(hlwq, model, half, llama, count)
    small = llama_cpp.Llama(str(files["q8_0"]), n_ctx=512, verbose=False)
    answer = small.create_completion(PROMPTS[0], max_tokens=TOKENS, temperature=0.0)["choices"][0]["text"]
    print(f"{model.name}: Q8_0 answers {answer!r}"[:110])


def main() -> None:
    parser = environment.parser(__doc__, "gguf-export")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        hlwq, work = arguments.hlwq.resolve(), pathlib.Path(folder)
        for model in arguments.models:
            check_model(hlwq, model, work, TOKENS)
        for config in CONFIGS:
            check_model(hlwq, make_small(hlwq, config, work), work, RANDOM_TOKENS)


if __name__ == "__main__":
    main()
