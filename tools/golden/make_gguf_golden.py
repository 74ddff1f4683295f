#!/usr/bin/env python3
"""Small GGUF files of every architecture, and what they mean to transformers.

usage: make_gguf_golden.py DIR       (needs gguf, torch, transformers, tokenizers, safetensors, xxhash)

DIR/<name>/model.gguf       random weights in the ggml types listed below
DIR/<name>/tensors.json     per Hugging Face tensor: shape and XXH3-64 of its float32 values
DIR/<name>/config.json      as transformers writes it
DIR/<name>/tokenizer.json   the tokenizer the metadata was made from
DIR/<name>/golden.st        input_ids, and the logits of transformers with those values

Names come from gguf's own map, values from gguf's own dequantizer, the row order of the llama family
from the formula of its converter: nothing here is shared with the code under test.
"""
import json
import pathlib
import sys

import gguf
import numpy as np
import torch
import transformers
import xxhash
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize
from safetensors.numpy import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers.convert_slow_tokenizer import generate_merges

V = 384
COMMON = dict(hidden_size=256, intermediate_size=64, num_attention_heads=2, num_key_value_heads=1,
              head_dim=32, vocab_size=V, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
              pad_token_id=None, attn_implementation="eager")
BLOCKS = {T.Q4_K: (0.0004, 0.002), T.Q5_K: (0.0002, 0.002), T.Q6_K: (0.00002, None)}
TEXT = ["The quick brown fox jumps over the lazy dog, and then it sleeps in the sun for 1234 days.",
        "for (int i = 0; i < count; ++i) {\n\treturn values[i] * 0.5;\n}\n", "Grüße aus Köln! 東京は晴れ。",
        "They'll say that we've been there; it's what the others would have said.", "   spaces   and\n\nlines\t"]


def permute(rows: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp's converter: within each head, rows j and j + d/2 become neighbours."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def unpermute(rows: np.ndarray, heads: int) -> np.ndarray:
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def encode(values: np.ndarray, kind: T, rng: np.random.Generator) -> np.ndarray:
    """Stored form. The package cannot encode K types: those get random blocks with modest scales."""
    if kind not in BLOCKS:
        return quantize(values, kind)
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = rng.integers(0, 256, (values.size // weights, size), dtype=np.uint8)
    d, dmin = BLOCKS[kind]
    at = 208 if kind == T.Q6_K else 0
    blocks[:, at:at + 2] = (rng.uniform(0.5, 1, (len(blocks), 1)) * d).astype(np.float16).view(np.uint8)
    if dmin:
        blocks[:, 2:4] = (rng.uniform(0.5, 1, (len(blocks), 1)) * dmin).astype(np.float16).view(np.uint8)
    return blocks.reshape(*values.shape[:-1], -1)


def byte_level_tokenizer(expressions: list[str], nfc: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    if nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(e), "isolated") for e in expressions]
        + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(t, special=True, normalized=False) for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    trainer = trainers.BpeTrainer(vocab_size=V - 5, special_tokens=special, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False)])
    return tokenizer


def sentencepiece_tokenizer() -> tuple[dict, list[float]]:
    """A Llama-2 style tokenizer.json, its merges derived by transformers, and the scores."""
    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trained.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=V - 259, show_progress=False))
    pieces = sorted(trained.get_vocab(), key=trained.get_vocab().get)
    merged = [p for p in pieces if len(p) > 1]
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + merged + [p for p in pieces if len(p) == 1]
    scores = [0.0] * 259 + [-float(i) for i in range(len(tokens) - 259)]
    vocab = {t: i for i, t in enumerate(tokens)}
    merges = generate_merges(vocab, dict(zip(tokens, scores)), skip_tokens=tokens[:259])
    special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": tokens[i], **special} for i in range(3)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": None,
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True,
                  "ignore_merges": False, "vocab": vocab, "merges": merges},
    }, scores


def add_byte_level(writer: gguf.GGUFWriter, tokenizer: Tokenizer, pre: str) -> dict:
    described = json.loads(tokenizer.to_str())
    tokens = {i: t for t, i in tokenizer.get_vocab().items()}
    special = {t["id"]: t["special"] for t in described["added_tokens"]}
    kinds = [{True: 3, False: 4}.get(special.get(i), 1) if i in tokens else 5 for i in range(V)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([tokens.get(i, f"[PAD{i}]") for i in range(V)])
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(m) for m in described["model"]["merges"]])
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>\n{% endfor %}")
    return described


def add_sentencepiece(writer: gguf.GGUFWriter) -> dict:
    described, scores = sentencepiece_tokenizer()
    tokens = sorted(described["model"]["vocab"], key=described["model"]["vocab"].get)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259))
    writer.add_add_bos_token(True)
    return described


