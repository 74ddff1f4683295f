# Text of the model's own makes the same bits lose less; what it was is recorded, and gives the same weights again.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
printf 'the cat sat on the mat and the dog sat on the cat, and both of them slept in the sun all day\n' > text.txt
hlwq import "$SOURCE" model --quiet
flags="--recipe uniform --bits 3 --quiet"
hlwq quantize model alone $flags
hlwq quantize model self $flags --calibrate self --calibration-tokens 4096
hlwq verify self --quiet
hlwq inspect self | grep calibrated
hlwq quantize model again $flags --calibrate self/hlwq_calibration.json
cmp self/model.safetensors again/model.safetensors
hlwq quantize model other $flags --calibrate self --calibration-tokens 4096 --calibration-seed 2
cmp -s self/model.safetensors other/model.safetensors && exit 1
for i in 1 2 3; do cat text.txt; done > long.txt
hlwq quantize model text $flags --calibrate long.txt --calibration-tokens 40
mkdir -p texts/more
cp long.txt texts/first.txt
cp long.txt texts/more/second.txt
hlwq quantize model folder $flags --calibrate texts/ --calibration-tokens 250
hlwq inspect folder | grep calibrated
# The recipe for a budget is made for codes with feedback, and gives the same again.
hlwq quantize model planned --target-bpw 4.2 --calibrate self/hlwq_calibration.json --quiet
grep description planned/hlwq_recipe.json
hlwq quantize model again --recipe planned/hlwq_recipe.json --calibrate self/hlwq_calibration.json --overwrite --quiet
cmp planned/model.safetensors again/model.safetensors
for model in alone self; do
  hlwq kld $model --reference model -f text.txt --window 24 --stride 12 --json --quiet > $model.json
done
python3 - <<'PYTHON'
import json
alone, self = (json.load(open(f"{name}.json"))["kl"]["mean"]["value"] for name in ("alone", "self"))
print(self < 0.7 * alone)
PYTHON
hlwq dequantize self plain --quiet
test ! -e plain/hlwq_calibration.json
for rotation in none folded; do
  hlwq export model $rotation --to compressed-tensors --rotation $rotation --group-size 32 --calibrate self --calibration-tokens 512 --quiet
  hlwq verify $rotation --quiet
  grep -o 'calibrated with 512 tokens' $rotation/README.md
done
# What is wrong is said in a line, and nothing is left.
fails() { hlwq "$@" --quiet 2>&1 && exit 1; test ! -e x; test ! -e x.partial; test ! -e x.streams; }
fails quantize model x --calibrate text.txt
fails quantize model x --calibrate absent.txt
echo '[[1, 2, 3]]' > short.json
fails quantize model x --calibrate short.json
python3 -c 'print([[9999999] * 20])' > beyond.json
fails quantize model x --calibrate beyond.json
fails export model x --to compressed-tensors --rotation online --calibrate self
fails export model x --to gguf --calibrate self
echo '{"model_type": "gpt2", "n_embd": 64, "n_layer": 1, "n_head": 2, "vocab_size": 100}' > self/config.json
cp model/model.safetensors self/model.safetensors
rm self/hlwq_manifest.json self/polar_config.json
fails quantize self x --calibrate self
