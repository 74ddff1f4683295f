# A model differs from itself by exactly nothing, from its codes by something, and by less with more bits.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
printf 'the cat sat on the mat and the dog sat on the cat, and both of them slept in the sun all day\n' > text.txt
hlwq import "$SOURCE" model --quiet
for bits in 3 8; do hlwq quantize model coded$bits --codec hlwq --recipe uniform --bits $bits --quiet; done
for other in model coded3 coded8; do
  hlwq kld $other --reference model -f text.txt --window 24 --stride 12 --json --quiet > $other.json
done
hlwq kld coded3 --reference model -f text.txt --window 24 --stride 12 --quiet | cut -c 1-33 | sed '$d; s/ *$//'
python3 - <<'PYTHON'
import json
same, three, eight = (json.load(open(f"{name}.json")) for name in ("model", "coded3", "coded8"))
print(same["kl"]["max"], same["same_top"]["value"], same["shared_top5"]["value"], same["perplexity_ratio"])
print(0 < eight["kl"]["mean"]["value"] < three["kl"]["mean"]["value"] / 30)
print(three["reference_perplexity"] == same["perplexity"], three["perplexity"] != same["perplexity"])
print(three["kl"]["median"]["value"] <= three["kl"]["p99"]["value"] <= three["kl"]["max"])
PYTHON
