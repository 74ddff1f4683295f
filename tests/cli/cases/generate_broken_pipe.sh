# An answer that nobody reads ends, and that is no error.
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
{ hlwq generate "$model" -p x -c 4000000 -n 4000000 --ignore-eos -q; echo "exit $?" >&2; } |
  head -c 1 > /dev/null
