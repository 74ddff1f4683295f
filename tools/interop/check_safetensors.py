#!/usr/bin/env python3
"""Checks what hlwq writes with the safetensors package and a decoder of its own.

usage: check_safetensors.py [--hlwq build/release/bin/hlwq] [--venv build/interop/safetensors]

1. safetensors opens every file of synth, quantize and dequantize, in one shard and in many, and of import,
   and sees the names, dtypes and shapes that `hlwq inspect` tells.
2. Codes, norms and levels, decoded in float64 by the thirty lines below, equal `hlwq dequantize` to 1e-6 of the
   tensor's largest value, for 1 to 8 bits, matrices with padding and fused experts.

Exits 1 where a check fails. Needs a network on the first run.
"""
from __future__ import annotations

import json
import math
import pathlib
import struct
import sys
import tempfile

import environment

PACKAGES = ["safetensors", "numpy"]
TOLERANCE = 1e-6
BLOCK = 128
# Widths that leave padding in the last block.
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "vocab_size": 4096,
         "hidden_size": 192, "intermediate_size": 320, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "head_dim": 48, "tie_word_embeddings": False}
# The experts of a layer in one tensor.
MIXTURE = {"architectures": ["Qwen3_5MoeForCausalLM"], "model_type": "qwen3_5_moe_text", "dtype": "bfloat16",
           "vocab_size": 4096, "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 64,
           "num_key_value_heads": 1, "layer_types": ["linear_attention", "full_attention"], "num_experts": 4,
           "num_experts_per_tok": 2, "moe_intermediate_size": 160, "shared_expert_intermediate_size": 64,
           "linear_num_key_heads": 1, "linear_num_value_heads": 2, "linear_key_head_dim": 64,
           "linear_value_head_dim": 64, "linear_conv_kernel_dim": 4, "tie_word_embeddings": False}


def hadamard():
    import numpy as np

    h = np.ones((1, 1))
    while len(h) < BLOCK:
        h = np.block([[h, h], [h, -h]])
    return h / np.sqrt(BLOCK)


def decode_matrix(packed, norms, meta, levels, bits: int):
    """One matrix [out, in]: w = norm * H (level / sqrt(128)), the codes one MSB-first stream."""
    import numpy as np

    rows, blocks, block, count, columns = (int(n) for n in meta)
    stream = np.unpackbits(packed)[: count * bits].reshape(count, bits)
    codes = stream @ (1 << np.arange(bits)[::-1])
    values = levels[codes].reshape(rows, blocks, block) / np.sqrt(BLOCK) @ hadamard()
    return (values * norms.astype(np.float64)[:, :, None]).reshape(rows, blocks * block)[:, :columns]


def decode_tensor(name: str, shape: list, stored: dict, levels, bits: int):
    import numpy as np

    prefixes = [name] if len(shape) == 2 else [f"{name}_e{slice}" for slice in range(shape[0])]
    parts = [[stored[prefix + suffix] for suffix in ("__packed", "__norms", "__meta")] for prefix in prefixes]
    return np.stack([decode_matrix(*part, levels, bits) for part in parts]).reshape(shape)


def read_header(path: pathlib.Path) -> dict:
    """By hand: numpy knows no BF16."""
    with path.open("rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__", None)
    return header


def load(folder: pathlib.Path, dtypes: set | None = None) -> dict:
    from safetensors import safe_open

    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        header = read_header(path)
        with safe_open(path, "numpy") as file:
            if sorted(file.keys()) != sorted(header):
                sys.exit(f"{path}: safetensors sees other names than the header has")
            for name in file.keys():
                entry = file.get_slice(name)
                if entry.get_shape() != header[name]["shape"] or entry.get_dtype() != header[name]["dtype"]:
                    sys.exit(f"{path}: '{name}': safetensors sees {entry.get_dtype()} {entry.get_shape()}")
                is_wanted = dtypes is None or header[name]["dtype"] in dtypes
                tensors[name] = file.get_tensor(name) if is_wanted else None
    return tensors


def check_listing(hlwq: pathlib.Path, folder: pathlib.Path, shards: int | None = None) -> int:
    """Names, dtypes and shapes of a plain folder, and its index, against `hlwq inspect`."""
    headers = {path.name: read_header(path) for path in folder.glob("*.safetensors")}
    load(folder, set())
    seen = {name: (entry["dtype"], entry["shape"]) for header in headers.values() for name, entry in header.items()}
    told = json.loads(environment.run(hlwq, "inspect", folder, "--json"))["tensors"]
    if seen != {tensor["name"]: (tensor["storage"], tensor["shape"]) for tensor in told} or not seen:
        sys.exit(f"{folder}: hlwq inspect and the headers differ")
    if shards is not None and (len(headers) > 1) != (shards > 1):
        sys.exit(f"{folder}: {len(headers)} shards")
    if len(headers) > 1:
        index = json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"]
        if index != {name: file for file, header in headers.items() for name in header}:
            sys.exit(f"{folder}: the index names other files")
    return len(seen)


