# Flags that change what is coded and how show in what inspect says.
hlwq synth "$CASES/config_llama.json" codes --format polar_state --codec hlwq --bits 4 --quiet
hlwq inspect codes | grep ^codec
hlwq synth "$CASES/config_llama.json" src --quiet
# The default codes everything; --compat does what the published tool does, unless more is said.
hlwq quantize src all --quiet
hlwq inspect all | grep -E '^codec|embed_tokens|layers.0.self_attn.[qv]_proj'
hlwq quantize src v1 --compat polarquant-v1 --quiet
hlwq inspect v1 | grep -E '^codec|embed_tokens'
hlwq quantize src v1u --compat polarquant-v1 --recipe balanced --bits 3 --quiet
hlwq inspect v1u | grep -E '^codec|embed_tokens'
hlwq quantize src norm --scale norm --recipe uniform --quiet
hlwq inspect norm | grep ^codec
hlwq quantize src heads --codec hlwq --recipe published --embeddings 8 --lm-head 6 --quiet
hlwq inspect heads | grep -E "^codec|embed_tokens|lm_head"
try() { hlwq "$@" --quiet 2>&1; echo "exit $?"; }
try quantize src no --bits 8
try quantize src no --bits 1 --codec hlwq-t
try quantize src no --recipe balance
test ! -e no