def add_rope(writer: gguf.GGUFWriter, config) -> None:
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim)
    if rope["rope_type"] == "llama3":
        plain = 1 / rope["rope_theta"] ** (np.arange(0, config.head_dim, 2) / config.head_dim)
        scaled, _ = transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
        writer.add_tensor("rope_freqs.weight", (plain / scaled.double().numpy()).astype(np.float32))
    elif rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def build(folder: pathlib.Path, arch: gguf.MODEL_ARCH, config, kinds: dict, pre: str | None, version: int) -> None:
    torch.manual_seed(int(arch))
    rng = np.random.default_rng(int(arch))
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    folder.mkdir(parents=True, exist_ok=True)
    name = gguf.MODEL_ARCH_NAMES[arch]
    writer = gguf.GGUFWriter(folder / "model.gguf", name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(V)
    add_rope(writer, config)
    if pre is None:
        described = add_sentencepiece(writer)
    else:
        qwen = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
        gpt2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
        expressions = [qwen] if pre == "qwen2" else [r"\p{N}", gpt2]
        described = add_byte_level(writer, byte_level_tokenizer(expressions, pre == "qwen2"), pre)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    values = {}
    for key, tensor in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        weights = rng.standard_normal(tuple(tensor.shape)).astype(np.float32) * 0.05
        if "norm" in key:
            weights += 1
        leaf = next((k for k in kinds if k in key), None)
        kind = T.F32 if tensor.ndim == 1 else kinds.get(leaf, T.Q4_0)
        heads = 0
        if name == "llama" and "q_proj" in key:
            heads = config.num_attention_heads
        if name == "llama" and "k_proj" in key:
            heads = config.num_key_value_heads
        stored = encode(permute(weights, heads) if heads else weights, kind, rng)
        writer.add_tensor(names.get_name(key, (".weight", ".bias")), stored, raw_dtype=kind)
        decoded = dequantize(stored, kind).astype(np.float32).reshape(weights.shape)
        values[key] = unpermute(decoded, heads) if heads else decoded
        if kind == T.F32:
            assert np.array_equal(values[key], weights)
        if kind == T.F16:
            assert np.array_equal(values[key], weights.astype(np.float16).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    data = bytearray((folder / "model.gguf").read_bytes())
    data[4] = version  # 2 and 3 differ in this number only
    (folder / "model.gguf").write_bytes(data)

    model.load_state_dict({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in values.items()},
                          strict=not config.tie_word_embeddings)
    model.tie_weights()
    ids = torch.from_numpy(rng.integers(3, V, (1, 8)))
    with torch.no_grad():
        logits = model(ids).logits.float().numpy()
    save_file({"input_ids": ids.numpy(), "logits": logits}, folder / "golden.st")
    summary = {k: {"shape": list(v.shape), "xxh3": xxhash.xxh3_64_hexdigest(np.ascontiguousarray(v).tobytes())}
               for k, v in values.items()}
    for file, content in {"tensors.json": summary, "config.json": config.to_dict(), "tokenizer.json": described}.items():
        indent = None if file == "tokenizer.json" else 1
        (folder / file).write_text(json.dumps(content, indent=indent, ensure_ascii=False, sort_keys=True) + "\n")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    llama3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    yarn = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 512}
    plain = {"rope_type": "default", "rope_theta": 100000.0}
    L, Q2, Q3 = gguf.MODEL_ARCH.LLAMA, gguf.MODEL_ARCH.QWEN2, gguf.MODEL_ARCH.QWEN3
    build(root / "llama-spm", L, transformers.LlamaConfig(
        **COMMON, num_hidden_layers=1, max_position_embeddings=16384, attention_bias=True,
        tie_word_embeddings=True, rope_parameters=llama3),
        {"q_proj": T.Q8_0, "k_proj": T.F32, "v_proj": T.F16, "o_proj": T.Q4_0, "gate_proj": T.Q5_0,
         "up_proj": T.Q5_1, "down_proj": T.Q4_1}, None, 3)
    build(root / "llama-bpe", L, transformers.LlamaConfig(
        **COMMON, num_hidden_layers=2, max_position_embeddings=512, tie_word_embeddings=True,
        mlp_bias=True, rope_parameters=plain),
        {"q_proj": T.Q4_K, "k_proj": T.Q6_K, "v_proj": T.Q5_K, "gate_proj": T.Q4_K}, "smollm", 2)
    build(root / "qwen2", Q2, transformers.Qwen2Config(
        **(COMMON | dict(num_attention_heads=8)), num_hidden_layers=1, max_position_embeddings=512,
        tie_word_embeddings=True, rope_parameters=plain),
        {"q_proj": T.Q4_K, "k_proj": T.Q8_0, "o_proj": T.Q4_K, "gate_proj": T.Q6_K, "up_proj": T.Q5_K}, "qwen2", 3)
    build(root / "qwen3", Q3, transformers.Qwen3Config(
        **COMMON, num_hidden_layers=1, max_position_embeddings=2048, tie_word_embeddings=False,
        rope_parameters=yarn),
        {"q_proj": T.Q5_0, "k_proj": T.BF16, "v_proj": T.F16, "lm_head": T.Q4_K}, "qwen2", 3)


if __name__ == "__main__":
    main()
