# What vLLM takes runs here as well, as what it decodes to; a folded rotation changes nothing but the basis.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
printf 'the cat sat on the mat and the dog sat on the cat, and both of them slept in the sun all day\n' > text.txt
hlwq import "$SOURCE" model --quiet
for rotation in none folded; do
  hlwq export model $rotation --to compressed-tensors --bits 8 --rotation $rotation --quiet
  hlwq verify $rotation --quiet
  hlwq dequantize $rotation plain-$rotation --quiet
  for folder in $rotation plain-$rotation; do
    hlwq generate $folder -p 'the cat' -n 12 --temperature 0 --ignore-eos --json --quiet > $folder.answer
  done
  hlwq kld $rotation --reference model -f text.txt --window 24 --stride 12 --json --quiet > $rotation.json
done
hlwq dequantize model turned --rotation folded --dtype f32 --quiet
hlwq kld turned --reference model -f text.txt --window 24 --stride 12 --json --quiet > turned.json
python3 - <<'PYTHON'
import json
for name in ("none", "folded"):
    answers = [json.load(open(f"{folder}.answer"))["answers"][0]["ids"] for folder in (name, f"plain-{name}")]
    kl = json.load(open(f"{name}.json"))["kl"]["mean"]["value"]
    config = json.load(open(f"{name}/config.json"))
    print(name, answers[0] == answers[1], 0 < kl < 0.02, config["quantization_config"]["quant_method"])
    print("quantization_config" in json.load(open(f"plain-{name}/config.json")))
print("turned", json.load(open("turned.json"))["kl"]["mean"]["value"] < 1e-7)
PYTHON
hlwq export model none --to compressed-tensors 2>&1 && exit 1
hlwq export model other 2>&1 && exit 1
hlwq export model other --to compressed-tensors --bits 5 2>&1 && exit 1
hlwq export model other --to compressed-tensors --source plain-none --dry-run --quiet
hlwq synth "$CASES/config_llama.json" foreign --quiet
hlwq export model other --to compressed-tensors --source foreign 2>&1 && exit 1
test ! -e other
