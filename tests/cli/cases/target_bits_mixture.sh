# Bits under a budget in a mixture: all experts of a layer and role are one item, embedding and head are items too, and
# the same bytes lose less than one width everywhere.
cat > moe.json <<'JSON'
{"model_type": "qwen3_moe", "vocab_size": 512, "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3,
 "num_attention_heads": 2, "head_dim": 64, "num_key_value_heads": 1, "num_experts": 12, "num_experts_per_tok": 3,
 "moe_intermediate_size": 128}
JSON
set -e
hlwq synth moe.json src --quiet
hlwq quantize src chosen --target-bpw 4.3 > summary.txt 2> progress.txt
head -1 summary.txt
hlwq quantize src uniform --recipe uniform --bits 4 --quiet
hlwq quantize src again --recipe chosen/hlwq_recipe.json --quiet
cmp chosen/model.safetensors again/model.safetensors
python3 -c 'import json; print(json.dumps([[(37 * row + 11 * token * token) % 512 for token in range(48)] for row in range(2)]))' > ids.json
for model in src chosen uniform; do hlwq logits $model --ids ids.json -o $model.st --quiet; done
python3 - <<'PYTHON'
import array, json, math, os, re, struct
recipe = json.load(open("chosen/hlwq_recipe.json"))["tensors"]
experts, others = {}, {}
for name, bits in recipe.items():
    if found := re.match(r"model\.layers\.(\d+)\.mlp\.experts\.\d+\.(\w+)\.", name):
        experts.setdefault(found.groups(), []).append(bits)
    else:
        others[name] = bits
print(len(experts), {len(bits) for bits in experts.values()}, all(len(set(bits)) == 1 for bits in experts.values()))
print("lm_head.weight" in others, "model.embed_tokens.weight" in others, len(others))
most = max(bits[0] for bits in experts.values())
print(min(bits for name, bits in others.items() if "layers" in name) > most)
size = {name: os.path.getsize(f"{name}/model.safetensors") for name in ("chosen", "uniform")}
print(size["chosen"] <= size["uniform"])

def rows(path):
    data = open(path, "rb").read()
    header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])["logits"]
    begin, end = (8 + struct.unpack("<Q", data[:8])[0] + offset for offset in header["data_offsets"])
    values = array.array("f", data[begin:end])
    width = header["shape"][-1]
    return [values[at:at + width] for at in range(0, len(values), width)]

def distribution(row):
    exponentials = [math.exp(value - max(row)) for value in row]
    return [value / sum(exponentials) for value in exponentials]

def divergence(name):
    pairs = zip(map(distribution, rows("src.st")), map(distribution, rows(f"{name}.st")))
    return sum(p * math.log(p / q) for want, got in pairs for p, q in zip(want, got)) / 96

print(0 < divergence("chosen") < 0.8 * divergence("uniform"))
PYTHON
