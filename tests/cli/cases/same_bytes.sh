# The result does not depend on the number of threads.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
for codec in hlwq hlwq-t; do
  for threads in 1 2 3; do
    hlwq quantize model "coded$threads" --codec "$codec" --threads "$threads" --quiet --overwrite
    hlwq dequantize "coded$threads" "back$threads" --threads "$threads" --quiet --overwrite
  done
  for threads in 2 3; do
    diff -r coded1 "coded$threads"
    diff -r back1 "back$threads"
  done
done
