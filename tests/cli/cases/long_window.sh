# A window beyond what the model was made for is computed, as transformers does, with a note.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
cp "$MODEL" model.gguf
printf 'the cat sat on the mat and the dog sat on the cat\n' > text.txt
hlwq perplexity model.gguf -f text.txt --window 1000 --json | python3 -c "import json, sys; print(json.load(sys.stdin)['windows'])"
