# The main job from end to end on a small made-up model: the sizes follow from the shapes.
set -e
hlwq synth "$CASES/config_llama.json" model --quiet
hlwq quantize model coded --report report.html 2>&1 | sed -E 's/(written to coded) in .*/\1/'
hlwq verify coded --json
hlwq dequantize coded restored --quiet
hlwq inspect restored --json | python3 -c "import json, sys; d = json.load(sys.stdin); print(d['format'], d['weights'], len(d['tensors']))"
grep -c '<svg' report.html >/dev/null
