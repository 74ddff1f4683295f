# A model whose file is cut shorter while it is in use: an error of the request, which names it.
[[ -d /proc/self ]] || { echo "no /proc here" >&2; exit 77; }
hlwq import "$CASES/../../golden/good/gguf/llama-bpe/model.gguf" made --quiet || exit 1
mkfifo prompt
hlwq generate made -n 5 --json < prompt > out &
generate=$!
exec 3> prompt
# It waits for its prompt with the weights mapped.
for _ in $(seq 600); do grep -q safetensors /proc/$generate/maps && break; sleep 0.05; done
truncate -s 4096 made/*.safetensors
echo 'the fox' >&3
exec 3>&-
wait $generate
echo "exit $?"
cat out
