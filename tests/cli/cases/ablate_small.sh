# Fifteen ways to code a small model, and what can be said about them.
MODEL=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
for _ in 1 2 3 4 5 6; do
  printf 'the cat sat on the mat and the dog sat on the cat, and both of them slept in the sun all day\n'
done > text.txt
hlwq ablate "$MODEL" -f text.txt --window 64 --stride 64 --json --quiet --report page.html > all.json
hlwq ablate "$MODEL" -f text.txt --window 64 --stride 64 --methods 'q?_0,hlwq-search' --quiet |
  cut -d ' ' -f 1-3 | sed -n '3,7p'
python3 - <<'PYTHON'
import json
result = json.load(open("all.json"))
methods = {method["name"]: method for method in result["methods"]}
print(" ".join(methods))
kl = {name: method["kl"]["value"] for name, method in methods.items()}
noise = {name: method["weights"]["relative_mse"] for name, method in methods.items()}
print(kl["q8_0"] < kl["q5_0"] < kl["q4_0"], noise["hlwq-search"] < noise["hlwq-converged"] < noise["hlwq-published"])
print(noise["cascade"] > noise["int4-absmax"], len(result["differences"]), len(result["shares"]))
page = open("page.html").read()
print(page.count("<svg"), all(method["label"].replace("→", "") for method in result["methods"]))
PYTHON
set +e
hlwq ablate "$MODEL" -f text.txt --methods 'int4*,nothing' --quiet; echo "exit $?"
hlwq ablate "$MODEL" -f text.txt --bits 7 --quiet; echo "exit $?"
