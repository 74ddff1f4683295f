# Skewed routers go where plain ones go: into plain checkpoints and beside codes; a model without experts has none.
set -e
cat > moe.json <<'JSON'
{"model_type": "qwen3_moe", "vocab_size": 64, "hidden_size": 128, "intermediate_size": 48, "num_hidden_layers": 2,
 "num_attention_heads": 2, "head_dim": 16, "num_experts": 16, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
JSON
hlwq synth moe.json plain --zipf 1 --quiet
hlwq synth moe.json coded --zipf 1 --format polar_state --recipe published --quiet
hlwq synth moe.json even --quiet
for other in coded even; do
  hlwq compare plain $other --json | python3 -c '
import json, sys
for tensor in sorted(json.load(sys.stdin)["tensors"], key=lambda tensor: tensor["name"]):
    if "embed" in tensor["name"] or "gate.weight" in tensor["name"]:
        print(tensor["name"], "differs" if tensor["max_abs_error"] else "is the same")'
done
set +e
cp "$CASES/config_llama.json" dense.json
hlwq synth dense.json none --zipf 1
hlwq synth moe.json none --zipf 0
hlwq inspect none
