# All tokens at once and one at a time give the same logits; -o holds them and the hidden states.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
echo '[[1, 5, 9, 200, 7], [3, 3, 3, 3, 383]]' > ids.json
hlwq logits "$MODEL" --ids ids.json --quiet | sed -E 's/\(.*//'
hlwq logits "$MODEL" --ids ids.json -o all.safetensors --hidden 2>&1 | grep -v note:
hlwq logits "$MODEL" --ids ids.json -o step.safetensors --step --json --quiet > step.json
hlwq logits "$MODEL" --ids ids.json --json --quiet > last.json
python3 - <<'PYTHON'
import json, struct

def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + at for at in entry["data_offsets"])
            tensors[name] = (entry["dtype"], entry["shape"], struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
    return tensors

everything, step = read("all.safetensors"), read("step.safetensors")
for name in sorted(everything):
    print(name, *everything[name][:2])
print(sorted(step))
a, b = everything["logits"][2], step["logits"][2]
print(max(abs(x - y) for x, y in zip(a, b)) < 2e-4 * max(map(abs, a)))
tops = [max(range(384), key=lambda i: b[(s * 5 + 4) * 384 + i]) for s in range(2)]
print(tops == [s["top"][0]["id"] for s in json.load(open("step.json"))["sequences"]])
print(tops == [s["top"][0]["id"] for s in json.load(open("last.json"))["sequences"]])
PYTHON
ls
