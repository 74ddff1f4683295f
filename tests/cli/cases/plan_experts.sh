# The memory of a run, for models with experts.
cat > moe.json <<'JSON'
{"model_type": "qwen3_moe", "vocab_size": 1000, "hidden_size": 128, "intermediate_size": 48, "num_hidden_layers": 2,
 "num_attention_heads": 2, "head_dim": 64, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 128}
JSON
hlwq plan moe.json
hlwq plan moe.json --expert-cache-size 3 | tail -6
hlwq plan moe.json --expert-cache-bytes 100kB | tail -6
hlwq plan moe.json --expert-cache-size 3 --json | sed -n '/run_memory/,/^  }/p'
cp "$CASES/config_llama.json" dense.json
hlwq plan dense.json --expert-cache-size 3
hlwq plan moe.json --expert-cache-size 9
hlwq plan moe.json --expert-cache-bytes 30kB
hlwq plan moe.json --expert-cache-size 3 --expert-cache-bytes 100kB
