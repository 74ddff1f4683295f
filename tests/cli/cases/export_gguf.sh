# A model of the shapes of config_llama.json goes out to GGUF and comes back; what is wrong is said.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq export model out --to gguf --quiet
ls out
hlwq verify out --json | python3 -c "import json, sys; d = json.load(sys.stdin); print(d['tensors'], len(d['problems']))"
hlwq inspect out --json | python3 -c "import json, sys; d = json.load(sys.stdin); print(d['format'], d['weights'], len(d['tensors']))"
hlwq export out small --to gguf --type q8_0 --dry-run 2>&1
test ! -e small
hlwq export model model.gguf --to gguf 2>&1 || echo "exit $?"
hlwq export model small --to gguf --bits 4 2>&1 || echo "exit $?"
hlwq export model small --to compressed-tensors --type f16 2>&1 || echo "exit $?"
