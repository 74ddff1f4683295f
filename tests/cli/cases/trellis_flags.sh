# --codec and --effort in plans and in what is written, and what does not go together.
hlwq synth "$CASES/config_llama.json" src --quiet
hlwq plan src --recipe published --bits 4 | grep -E 'attention_q|coded  '
hlwq synth "$CASES/config_llama.json" codes --format polar_state --codec hlwq-t --bits 3 --quiet
hlwq inspect codes | grep ^codec
for effort in fast default best; do
  hlwq quantize src "$effort" --recipe published --effort "$effort" --quiet
  hlwq inspect "$effort" | grep -E '^codec|^recorded (SNR|format)'
  hlwq verify "$effort" --quiet && hlwq dequantize "$effort" "back-$effort" --quiet
  hlwq compare src "$effort" --min-snr 28 --quiet && echo good
done
# A page draws every level, where it lies among the coordinates.
hlwq quantize src page --recipe published --bits 3 --report page.html --quiet
hlwq compare src page --report compare.html --quiet
for page in page.html compare.html; do
  grep -o 'trellis-gauss, 16 levels, the largest 126' "$page"
  grep -o 'one for 64 weights, by rule default' "$page"
  grep -oE 'level (0|15) at -?2' "$page" | sort -u
done
python3 -c "import json; c = json.load(open('fast/polar_config.json')); print([k for k in c], c['quantization'])"
try() { hlwq "$@" --quiet 2>&1; echo "exit $?"; }
try quantize src no --codec hlwq --effort fast
try quantize src no --codec hlwq-t --table lloyd-max
try quantize src no --codec hlwq-t --scale norm
try quantize src no --codec hlwq-t --compat polarquant-v1
try quantize src no --codec hlwq-x
try quantize src no --codec hlwq-t --effort some
try quantize src no --codec hlwq-t --bits 8
try plan src --codec hlwq-t --bits 1
try quantize src no --codec hlwq-t --embeddings 8 --nonfinite keep
try plan "$CASES/config_llama.json" --codec hlwq-t --embeddings 7
echo '{"tensors": {"*.down_proj.*": 7}}' > recipe.json
try quantize src no --codec hlwq-t --recipe recipe.json
try plan src --codec hlwq-t --recipe recipe.json
# A width of a role that the model lacks is no error, and widths that exist are none.
echo '{"roles": {"router": 8}, "embeddings": 6}' > router.json
hlwq quantize src roles --codec hlwq-t --recipe router.json --quiet
hlwq inspect roles | grep -E '^codec|embed_tokens'
echo *
