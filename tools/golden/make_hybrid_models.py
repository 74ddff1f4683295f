#!/usr/bin/env python3
"""Makes the mixtures of experts and the hybrids of tests/golden/good/models, as make_models.py makes
the others.

usage: make_hybrid_models.py [FOLDER]     needs torch, transformers, safetensors

No draw is kept where a part of the model does not matter: each tensor, and each expert of each
layer, must change the logits when it is zero. No sequence is kept where the choice of experts is a
near tie, which rounding would break either way.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import (Qwen3_5ForCausalLM, Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration,
                          Qwen3_5TextConfig, Qwen3MoeConfig, Qwen3MoeForCausalLM, Qwen3NextConfig,
                          Qwen3NextForCausalLM)

from make_models import PROMPT, compute, continue_greedily, save_golden, write_config

VOCAB, SEQUENCES, TOKENS = 56, 3, 80   # longer than the chunks of the delta rule
CACHED_TOKENS, HIDDEN_TOKENS = 80, 24
CANDIDATES = 96                        # sequences to choose from
LEAST_GAP = {"first": 4e-3, "others": 5e-4}  # of router logits, between the last choice and the next
LEAST_EFFECT = 0.01                    # of the largest logit
FLOAT32 = ("A_log", "linear_attn.norm.weight")  # as some published files have them

COMMON = dict(vocab_size=VOCAB, hidden_size=36, max_position_embeddings=128, bos_token_id=1,
              eos_token_id=2, pad_token_id=None)
ATTENTION = dict(num_attention_heads=2, num_key_value_heads=1)
ROPE = {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0,
                            "partial_rotary_factor": 0.25, "mrope_interleaved": True,
                            "mrope_section": [1, 1, 1]}}


def mixture(experts, top_k, width, **more):
    return dict(num_experts=experts, num_experts_per_tok=top_k, moe_intermediate_size=width) | more


def delta_net(key_heads, key_dim, value_heads, value_dim, taps):
    return dict(linear_num_key_heads=key_heads, linear_key_head_dim=key_dim,
                linear_num_value_heads=value_heads, linear_value_head_dim=value_dim,
                linear_conv_kernel_dim=taps)


def layers(letters):
    names = {"l": "linear_attention", "f": "full_attention"}
    return dict(num_hidden_layers=len(letters), layer_types=[names[letter] for letter in letters])


# What is stored: dtype, and by config.json whatever the family allows.
MODELS = {
    "qwen3-moe": (torch.bfloat16, Qwen3MoeForCausalLM, Qwen3MoeConfig(
        **COMMON, **ATTENTION, head_dim=12, intermediate_size=44, num_hidden_layers=3,
        mlp_only_layers=[1], **mixture(5, 3, 14, norm_topk_prob=False))),
    "qwen3-moe-normed": (torch.float32, Qwen3MoeForCausalLM, Qwen3MoeConfig(
        **COMMON, **ATTENTION, head_dim=10, intermediate_size=40, num_hidden_layers=2,
        decoder_sparse_step=2, tie_word_embeddings=True,
        **mixture(7, 3, 18, norm_topk_prob=True))),
    "qwen3_next": (torch.float16, Qwen3NextForCausalLM, Qwen3NextConfig(
        **COMMON, **ATTENTION, **layers("lfll"), head_dim=24, intermediate_size=40,
        mlp_only_layers=[2], rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
                                              "partial_rotary_factor": 0.25},
        **delta_net(2, 10, 6, 7, taps=3),
        **mixture(6, 3, 13, shared_expert_intermediate_size=17, norm_topk_prob=True))),
    "qwen3_5": (torch.bfloat16, Qwen3_5ForCausalLM, Qwen3_5TextConfig(
        **COMMON, **ATTENTION, **layers("fllf"), **ROPE, head_dim=24, intermediate_size=52,
        tie_word_embeddings=True, **delta_net(1, 18, 3, 11, taps=4))),
    "qwen3_5_moe": (torch.bfloat16, Qwen3_5MoeForConditionalGeneration, Qwen3_5MoeConfig(
        text_config=dict(**COMMON, **ATTENTION, **ROPE, num_hidden_layers=3,
                         full_attention_interval=3, head_dim=24, tie_word_embeddings=False,
                         **delta_net(2, 9, 4, 14, taps=4),
                         **mixture(6, 3, 12, shared_expert_intermediate_size=15)),
        vision_config=dict(depth=1, hidden_size=4, intermediate_size=6, num_heads=1, patch_size=2,
                           spatial_merge_size=1, temporal_patch_size=1, in_channels=1,
                           out_hidden_size=36, num_position_embeddings=4),
        image_token_id=VOCAB - 2, video_token_id=VOCAB - 1, vision_start_token_id=VOCAB - 4,
        vision_end_token_id=VOCAB - 3, tie_word_embeddings=False)),
}
FUSED = ("qwen3_5_moe",)


def stored_dtype(name, dtype):
    return torch.float32 if dtype == torch.bfloat16 and name.endswith(FLOAT32) else dtype


def randomize(model, seed, dtype, is_zero_centred):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if name.endswith("A_log"):  # memories of some ten tokens
                value.copy_(noise - 2.5)
            elif name.endswith("dt_bias"):
                value.copy_(noise)
            elif "norm" in name:
                has_offset = is_zero_centred and not name.endswith("linear_attn.norm.weight")
                value.copy_((0 if has_offset else 1) + 0.3 * noise)
            elif name.endswith("bias"):
                value.copy_(0.5 * noise)
            elif name.endswith("mlp.gate.weight"):
                value.copy_(noise * (2.5 / value.shape[-1] ** 0.5))
            else:
                value.copy_(noise * (1.7 / value.shape[-1] ** 0.5))
            value.copy_(value.to(stored_dtype(name, dtype)).float())


class RouterGaps:
    """Of each token, the smallest gap that a router leaves between its last choice and the next."""

    def __init__(self, model, top_k):
        self.top_k, self.gaps, self.handles = top_k, [], []
        for name, module in model.named_modules():
            if name.endswith("mlp.gate"):
                self.handles.append(module.register_forward_hook(self.note))

    def note(self, router, args, _):
        logits = args[0].reshape(-1, args[0].shape[-1]) @ router.weight.T
        best = logits.topk(self.top_k + 1).values
        self.gaps.append(best[:, -2] - best[:, -1])

    def take(self):
        smallest = torch.stack(self.gaps).amin(0) if self.gaps else None
        self.gaps = []
        return smallest

    def stop(self):
        for handle in self.handles:
            handle.remove()


def choose_sequences(model, seed, top_k):
    """Those without a near tie, the clearest first; or nothing."""
    ids = torch.randint(3, VOCAB - 4, (CANDIDATES, TOKENS),
                        generator=torch.Generator().manual_seed(seed + 1))
    routers = RouterGaps(model, top_k)
    with torch.no_grad():
        model(ids, use_cache=False)
        gaps = routers.take()
        order = (torch.arange(CANDIDATES) if gaps is None
                 else gaps.view(ids.shape).amin(1).argsort(descending=True))
        chosen = ids[order[:SEQUENCES]]
        greedy, margin = continue_greedily(model, chosen[:1, :PROMPT])
        if gaps is not None:
            # The continuation was noted pass by pass, each with its own number of tokens.
            del routers.gaps[:]
            continued = torch.cat([greedy["greedy_prompt"], greedy["greedy"]])[None]
            model(continued, use_cache=False)
            first = min(gaps.view(ids.shape).amin(1)[order[0]], routers.take().min())
            others = gaps.view(ids.shape).amin(1)[order[SEQUENCES - 1]]
            if first < LEAST_GAP["first"] or others < LEAST_GAP["others"]:
                margin = 0
    routers.stop()
    return (chosen, greedy) if margin > 0.02 else None


def least_effect(model, ids):
    """The part that matters least: its name, and how far the logits move when it is zero."""
    effects = []
    with torch.no_grad():
        want = model(ids, use_cache=False).logits

        def note(name, part):
            kept = part.clone()
            part.zero_()
            effects.append((float((model(ids, use_cache=False).logits - want).abs().max()), name))
            part.copy_(kept)

        for name, value in model.named_parameters():
            if "visual" in name:
                continue
            note(name, value)
            if ".experts." in name:
                for expert in range(value.shape[0]):
                    note(f"{name}[{expert}]", value[expert])
    effect, name = min(effects)
    return effect / float(want.abs().max()), name


def save_weights(model, name, dtype, target):
    tensors = {key: value.to(stored_dtype(key, dtype)).contiguous()
               for key, value in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        del tensors["lm_head.weight"]
    if name in FUSED:
        # A part of what published files carry for predicting several tokens at once.
        hidden = model.config.text_config.hidden_size
        tensors["mtp.fc.weight"] = torch.ones(hidden, 2 * hidden, dtype=dtype)
        tensors["mtp.norm.weight"] = torch.zeros(hidden, dtype=dtype)
    else:
        tensors = dict(item for key, value in tensors.items() for item in apart(key, value))
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})


def apart(key, value):
    """One matrix per expert, as families before the multimodal ones are published."""
    base, _, last = key.rpartition(".experts.")
    if not base:
        yield key, value
        return
    for expert, matrix in enumerate(value):
        halves = matrix.chunk(2) if last == "gate_up_proj" else (matrix,)
        names = ("gate_proj", "up_proj") if last == "gate_up_proj" else ("down_proj",)
        for half, projection in zip(halves, names):
            yield f"{base}.experts.{expert}.{projection}.weight", half.contiguous()


def make(folder, name, seed):
    dtype, model_class, config = MODELS[name]
    for each in (config, config.get_text_config()):
        each._attn_implementation = each._experts_implementation = "eager"
    model = model_class(config).float().eval()
    text = config.get_text_config()
    top_k = getattr(text, "num_experts_per_tok", None)
    for attempt in range(seed, seed + 400):
        randomize(model, attempt, dtype, is_zero_centred=not name.startswith("qwen3-"))
        found = choose_sequences(model, attempt, top_k)
        if found is None:
            continue
        effect, part = least_effect(model, found[0][:1])
        if effect > LEAST_EFFECT:
            break
    else:
        raise SystemExit(f"{name}: no draw will do")
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    inner = model.model.language_model if hasattr(model.model, "language_model") else model.model
    golden = compute(model, inner.norm, found[0], CACHED_TOKENS, HIDDEN_TOKENS) | found[1]
    drift = float((golden["cached_logits"] - golden["logits"][0, :CACHED_TOKENS]).abs().max())
    largest = float(golden["logits"].abs().max())
    save_golden(golden, target)
    save_weights(model, name, dtype, target)
    config_json = json.loads(config.to_json_string())
    config_json["architectures"] = [model_class.__name__]
    config_json["dtype"] = str(dtype).removeprefix("torch.")
    if name in FUSED:
        del config_json["text_config"]["layer_types"]  # follows from full_attention_interval
        config_json["text_config"]["full_attention_interval"] = 3
        config_json["text_config"]["mtp_num_hidden_layers"] = 1
    write_config(target, config_json)
    print(f"{name}: attempt {attempt - seed}, logits up to {largest:.2f}, token by token "
          f"{drift / largest:.1e} of that away; '{part}' matters least: {effect:.3f}")


if __name__ == "__main__":
    root = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/good/models"
    for number, each in enumerate(MODELS):
        make(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root, each, 1000 * (number + 1))
