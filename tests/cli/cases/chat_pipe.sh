# A conversation through a pipe: later turns keep the earlier ones in the cache, /reset forgets them.
set -e
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
printf 'the fox\nthe dog\n\n/help\n/reset\nthe fox\n/exit\nnever asked\n' |
  hlwq chat "$model" -n 4 --ignore-eos --seed 1 > answers 2> talk
sed -E 's/[0-9.]+ tok\/s/SPEED/g' talk
printf 'the fox\nthe dog' | hlwq chat "$model" -n 4 --seed 1 --system the --json --quiet |
  python3 -c '
import json, sys
chat = json.load(sys.stdin)
print([message["role"] for message in chat["messages"]], len(chat["answers"]))
print([message["content"] for message in chat["messages"] if message["role"] != "assistant"])'
echo "a conversation beyond the context:"
printf 'the fox jumps over the lazy dog\n' | hlwq chat "$model" -c 4 --quiet || echo "exit $?"
