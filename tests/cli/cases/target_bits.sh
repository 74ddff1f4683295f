# Bits under a budget: the size is kept, the recipe can be used again and gives the same codes, and a
# dry run writes the recipe only.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
hlwq import "$SOURCE" model --quiet
for sensitivity in divergence residual uniform; do
  hlwq quantize model $sensitivity --codec hlwq --target-bpw 9.5 --sensitivity $sensitivity --quiet
  hlwq quantize model again --codec hlwq --recipe $sensitivity/hlwq_recipe.json --overwrite --quiet
  cmp $sensitivity/model.safetensors again/model.safetensors
  grep description $sensitivity/hlwq_recipe.json
done
hlwq quantize model dry --codec hlwq --target-bpw 9.5 --dry-run --save-recipe saved.json --quiet
cmp saved.json divergence/hlwq_recipe.json
test ! -e dry
# The default codec has no widths above 6.
hlwq quantize model small --target-bpw 5.5 --quiet
grep description small/hlwq_recipe.json
hlwq quantize model again --recipe small/hlwq_recipe.json --overwrite --quiet
cmp small/model.safetensors again/model.safetensors
hlwq quantize model x --target-bpw 9.5 --bits 4 2>&1 && exit 1
hlwq quantize model x --target-bpw 1.5 2>&1 | tail -1 && test ! -e x
hlwq quantize model x --save-recipe saved.json 2>&1 && exit 1
test ! -e x
