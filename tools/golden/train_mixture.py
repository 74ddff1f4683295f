#!/usr/bin/env python3
"""Trains a small mixture of experts, tests/golden/good/trained/qwen3-moe: what is true of trained weights
and of routers that have learnt is not true of random ones.

Text: the documents and headers of this project, as bytes. text.txt beside the model is text it did not see.
The experts are balanced a little only, so some are chosen rarely. Training takes minutes and is not repeatable to the
bit across machines: the checkpoint that is committed is the fixture.

Needs torch, transformers and safetensors.
usage: train_mixture.py [STEPS]
"""
import collections
import pathlib
import sys

import torch
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/golden/good/trained/qwen3-moe"
TOKENS, BATCH = 128, 16
HELD_OUT = 12000  # bytes


def bytes_of_the_project():
    paths = sorted(ROOT.glob("docs/*.md")) + sorted(ROOT.glob("src/**/*.h"))
    text = b"".join(path.read_bytes() for path in paths)
    middle = len(text) // 3
    return text[:middle] + text[middle + HELD_OUT :], text[middle : middle + HELD_OUT]


def batch_from(data, generator):
    starts = torch.randint(len(data) - TOKENS - 1, (BATCH,), generator=generator)
    return torch.stack([data[start : start + TOKENS + 1] for start in starts])


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    torch.manual_seed(1)
    config = Qwen3MoeConfig(
        vocab_size=256, hidden_size=128, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=32, max_position_embeddings=512,
        num_experts=16, num_experts_per_tok=2, moe_intermediate_size=64, norm_topk_prob=True,
        router_aux_loss_coef=0.003, tie_word_embeddings=True, bos_token_id=None, eos_token_id=None,
        pad_token_id=None)
    model = Qwen3MoeForCausalLM(config)
    train, held_out = (torch.frombuffer(bytearray(part), dtype=torch.uint8).long()
                       for part in bytes_of_the_project())
    generator = torch.Generator().manual_seed(2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        ids = batch_from(train, generator)
        loss = model(input_ids=ids, labels=ids, output_router_logits=True).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0 or step == steps - 1:
            print(step, f"{loss.item():.3f}", flush=True)
    model = model.to(torch.bfloat16)
    model.save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)
    (FOLDER / "text.txt").write_bytes(bytes(held_out.tolist()))
    report(model, held_out)


@torch.no_grad()
def report(model, held_out):
    windows = held_out[: len(held_out) // TOKENS * TOKENS].view(-1, TOKENS)
    out = model(input_ids=windows, labels=windows, output_router_logits=True)
    print("held out:", f"{out.loss.item():.3f}", "nats a byte")
    for layer, logits in enumerate(out.router_logits):
        chosen = collections.Counter(logits.topk(2, dim=-1).indices.flatten().tolist())
        print("layer", layer, "tokens of each expert:", [chosen[expert] for expert in range(16)])


if __name__ == "__main__":
    main()
