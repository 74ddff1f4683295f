#!/usr/bin/env python3
"""Makes tests/golden/good/models: tiny random checkpoints and what transformers computes with them.

usage: make_models.py [FOLDER]     needs torch, transformers, safetensors

Each model is there for one thing that the published families vary in; sizes are odd on purpose
(nothing is a multiple of 128). Weights are BF16, computed with in float32.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import (LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM,
                          Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

SIZES = dict(vocab_size=72, hidden_size=40, intermediate_size=56, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, head_dim=12,
             max_position_embeddings=128, bos_token_id=1, eos_token_id=2)
TOKENS, PROMPT, GREEDY = 40, 8, 16


def rope(**values):
    return {"rope_parameters": {"rope_theta": 10000.0, **values}}


MODELS = {
    "llama-linear": (LlamaConfig, LlamaForCausalLM, rope(rope_type="linear", factor=2.5)),
    # Longer than max_position_embeddings, so that the base is stretched.
    "llama-dynamic": (LlamaConfig, LlamaForCausalLM,
                      rope(rope_type="dynamic", factor=2.0) | dict(max_position_embeddings=16)),
    "llama-yarn": (LlamaConfig, LlamaForCausalLM,
                   rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)),
    "llama-yarn-exact": (LlamaConfig, LlamaForCausalLM,
                         rope(rope_type="yarn", factor=8.0, original_max_position_embeddings=16,
                              beta_fast=16.0, beta_slow=2.0, truncate=False, mscale=0.7,
                              mscale_all_dim=1.3)),
    "llama-llama3": (LlamaConfig, LlamaForCausalLM,
                     rope(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                          original_max_position_embeddings=16)),
    "llama-biases": (LlamaConfig, LlamaForCausalLM,
                     dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "mistral-window": (MistralConfig, MistralForCausalLM, dict(sliding_window=7)),
    "qwen2-windows": (Qwen2Config, Qwen2ForCausalLM,
                      dict(use_sliding_window=True, sliding_window=9, max_window_layers=1,
                           num_key_value_heads=4)),
    "qwen3-odd": (Qwen3Config, Qwen3ForCausalLM,
                  dict(num_attention_heads=3, num_key_value_heads=1, head_dim=18,
                       tie_word_embeddings=True)),
}


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if "norm" in name:
                value.copy_(1 + 0.2 * noise)
            elif name.endswith("bias"):
                value.copy_(0.5 * noise)
            else:
                value.copy_(noise * (1.6 / value.shape[-1] ** 0.5))
            value.copy_(value.to(torch.bfloat16).float())


def continue_greedily(model, prompt):
    past, greedy, margin, step = None, [], float("inf"), prompt
    for _ in range(GREEDY):
        out = model(step, past_key_values=past, use_cache=True)
        past = out.past_key_values
        best = out.logits[0, -1].topk(2)
        margin = min(margin, float(best.values[0] - best.values[1]))
        greedy.append(int(best.indices[0]))
        step = best.indices[:1].view(1, 1)
    return {"greedy_prompt": prompt[0].clone(), "greedy": torch.tensor(greedy)}, margin


def compute(model, norm, ids, cached_tokens, hidden_tokens):
    """What a forward pass over `ids` gives, and one token by token; `norm` is the final one."""
    with torch.no_grad():
        out = model(ids, output_hidden_states=True, use_cache=False)
        golden = {"input_ids": ids, "logits": out.logits,
                  "hidden_norm": out.hidden_states[-1][0, :hidden_tokens].clone()}
        for index, hidden in enumerate(out.hidden_states[:-1]):
            golden[f"hidden_{index}"] = hidden[0, :hidden_tokens].clone()
        # The residual after the last layer: what the final norm was given.
        captured = []
        handle = norm.register_forward_pre_hook(lambda _, args: captured.append(args[0]))
        model(ids[:1], use_cache=False)
        handle.remove()
        golden[f"hidden_{len(out.hidden_states) - 1}"] = captured[0][0, :hidden_tokens].clone()
        past, rows = None, []
        for token in range(cached_tokens):
            step = model(ids[:1, token:token + 1], past_key_values=past, use_cache=True)
            past = step.past_key_values
            rows.append(step.logits[0, -1])
        golden["cached_logits"] = torch.stack(rows)
    return golden


def save_golden(golden, target):
    save_file({key: value.contiguous() for key, value in golden.items()}, target / "golden.st")


def write_config(target, config_json):
    (target / "generation_config.json").unlink(missing_ok=True)
    (target / "config.json").write_text(json.dumps(config_json, indent=1, sort_keys=True) + "\n")


def make(folder, name, seed):
    config_class, model_class, extra = MODELS[name]
    config = config_class(**(SIZES | extra), attn_implementation="eager")
    model = model_class(config).float().eval()
    randomize(model, seed)
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    ids = torch.randint(3, SIZES["vocab_size"], (2, TOKENS),
                        generator=torch.Generator().manual_seed(seed + 1))
    golden = compute(model, model.model.norm, ids, TOKENS, TOKENS)
    with torch.no_grad():
        greedy, margin = continue_greedily(model, ids[:1, :PROMPT])
        golden |= greedy
    if margin < 0.02:  # a near tie, which float32 may break either way
        return make(folder, name, seed + 1000)
    save_golden(golden, target)
    model.to(torch.bfloat16).save_pretrained(target, safe_serialization=True)
    write_config(target, json.loads((target / "config.json").read_text()))
    print(name, "logits up to", float(golden["logits"].abs().max()))


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/good/models"
    for number, each in enumerate(MODELS):
        make(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root, each, 100 + number)
