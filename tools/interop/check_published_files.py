#!/usr/bin/env python3
"""Tries chat templates, configurations and tokenizers of published models on hlwq, beside the real libraries.

usage: check_published_files.py [--hlwq build/release/bin/hlwq] [--venv build/interop/transformers] [FOLDER]

FOLDER has templates/*.jinja, configs/*.json and tokenizers/<name>/tokenizer.json, as one collects them from public
repositories. Each template renders a question, with and without a system message, as transformers renders it; the
parameters that `hlwq plan` counts are those of the model that transformers makes of the config.json; texts are encoded
as AutoTokenizer or the tokenizers library encodes them. What hlwq refuses must be one line with exit code 2. Prints a
table, and every difference; exits 1 where there is one.
"""
from __future__ import annotations

import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import environment

PACKAGES = ["torch", "transformers==5.24.0", "jinja2", "tokenizers"]
MODEL = environment.ROOT / "tests/golden/good/gguf/llama-bpe/model.gguf"
QUESTION, SYSTEM = "What is 2 + 2?\nSay \"why\".", "Be brief."
TEXTS = ["Hello, world!", "  two blanks,\ttab\n\nlines  ", "naïve café — 漢字 かな 한글", "1234567890 3.14159 0x1F", "emoji 👩‍👩‍👧‍👦 🇫🇷",
         "def f(x):\n    return x  # comment", "don't I'll we've", "", "\u200b\ufeff", "a" * 300, "<s>[INST] x [/INST]</s>",
         "<|im_start|>user\nhi<|im_end|>", "Ünïcödé ÀÉÎ ß ſ ﬁ", "العربية עברית हिन्दी ไทย"]


def run(hlwq: pathlib.Path, *arguments, text: str = "") -> subprocess.CompletedProcess:
    done = subprocess.run([hlwq, *map(str, arguments)], input=text.encode(), capture_output=True)
    done.line = done.stderr.decode().strip()
    if done.returncode not in (0, 2) or (done.returncode == 2 and "\n" in done.line):
        sys.exit(f"{arguments}: exit {done.returncode}: {done.stderr.decode()}")
    return done


def check_template(hlwq, model: pathlib.Path, path: pathlib.Path) -> list[str]:
    """The end of each conversation: "equal", "both refuse", or a difference."""
    from tokenizers import Tokenizer
    from transformers.utils.chat_template_utils import _compile_jinja_template

    source = path.read_text(encoding="utf-8")
    (model / "chat_template.jinja").write_text(source, encoding="utf-8")
    special = {key: value for key, value in json.loads((model / "tokenizer_config.json").read_text()).items()
               if key.endswith("_token") and isinstance(value, str)}
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    ends = []
    for system in (None, SYSTEM):
        messages = [{"role": "system", "content": system}] * (system is not None) + [{"role": "user", "content": QUESTION}]
        try:
            want = _compile_jinja_template(source).render(
                messages=messages, tools=None, documents=None, add_generation_prompt=True, **special)
        except Exception as error:  # noqa: BLE001, whatever a template throws
            want = error
        done = run(hlwq, "generate", model, "--chat", "-p", QUESTION, *(["--system", system] if system else []), "--max-tokens", 0,
                   "--ctx-size", 65536, "--json", "--quiet")
        if done.returncode == 2:
            ends.append("both refuse" if isinstance(want, Exception) else f"refused: {done.line}")
            continue
        ids = json.loads(done.stdout)["prompt"]["ids"]
        if isinstance(want, Exception):
            ends.append(f"rendered, but jinja2: {want}")
        elif ids == tokenizer.encode(want, add_special_tokens=False).ids:
            ends.append("equal")
        else:
            got = tokenizer.decode(ids, skip_special_tokens=False)
            ends.append(f"differs: want {want[:200]!r}, got {got[:200]!r}")
    return ends


def check_config(hlwq, path: pathlib.Path, work: pathlib.Path) -> str:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    done = run(hlwq, "plan", path, "--json", "--quiet")
    if done.returncode == 2:
        return f"refused: {done.line.rsplit(': ', 1)[-1][:60]}"
    shutil.copy(path, work / "config.json")
    plan = json.loads(done.stdout)
    try:
        config = AutoConfig.from_pretrained(work, trust_remote_code=False)
        if hasattr(config, "quantization_config"):
            del config.quantization_config
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config.get_text_config() if plan["model_type"].endswith("_text") else config)
        want = sum(parameter.numel() for parameter in model.parameters())
    except Exception as error:  # noqa: BLE001
        return f"planned; transformers: {str(error).splitlines()[0][:60]}"
    if plan["parameters"] == want:
        return "equal"
    if plan["parameters"] > want and hasattr(config, "vision_config"):
        return "equal but for the vision tower"
    return f"differs: want {want} parameters, got {plan['parameters']}"


def check_tokenizer(hlwq, folder: pathlib.Path) -> str:
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    done = run(hlwq, "tokenize", folder, text="x")
    if done.returncode == 2:
        return f"refused: {done.line.rsplit(': ', 1)[-1][:80]}"
    library = Tokenizer.from_file(str(folder / "tokenizer.json"))
    try:
        auto = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except Exception:  # noqa: BLE001, a class of its own code
        auto = None
    ends = set()
    for text in TEXTS:
        got = json.loads(run(hlwq, "tokenize", folder, text=text).stdout)
        if auto is not None and got == auto.encode(text):
            ends.add("equal")
        elif got == library.encode(text).ids:
            ends.add("equal" if auto is None else "equal to tokenizer.json")
        else:
            return f"differs on {text!r}: want {library.encode(text).ids[:12]}, got {got[:12]}"
    return max(ends)


def main() -> None:
    parser = environment.parser(__doc__, "transformers")
    parser.add_argument("folder", type=pathlib.Path, nargs="?")
    arguments = parser.parse_args()
    if arguments.folder is None:
        print("no folder of published files was given: nothing is tried")
        return
    environment.enter(arguments.venv, PACKAGES)
    os.environ["TRANSFORMERS_VERBOSITY"] = "error"
    hlwq = arguments.hlwq.resolve()
    table = collections.defaultdict(collections.Counter)

    def count(kind: str, name: str, end: str) -> None:
        short = end.split(":")[0]
        table[kind][short] += 1
        if short not in ("equal", "equal to tokenizer.json", "both refuse", "equal but for the vision tower"):
            print(f"{name}: {end}")

    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        run(hlwq, "import", MODEL, work / "model", "--quiet")
        (work / "model" / "tokenizer_config.json").write_text('{"bos_token": "<s>", "eos_token": "</s>"}')
        (work / "model" / "special_tokens_map.json").unlink(missing_ok=True)
        for path in sorted((arguments.folder / "templates").glob("*.jinja")):
            for end in check_template(hlwq, work / "model", path):
                count("templates", path.name, end)
        for path in sorted((arguments.folder / "configs").glob("*.json")):
            count("configs", path.name, check_config(hlwq, path, work))
        for path in sorted((arguments.folder / "tokenizers").iterdir()):
            count("tokenizers", path.name, check_tokenizer(hlwq, path))
    for kind, ends in table.items():
        print(f"{kind}: " + ", ".join(f"{number} {end}" for end, number in ends.most_common()))
    wrong = ("differs", "rendered, but jinja2")
    sys.exit(any(end.startswith(wrong) for ends in table.values() for end in ends))


if __name__ == "__main__":
    main()
