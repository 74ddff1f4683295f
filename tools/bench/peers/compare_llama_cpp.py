#!/usr/bin/env python3
"""Decode and prefill speed of hlwq beside llama.cpp's, in interleaved rounds on one machine.

usage: compare_llama_cpp.py [--hlwq BINARY] [--work FOLDER] [--checkpoint FOLDER]... [--avx2]
                            [--types Q5_K_S,Q4_K_S,Q4_0] [--codes hlwq:5,hlwq-t:5,hlwq-t:4,hlwq-t:3]
                            [--threads 1,2] [--rounds 5]

Without --checkpoint: a 1.1 B Llama shape with random weights. llama-cpp-python is built from source
for this machine (minutes), as a user of speed would; with --avx2 both programs are kept from better
instructions. Prints a table of medians with their ranges, and the ratio to the first type.
"hlwq:5+interleave" runs with --interleave.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools/interop"))
import environment  # noqa: E402

PACKAGES = ["llama-cpp-python==0.3.36", "gguf", "numpy"]
AVX2_ONLY = ["GGML_NATIVE=OFF", "GGML_AVX=ON", "GGML_AVX2=ON", "GGML_FMA=ON", "GGML_F16C=ON", "GGML_BMI2=ON",
             "GGML_AVX512=OFF"]
TINY_LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float16",
    "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
    "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 64,
    "max_position_embeddings": 2048, "vocab_size": 32000, "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": False,
    "attention_bias": False, "mlp_bias": False}


def arguments(document: str) -> argparse.ArgumentParser:
    """What the comparisons with llama.cpp have in common; enter() reads it."""
    parser = environment.parser(document, "llama-cpp")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/peers")
    parser.add_argument("--avx2", action="store_true")
    return parser


def enter(args: argparse.Namespace) -> None:
    """Goes on in an environment with llama.cpp built for this machine, or with both programs kept to AVX2."""
    if args.avx2:
        args.venv = args.venv.with_name(args.venv.name + "-avx2")
        os.environ["CMAKE_ARGS"] = " ".join(f"-D{option}" for option in AVX2_ONLY)
        os.environ["PIP_NO_CACHE_DIR"] = "1"  # which may have one built for this machine
        os.environ["HLWQ_TARGET"] = "avx2"
    environment.enter(args.venv, PACKAGES)
    args.work.mkdir(parents=True, exist_ok=True)


def synthetic(hlwq: pathlib.Path, work: pathlib.Path) -> pathlib.Path:
    folder = work / "llama-1.1b"
    if not folder.exists():
        shape = work / "llama-1.1b.json"
        shape.write_text(json.dumps(TINY_LLAMA))
        environment.run(hlwq, "synth", shape, folder)
    return folder


def quantized(hlwq: pathlib.Path, checkpoint: pathlib.Path, codes: str, work: pathlib.Path) -> pathlib.Path:
    """The same bits everywhere; a tied embedding at 6, which is what its head wants."""
    codec, bits = codes.split("+")[0].split(":")
    folder = work / f"{checkpoint.name}-{codec}-{bits}"
    if not folder.exists():
        is_tied = json.loads((checkpoint / "config.json").read_text()).get("tie_word_embeddings")
        extra = ["--embeddings", "6"] if is_tied else []
        environment.run(hlwq, "quantize", checkpoint, folder, "--recipe", "uniform", "--codec", codec, "--bits",
                        bits, *extra)
    return folder


def ggufs(checkpoint: pathlib.Path, types: list[str], work: pathlib.Path) -> dict[str, pathlib.Path]:
    import ctypes
    import llama_cpp
    import llama_gguf

    source = work / f"{checkpoint.name}-f16.gguf"
    if not source.exists():
        llama_gguf.write(checkpoint, source)
    files = {}
    for name in types:
        files[name] = work / f"{checkpoint.name}-{name.lower()}.gguf"
        if files[name].exists():
            continue
        parameters = llama_cpp.llama_model_quantize_default_params()
        parameters.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{name}")
        status = llama_cpp.llama_model_quantize(str(source).encode(), str(files[name]).encode(),
                                                ctypes.byref(parameters))
        if status != 0:
            sys.exit(f"{name}: llama.cpp's quantizer failed with {status}")
    return files


def time_hlwq(hlwq, folder, options, threads, prefill, decode):
    report = json.loads(environment.run(hlwq, "bench", folder, "-t", threads, "-p", prefill, "-n", decode,
                                        "--repetitions", 1, "--json", "--quiet", *options))
    run = report["threads"][0]
    return {"prefill": run["prefill_tokens_per_second"]["median"],
            "decode": run["decode_tokens_per_second"]["median"],
            "share": run["decode_share_of_plain_read"]["median"]}


def run_llama(script: str, *words) -> dict:
    """The JSON object that a script of this folder prints, in a process of its own."""
    path = pathlib.Path(__file__).with_name(script)
    run = subprocess.run([sys.executable, path, *map(str, words)], check=True, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    return json.loads(run.stdout)


def show(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


def compare(args, checkpoint: pathlib.Path) -> None:
    folders = {codes: quantized(args.hlwq, checkpoint, codes, args.work) for codes in args.codes}
    files = ggufs(checkpoint, args.types, args.work)
    print(f"\n{checkpoint.name}: {args.rounds} rounds, tokens/s, prefill of {args.prefill}, "
          f"decode of {args.decode}\n")
    print(f"| engine | threads | prefill | decode | prefill to {args.types[0]} | decode to it | of plain read |")
    print("|---|---|---|---|---|---|---|")
    for threads in args.threads:
        runs = {name: [] for name in [*folders, *files]}
        for _ in range(args.rounds):
            for codes, folder in folders.items():
                options = ["--interleave"] if "+" in codes else []
                runs[codes].append(time_hlwq(args.hlwq, folder, options, threads, args.prefill, args.decode))
            for name, path in files.items():
                runs[name].append(run_llama("llama_speed.py", path, threads, args.prefill, args.decode))
        median = lambda name, key: statistics.median(run[key] for run in runs[name])
        for name, results in runs.items():
            cells = [show([run[key] for run in results]) for key in ("prefill", "decode")]
            cells += [f"{median(name, key) / median(args.types[0], key):.2f}" for key in ("prefill", "decode")]
            cells.append(f"{100 * median(name, 'share'):.0f} %" if name in folders else "")
            print(f"| {name} | {threads} | {' | '.join(cells)} |", flush=True)


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--checkpoint", type=pathlib.Path, action="append")
    parser.add_argument("--types", type=lambda text: text.split(","), default=["Q5_K_S", "Q4_K_S", "Q4_0"])
    parser.add_argument("--codes", type=lambda text: text.split(","),
                        default=["hlwq:5", "hlwq-t:5", "hlwq-t:4", "hlwq-t:3"])
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--decode", type=int, default=64)
    args = parser.parse_args()
    enter(args)
    for checkpoint in args.checkpoint or [synthetic(args.hlwq, args.work)]:
        compare(args, checkpoint)


if __name__ == "__main__":
    main()
