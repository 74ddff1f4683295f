# The whole answer of generate: its ids, text and end do not depend on threads, a seed repeats it,
# and of several answers each has the seed after the one before.
set -e
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
ask() { hlwq generate "$model" -p 'the fox jumps' -n 12 --ignore-eos --json --quiet "$@"; }
ask --seed 5 > five.json
ask --seed 5 -t 1 > again.json
ask --seed 6 > six.json
ask --seed 5 --num-answers 3 > three.json
python3 - <<'PYTHON'
import json
five, again, six, three = (json.load(open(f"{name}.json")) for name in ("five", "again", "six", "three"))
answer = five["answers"][0]
print(sorted(five), sorted(five["prompt"]), sorted(answer))
print(len(answer["ids"]), answer["stop_reason"], answer["seed"])
print("threads:", again["answers"][0]["ids"] == answer["ids"])
print("seeds:", [a["seed"] for a in three["answers"]],
      [a["ids"] for a in three["answers"]][:2] == [answer["ids"], six["answers"][0]["ids"]],
      answer["ids"] != six["answers"][0]["ids"])
json.dump(five["prompt"]["ids"] + answer["ids"], open("ids.json", "w"))
open("text", "w").write("the fox jumps" + answer["text"])
PYTHON
hlwq tokenize "$model" --decode --no-special < ids.json > decoded
cmp decoded text
