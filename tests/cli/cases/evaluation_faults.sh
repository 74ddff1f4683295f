# What cannot be measured is one line and exit 2, and leaves nothing behind.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
cp "$MODEL" model.gguf; hlwq synth "$CASES/config_llama.json" other --quiet
printf 'the cat sat on the mat\n' > text.txt; : > empty.txt; printf 'a' > one.txt
try() { "$@" --quiet; echo "exit $?"; }
try hlwq perplexity model.gguf
try hlwq perplexity model.gguf -f absent.txt
try hlwq perplexity model.gguf -f empty.txt
try hlwq perplexity model.gguf -f one.txt
try hlwq perplexity model.gguf -f text.txt --window 1
try hlwq perplexity model.gguf -f text.txt --window 8 --stride 9
try hlwq perplexity model.gguf -f text.txt --max-tokens 1
try hlwq kld model.gguf -f text.txt
try hlwq kld model.gguf --reference other -f text.txt
try hlwq kld model.gguf --reference model.gguf -f text.txt --report absent/page.html
try hlwq logits model.gguf
ids() { echo "$1" > ids.json; shift; try hlwq logits model.gguf --ids ids.json "$@"; }
ids '[]'
ids '[1, 2]'
ids '[[1, 2], []]'
ids '[[1, 2], [1, 2, 3]]'
ids '[[1, 384]]'
ids '[[1, -1]]'
ids '[[1, 1.5]]'
ids '[[1, "a"]]'
ids '[[1, 2]]' --hidden
ids '[[1, 2]]' -o absent/out.safetensors
ids '[[1, 2]]' -o .
ls
