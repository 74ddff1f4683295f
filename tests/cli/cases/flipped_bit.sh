# One flipped bit is found, named, and is exit status 1, not an error.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
python3 - <<'PY'
with open("model/model.safetensors", "r+b") as file:
    file.seek(-1, 2)
    last = file.read(1)[0]
    file.seek(-1, 2)
    file.write(bytes([last ^ 1]))
PY
hlwq verify model --quiet
