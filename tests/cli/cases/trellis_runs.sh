# A model runs from its trellis codes as from what they decode to, and differs less from its source
# than at as many bits of the plain codec.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
printf 'the cat sat on the mat and the dog sat on the cat, and both of them slept in the sun all day\n' > text.txt
hlwq import "$SOURCE" model --quiet
for codec in hlwq hlwq-t; do
  hlwq quantize model $codec --recipe uniform --bits 5 --codec $codec --quiet
  hlwq kld $codec --reference model -f text.txt --window 24 --stride 12 --json --quiet > $codec.json
done
hlwq dequantize hlwq-t decoded --dtype f32 --quiet
hlwq kld hlwq-t --reference decoded -f text.txt --window 24 --stride 12 --json --quiet > arithmetic.json
for model in hlwq-t decoded; do
  hlwq generate $model -p 'the cat' -n 12 --temperature 0 --ignore-eos --threads 1 --json --quiet > $model.answer
done
hlwq generate hlwq-t -p 'the cat' -n 12 --temperature 0 --ignore-eos --threads 2 --json --quiet > again.answer
python3 - <<'PYTHON'
import json
kl = {name: json.load(open(f"{name}.json"))["kl"]["mean"]["value"] for name in ("hlwq", "hlwq-t", "arithmetic")}
print(0 < kl["hlwq-t"] < kl["hlwq"], kl["arithmetic"] < 0.2 * kl["hlwq-t"])
tokens = [json.load(open(f"{name}.answer"))["answers"][0]["ids"] for name in ("hlwq-t", "again", "decoded")]
print(len(tokens[0]), tokens[0] == tokens[1], tokens[0][:4] == tokens[2][:4])
PYTHON
