# What cannot be generated is told in one line.
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
hlwq import "$model" made --quiet || exit 1
fail() { hlwq generate "$@" --quiet < /dev/null; echo "exit $?"; }

fail made -p 'the quick brown fox jumps over the lazy dog' -c 4
fail made -p x --logit-bias 5
fail made -p x --logit-bias 384=1
fail made -p x --system y
fail made -p x -f y
fail made -f nowhere.txt
fail made -p x --top-p 2
fail made -p x --stop ''

echo "without its tokenizer, or with a token that the model has not:"
cp -r made other
rm other/tokenizer.json
fail other -p x
python3 - <<'PYTHON'
import json
tokenizer = json.load(open("made/tokenizer.json"))
tokenizer["added_tokens"].append(dict(tokenizer["added_tokens"][0], id=384, content="<more>"))
json.dump(tokenizer, open("other/tokenizer.json", "w"))
PYTHON
fail other -p 'x<more>'
cp made/tokenizer.json other/

echo "without a template:"
rm -f other/chat_template.jinja other/tokenizer_config.json
fail other -p x --chat

echo "without a token for the beginning:"
change() { python3 - "$@" <<'PYTHON'
import json, sys
name, key, value = sys.argv[1:]
config = json.load(open(f"made/{name}"))
config[key] = json.loads(value)
json.dump(config, open(f"other/{name}", "w"))
PYTHON
}
cp made/config.json other/
change config.json bos_token_id null
rm -f other/generation_config.json
fail other -p ''

echo "with a config that contradicts the weights, or itself:"
change config.json hidden_size 128
fail other -p x
change config.json num_attention_heads '"two"'
fail other -p x
change config.json vocab_size 100
fail other -p x
cp made/config.json other/
change generation_config.json eos_token_id '{}'
fail other -p x
