# Resuming what is finished is no error and does nothing.
hlwq synth "$CASES/config_llama.json" src --quiet
hlwq quantize src dst --quiet
stat -c %Y dst/model.safetensors > before
hlwq quantize src dst --resume | tail -1
stat -c %Y dst/model.safetensors | cmp - before && echo untouched
