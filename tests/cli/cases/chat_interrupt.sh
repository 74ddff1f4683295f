# Ctrl-C ends an answer and not the conversation; twice at the prompt ends that.
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
mkfifo lines
# An answer that would go on for a very long time.
hlwq chat "$model" -c 4000000 --ignore-eos --seed 1 < lines > answers 2> talk &
chat=$!
exec 3> lines
wait_for() { for _ in $(seq 600); do eval "$1" && return; sleep 0.05; done; echo "in vain: $1"; }
echo 'the fox' >&3
wait_for '[[ $(wc -c < answers) -gt 20 ]]'
kill -INT $chat
wait_for 'grep -q stopped talk'
kill -INT $chat
wait_for 'grep -q "Ctrl-C again" talk'
kill -INT $chat
wait $chat
echo "exit $?"
sed -E 's/[0-9]+ prompt tokens?,? ?[^;]*;/PROMPT;/; s/[0-9]+ tokens?,/N tokens,/; s/[0-9.]+ tok\/s/SPEED/g' talk
