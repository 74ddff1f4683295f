# However experts are held, the logits are the same bits; what cannot be held is one line.
set -e
MODELS=$CASES/../../golden/good/models
echo '[[1, 5, 9, 20, 7, 3, 11], [3, 3, 3, 30, 31, 2, 40]]' > ids.json
hlwq logits "$MODELS/qwen3_5_moe" --ids ids.json -o plain.safetensors --quiet
for flags in '--expert-cache-size 1' '--expert-cache-size 3 --expert-policy lru' \
    '--expert-cache-bytes 200KB --expert-policy least-stale --no-expert-prefetch' \
    '--expert-cache-size 2 --step'; do
  hlwq logits "$MODELS/qwen3_5_moe" --ids ids.json $flags -o cached.safetensors 2>&1 | grep experts: \
    | sed -E 's/[0-9.]+ kB/N kB/g; s/io_uring|threads/READER/'
  case $flags in *--step) ;; *) cmp plain.safetensors cached.safetensors ;; esac
done
hlwq logits "$MODELS/qwen3_5_moe" --ids ids.json --expert-cache-size 2 --trace-experts trace.jsonl --quiet > table.txt
head -1 trace.jsonl | sed -E 's/"expert_bytes":[0-9]+/"expert_bytes":N/'
wc -l < trace.jsonl
hlwq cache-sim trace.jsonl --json --quiet | python3 -c 'import json, sys; json.load(sys.stdin); print("replayed")'
set +e
hlwq logits "$MODELS/qwen3_5_moe" --ids ids.json --expert-cache-bytes 1KB 2>&1 | sed -E 's/[0-9.]+ ?kB|[0-9,]+ bytes/N/g'
hlwq logits "$MODELS/qwen3_5" --ids ids.json --expert-cache-size 2
hlwq logits "$MODELS/qwen3_5_moe" --ids ids.json --expert-cache-size 2 --expert-cache-bytes 1MB
