# What an earlier run has read of a prompt is not read again, and the answer is the same.
set -e
cp "$CASES/../../golden/good/gguf/llama-bpe/model.gguf" . && model=model.gguf
words() { python3 -c 'import sys; n = int(sys.argv[1]); print(" ".join(["the fox jumps over", "the lazy dog and"][i // 3 % 2] for i in range(n)))' "$1"; }
ask() { hlwq generate "$model" -n 6 --temperature 0 --ignore-eos -c 512 "$@" 2> talk; sed -E '/ note: /d; s/[0-9.]+ tok\/s/SPEED/; s/; first token after.*//' talk >&2; }
words 12 > short
{ words 12; words 5; } > long
for kv in f16 k8v4; do
  echo "$kv:"
  for prompt in short short long long; do
    ask -f $prompt --kv $kv > plain 2> /dev/null
    ask -f $prompt --kv $kv --prompt-cache cache.$kv > saved 2> told
    cmp plain saved
    cat told
  done
done
echo "what --json says:"
ask -f long --prompt-cache cache.f16 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["prompt"]["cached_tokens"])'

echo "only reading:"
before=$(md5sum cache.f16)
echo 'a dog' > other
ask -f other --prompt-cache cache.f16 --prompt-cache-ro > /dev/null 2> told
cat told
[ "$before" = "$(md5sum cache.f16)" ] && echo unchanged

echo "made with other instructions:"
if [ "$(uname -m)" = x86_64 ]; then
  HLWQ_TARGET=scalar hlwq generate "$model" -f long -n 1 -c 512 --prompt-cache cache.f16 2>&1 > /dev/null | grep -c 'cache.f16 was made with .* instructions, these are scalar'
else
  echo 1
fi

echo "an empty file is as none, and permissions are those of a new file:"
: > empty
ask -f short --prompt-cache empty > /dev/null 2> told
cat told
touch made
[ "$(stat -c %a made)" = "$(stat -c %a cache.f16)" ] && echo "permissions"

echo "with what was generated:"
ask -f short --prompt-cache all --prompt-cache-all > answer 2> /dev/null
head -c -1 answer > more && { cat short | head -c -1; cat more; echo ' the'; } > longer
ask -f longer --prompt-cache all --prompt-cache-all > /dev/null 2> told
cat told
ask -f longer --num-answers 2 --prompt-cache all --prompt-cache-all > /dev/null 2> told
head -1 told

echo "of a conversation:"
talk() { printf '%s\nthe dog\n' "$1" | hlwq chat "$model" -n 4 --ignore-eos --temperature 0 -c 512 --system "$(cat short)" "${@:2}" 2> told; sed -i -E '/ note: /d; s/[0-9.]+ tok\/s/SPEED/g; s/; seed.*//' told; }
talk 'the fox' > plain
talk 'the fox' --prompt-cache chat.cache > saved
cmp plain saved
cat told
talk 'a lazy dog' > plain
talk 'a lazy dog' --prompt-cache chat.cache > saved
cmp plain saved
cat told
talk 'a lazy dog' --prompt-cache chat.cache --json --quiet | python3 -c 'import json, sys; print(json.load(sys.stdin)["cached_tokens"])'
ls
