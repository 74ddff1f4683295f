# The result does not depend on the number of threads.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
for threads in 1 2 3; do
  hlwq quantize model "coded$threads" --threads "$threads" --quiet
  hlwq dequantize "coded$threads" "back$threads" --threads "$threads" --quiet
done
for threads in 2 3; do
  diff -r coded1 "coded$threads"
  diff -r back1 "back$threads"
done
