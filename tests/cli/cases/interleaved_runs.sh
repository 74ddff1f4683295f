# Interleaved rows, and fewer vector instructions, give the same text; a wrong name of these is an error.
# Codes of hlwq-t lie so in the file already.
SOURCE=$CASES/../../golden/good/gguf/llama-bpe/model.gguf
set -e
hlwq import "$SOURCE" model --quiet
for codec in hlwq hlwq-t; do
  hlwq quantize model $codec --recipe uniform --bits 5 --codec $codec --quiet
  hlwq generate $codec -p 'the cat' -n 6 --temperature 0 --ignore-eos --json --quiet > rows.json
  hlwq generate $codec -p 'the cat' -n 6 --temperature 0 --ignore-eos --json --interleave > tiles.json 2> notes.txt
  HLWQ_TARGET=avx2 hlwq generate $codec -p 'the cat' -n 6 --temperature 0 --ignore-eos --json --interleave --quiet > avx2.json
  grep -c 'interleaved rows: ' notes.txt || true
  python3 -c '
import json
ids = [json.load(open(f"{name}.json"))["answers"][0]["ids"] for name in ("rows", "tiles", "avx2")]
print(len(ids[0]), ids[0] == ids[1], ids[0] == ids[2])'
done
set +e
HLWQ_TARGET=mmx hlwq generate hlwq -p 'the cat' 2> error.txt
echo $?
cat error.txt
