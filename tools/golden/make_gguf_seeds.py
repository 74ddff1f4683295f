#!/usr/bin/env python3
"""Seeds for fuzz_gguf: one whole model of 8-wide zero tensors per architecture, 3 KB each.

usage: make_gguf_seeds.py CORPUS            (needs numpy and gguf)
"""
import pathlib
import sys

import gguf
import numpy as np


def tiny(path: pathlib.Path, arch: gguf.MODEL_ARCH, spm: bool, scaling: str | None) -> None:
    name = gguf.MODEL_ARCH_NAMES[arch]
    writer = gguf.GGUFWriter(path, name)
    for add, value in ((writer.add_block_count, 1), (writer.add_context_length, 64), (writer.add_embedding_length, 8),
                       (writer.add_feed_forward_length, 8), (writer.add_head_count, 2), (writer.add_head_count_kv, 1),
                       (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_freq_base, 1e9),
                       (writer.add_bos_token_id, 1), (writer.add_eos_token_id, 2)):
        add(value)
    if scaling == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(4.0)
        writer.add_rope_scaling_orig_ctx_len(16)
    if scaling == "llama3":
        writer.add_tensor("rope_freqs.weight", np.array([1, 8], np.float32))
    if spm:
        writer.add_tokenizer_model("llama")
        writer.add_token_list(["<unk>", "<s>", "</s>", "<0x00>", "▁", "a", "▁a", "aa"])
        writer.add_token_scores([0.0, 0.0, 0.0, 0.0, -3.0, -4.0, -1.0, -2.0])
        writer.add_token_types([2, 3, 3, 6, 1, 1, 1, 1])
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2" if name != "llama" else "smollm")
        writer.add_token_list(["<e>", "<s>", "</s>", "a", "b", "ab", "<t>", "[PAD7]"])
        writer.add_token_types([3, 3, 3, 1, 1, 1, 4, 5])
        writer.add_token_merges(["a b"])
        writer.add_chat_template("{{ messages }}")
    names = gguf.get_tensor_name_map(arch, 1)
    layer = "model.layers.0."
    shapes = {"model.embed_tokens": (8, 8), "model.norm": (8,), layer + "input_layernorm": (8,),
              layer + "post_attention_layernorm": (8,), layer + "self_attn.q_proj": (8, 8),
              layer + "self_attn.k_proj": (4, 8), layer + "self_attn.v_proj": (4, 8),
              layer + "self_attn.o_proj": (8, 8), layer + "mlp.gate_proj": (8, 8),
              layer + "mlp.up_proj": (8, 8), layer + "mlp.down_proj": (8, 8)}
    if name == "qwen3":
        shapes |= {layer + "self_attn.q_norm": (4,), layer + "self_attn.k_norm": (4,)}
    for key, shape in shapes.items():
        writer.add_tensor(names.get_name(key) + ".weight", np.zeros(shape, np.float32))
    if name == "qwen2":
        for key, size in (("q", 8), ("k", 4), ("v", 4)):
            writer.add_tensor(f"blk.0.attn_{key}.bias", np.zeros(size, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus = pathlib.Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    tiny(corpus / "llama-spm.gguf", gguf.MODEL_ARCH.LLAMA, True, "llama3")
    tiny(corpus / "llama-bpe.gguf", gguf.MODEL_ARCH.LLAMA, False, None)
    tiny(corpus / "qwen2.gguf", gguf.MODEL_ARCH.QWEN2, False, "yarn")
    tiny(corpus / "qwen3.gguf", gguf.MODEL_ARCH.QWEN3, False, None)


if __name__ == "__main__":
    main()
