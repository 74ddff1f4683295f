# A dry run says what would be done and writes nothing.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq quantize model coded --dry-run > plan.txt
hlwq plan model > plan2.txt
cmp plan.txt plan2.txt
ls
# What it says of another --bits is what that becomes.
for bits in 2 6; do hlwq plan model --bits $bits --json > $bits.json; done
hlwq quantize model six --bits 6 --quiet
python3 - <<'PYTHON'
import json, os
two, six = (json.load(open(f"{bits}.json")) for bits in (2, 6))
print([size["bits"] for size in two["sizes"]], two["sizes"] == six["sizes"])
print(two["sizes"][0]["output_bytes"] == two["output_bytes"], two["sizes"][-1]["output_bytes"] == six["output_bytes"])
print(six["output_bytes"] == os.path.getsize("six/model.safetensors"))
PYTHON
hlwq plan model --recipe mixed | grep -c "by --bits" || true
