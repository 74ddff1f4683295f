# A prompt from the command line, a file, standard input; with and without the chat template.
set -e
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
ids() { python3 -c 'import json, sys; print(json.load(sys.stdin)["prompt"]["ids"])'; }
printf 'the lazy dog\n' > prompt.txt
hlwq generate "$model" -p 'the lazy dog' -n 1 --json -q | ids
hlwq generate "$model" -f prompt.txt -n 1 --json -q | ids
hlwq generate "$model" -n 1 --json -q < prompt.txt | ids
echo "chat:"
hlwq generate "$model" -p 'the lazy dog' --chat --system 'the' -n 1 --json -q | ids
echo "only the beginning of a text:"
hlwq generate "$model" -p '' -n 1 --json -q | ids
echo "invalid UTF-8:"
printf 'a\xff\xc3b' | hlwq generate "$model" -n 1 --json -q | ids
printf 'a\xef\xbf\xbd\xef\xbf\xbdb' | hlwq generate "$model" -n 1 --json -q | ids