def check_codes(hlwq: pathlib.Path, model: pathlib.Path, work: pathlib.Path, bits: int, shard: str) -> None:
    import numpy as np

    coded, plain = work / f"{model.name}-q{bits}-{shard}", work / f"{model.name}-d{bits}-{shard}"
    environment.run(hlwq, "quantize", model, coded, "--codec", "hlwq", "--recipe", "published", "--bits", bits,
                    "--max-shard-size", shard, "--quiet")
    environment.run(hlwq, "dequantize", coded, plain, "--dtype", "f32", "--max-shard-size", shard, "--quiet")
    check_listing(hlwq, plain)
    section = json.loads((coded / "polar_config.json").read_text())["hlwq"]
    stored, decoded = load(coded, {"U8", "F16", "I64"}), load(plain, {"F32"})
    if any(norms.dtype != np.float16 for name, norms in stored.items() if name.endswith("__norms")):
        sys.exit(f"{coded}: norms are not F16")
    worst = 0.0
    for name, tensor in section["tensors"].items():
        spec = section["specs"][tensor["spec"]]
        levels = np.array(spec["levels"], dtype=np.float32).astype(np.float64)
        want = decode_tensor(name, tensor["shape"], stored, levels, spec["bits"])
        error = np.abs(want - decoded[name]).max() / np.abs(want).max()
        if decoded[name].shape != want.shape or not error <= TOLERANCE:
            sys.exit(f"{name}: off by {error:.1e} of its largest value, want {TOLERANCE}")
        worst = max(worst, error)
    if not section["tensors"]:
        sys.exit(f"{coded}: nothing was coded")
    print(f"{model.name}, {bits} bits, shards of {shard}: {len(stored)} stored tensors, "
          f"{len(section['tensors'])} decoded, off by at most {worst:.1e}")


def write_gguf(path: pathlib.Path) -> None:
    """A llama of one layer, matrices in F16 and norms in F32, by the GGUF specification."""
    import numpy as np

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    facts = {"block_count": 1, "embedding_length": 64, "feed_forward_length": 64, "attention.head_count": 2,
             "context_length": 64, "vocab_size": 32}
    metadata = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    metadata += [text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in facts.items()]
    metadata += [text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5)]
    infos, data = b"", b""
    for name in ("token_embd", "output_norm", "blk.0.attn_norm", "blk.0.attn_q", "blk.0.attn_k", "blk.0.attn_v",
                 "blk.0.attn_output", "blk.0.ffn_norm", "blk.0.ffn_gate", "blk.0.ffn_up", "blk.0.ffn_down"):
        is_norm = name.endswith("norm")
        shape = [64] if is_norm else [64, 32 if name == "token_embd" else 64]  # fastest axis first
        infos += text(f"{name}.weight") + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        infos += struct.pack("<IQ", 0 if is_norm else 1, len(data))
        values = np.linspace(-1, 1, math.prod(shape)).astype(np.float32 if is_norm else np.float16)
        data += values.tobytes() + bytes(-values.nbytes % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, 11, len(metadata)) + b"".join(metadata) + infos
    path.write_bytes(head + bytes(-len(head) % 32) + data)


def main() -> None:
    arguments = environment.parser(__doc__, "safetensors").parse_args()
    environment.enter(arguments.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as folder:
        work, hlwq = pathlib.Path(folder), arguments.hlwq
        for label, config in {"llama": LLAMA, "mixture": MIXTURE}.items():
            (work / f"{label}.json").write_text(json.dumps(config))
            environment.run(hlwq, "synth", work / f"{label}.json", work / label, "--quiet")
            many = work / f"{label}-sharded"
            environment.run(hlwq, "synth", work / f"{label}.json", many, "--max-shard-size", "1MiB", "--quiet")
            count = check_listing(hlwq, work / label, shards=1)
            if check_listing(hlwq, many, shards=2) != count:
                sys.exit(f"{many}: other tensors than in one shard")
            print(f"{label}: synth, {count} tensors, in one shard and in many")
            for bits in range(1, 9):
                check_codes(hlwq, work / label, work, bits, "5GB")
            check_codes(hlwq, many, work, 5, "1MiB")
        write_gguf(work / "model.gguf")
        environment.run(hlwq, "import", work / "model.gguf", work / "imported", "--quiet")
        print(f"import: {check_listing(hlwq, work / 'imported', shards=1)} tensors")


if __name__ == "__main__":
    main()
