# A bus error that is not of a model's file ends the program with a line and exit status 2.
[[ -d /proc/self ]] || { echo "no /proc here" >&2; exit 77; }
hlwq import "$CASES/../../golden/good/gguf/llama-bpe/model.gguf" made --quiet || exit 1
mkfifo prompt
hlwq generate made -n 5 --json < prompt > out &
generate=$!
exec 3> prompt
# It has set up its signals when it waits for its prompt.
for _ in $(seq 600); do grep -q safetensors /proc/$generate/maps && break; sleep 0.05; done
kill -BUS $generate
exec 3>&-
wait $generate
echo "exit $?"
cat out
