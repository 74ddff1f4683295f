# What plan promises against what is resident in a run: within 5 %. The embedding is the head as well, so
# that how many of its rows are read does not matter, and the pool is less than the experts that are
# wanted, so that it fills; the prompt fills the context and the workspace.
if grep -qE '__(asan|tsan)_init' "$(command -v hlwq)"; then
  echo "a sanitizer takes memory of its own" >&2
  exit 77
fi
if [ "$(od -An -tx2 -j18 -N2 "$(command -v hlwq)")" != "$(od -An -tx2 -j18 -N2 "$BASH")" ]; then
  echo "an emulator takes memory of its own" >&2
  exit 77
fi
cat > config.json <<'JSON'
{"model_type": "qwen3_moe", "vocab_size": 8192, "hidden_size": 1024, "intermediate_size": 1024, "num_hidden_layers": 8,
 "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 64, "num_experts": 48, "num_experts_per_tok": 4,
 "moe_intermediate_size": 384, "max_position_embeddings": 512, "tie_word_embeddings": true}
JSON
hlwq synth config.json model --format polar_state --quiet
number() { sed -n "s/^ *\"$1\": \([0-9]*\),\{0,1\}\$/\1/p"; }
for pool in 100MB 190MB; do
  promised=$(hlwq plan config.json --expert-cache-bytes $pool --json | number total_bytes)
  resident=$(hlwq bench model --prompt-tokens 512 --decode-tokens 8 --threads 2 --repetitions 1 \
    --expert-cache-bytes $pool --json --quiet | number resident_bytes)
  difference=$(((promised - resident) * 1000 / resident))
  if [ ${difference#-} -le 50 ]; then
    echo "$pool: within 5 %"
  else
    echo "$pool: promised $promised, resident $resident"
  fi
done
