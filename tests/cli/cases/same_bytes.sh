# The result does not depend on the number of threads.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq quantize model one --threads 1 --quiet
hlwq quantize model two --threads 2 --quiet
cmp one/model.safetensors two/model.safetensors
