# Windows and counts follow from the text; figures of a model that knows nothing lie near its vocabulary.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
printf 'the cat sat on the mat and the dog sat on the cat\n' > text.txt
hlwq perplexity "$MODEL" -f text.txt --window 16 --stride 8 --quiet | sed -E 's/; .*//'
hlwq perplexity "$MODEL" -f text.txt --window 16 --stride 16 --max-tokens 20 --json -q > out.json
python3 - <<'PYTHON'
import json
d = json.load(open("out.json"))
print(d["tokens"], d["windows"], d["scored_tokens"], d["fed_tokens"], d["window"], d["stride"])
print(100 < d["perplexity"]["value"] < 2000, 0 < d["perplexity"]["standard_error"] < d["perplexity"]["value"])
PYTHON
