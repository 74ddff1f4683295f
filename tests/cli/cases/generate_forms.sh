# Answers that follow a schema or a grammar.
model="$CASES/../../golden/good/gguf/llama-bpe/model.gguf"
hlwq import "$model" made --quiet || exit 1
if hlwq generate made -p x -n 1 --grammar 'root ::= "a"' --quiet 2>&1 | grep -q "built without xgrammar"; then exit 77; fi
ask() { hlwq generate made -p 'the fox' -n 300 --seed 3 "$@" --quiet < /dev/null; echo "exit $?"; }

ask --grammar 'root ::= "the " ("lazy " | "brown ")+ "dog"'
ask --json-schema '{"type": "object", "properties": {"n": {"enum": [12]}, "s": {"const": "a\"b"}}, "required": ["n", "s"]}' --chat > answer
python3 -c 'import json; print(json.loads(open("answer").read().rsplit("exit", 1)[0]))'
echo 'root ::= [a-c]{5}' > rules.gbnf
ask --grammar-file rules.gbnf --num-answers 2
echo '{"const": [1, null]}' > schema.json
ask --json-schema-file schema.json
ask --grammar 'root ::= none'
ask --json-schema '{"type": '
ask --json-schema-file rules.gbnf
ask --json-schema 5
ask --grammar 'root ::= "a"' --ignore-eos
