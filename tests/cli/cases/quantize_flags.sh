# Flags that change what is coded and how show in what inspect says.
hlwq synth "$CASES/config_llama.json" codes --format polar_state --bits 4 --quiet
hlwq inspect codes | grep ^codec
hlwq synth "$CASES/config_llama.json" src --quiet
hlwq quantize src v1 --compat polarquant-v1 --quiet
hlwq inspect v1 | grep ^codec
hlwq quantize src heads --embeddings 8 --lm-head 6 --quiet
hlwq inspect heads | grep -E "^codec|embed_tokens|lm_head"
