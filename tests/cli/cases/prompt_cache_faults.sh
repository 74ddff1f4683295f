# A file that is none, damaged, of something else, or that cannot be written: one line, and it stays as it is.
cp "$CASES/../../golden/good/gguf/llama-bpe/model.gguf" . && model=model.gguf
cp "$CASES/../../golden/good/models/qwen3_5/model.safetensors" weights
ask() {
  hlwq generate $model -p 'the fox jumps over the lazy dog' -n 4 --temperature 0 --ignore-eos --quiet "$@" > answer
  echo "exit $?$([ -s answer ] && { cmp -s answer right && echo ", answered" || echo ", another answer"; })"
}
hlwq generate $model -p 'the fox jumps over the lazy dog' -n 4 --temperature 0 --ignore-eos --quiet > right
ask --prompt-cache good
refused() {
  before=$(md5sum < "$1")
  ask --prompt-cache "$@"
  [ "$before" = "$(md5sum < "$1")" ] || echo "it was changed"
}
echo "damaged:"
head -c 100 good > cut; refused cut
head -c 5 good > cut; refused cut
head -c -1 good > cut; refused cut
python3 - <<'PYTHON'
data = bytearray(open("good", "rb").read())
data[-2000] ^= 1
open("flipped", "wb").write(data)
data = open("good", "rb").read()
open("version", "wb").write(data.replace(b'"version":"1"', b'"version":"9"'))
PYTHON
refused flipped
refused version
echo "no such file:"
echo 'some text, not a sequence at all' > text; refused text
refused weights
mkdir folder; ask --prompt-cache folder
mkfifo pipe; ask --prompt-cache pipe
ask --prompt-cache nowhere --prompt-cache-ro
echo "of something else:"
refused good --kv k8v4
refused good --kv f32
hlwq import "$model" made --quiet
before=$(md5sum < good)
hlwq generate made -p 'the fox' --quiet --prompt-cache good; echo "exit $?"
[ "$before" = "$(md5sum < good)" ] || echo "it was changed"
hlwq quantize made coded --codec hlwq --bits 4 --quiet
hlwq generate coded -p 'the fox' -n 1 --quiet --prompt-cache coded.cache > answer
hlwq generate coded -p 'the fox' -n 1 --quiet --prompt-cache coded.cache --interleave; echo "exit $?"
printf 'the fox\n' | hlwq chat $model --quiet --prompt-cache flipped; echo "exit $?"
echo "where it cannot be written:"
ask --prompt-cache nowhere/file
ask --prompt-cache nowhere/file --prompt-cache-all
printf 'the fox\n' | hlwq chat "$model" -n 2 --temperature 0 --ignore-eos --quiet --prompt-cache nowhere/file > answer; echo "exit $?"; [ -s answer ] && echo "answered"
(ulimit -f 8; ask --prompt-cache large)
mkdir inside; cp "$model" inside/
hlwq generate inside -p 'the fox' --quiet --prompt-cache inside/file; echo "exit $?"
ask --prompt-cache $model
echo "while another writes it:"
flock busy.partial hlwq generate $model -p 'the fox' -n 4 --temperature 0 --ignore-eos --prompt-cache busy 2> told | wc -l
grep 'busy.partial' told
echo "killed at any moment:"
for round in 1 2 3 4 5 6 7 8 9 10 11 12; do
  hlwq generate "$model" -p "the fox $round" -n 1 --quiet --prompt-cache good > /dev/null & job=$!
  sleep 0.00$((round * 7 % 10))$((round % 10))
  kill -9 $job 2> /dev/null
  wait $job 2> /dev/null
  hlwq generate "$model" -p x -n 1 --temperature 0 --quiet --prompt-cache good --prompt-cache-ro > /dev/null || echo "lost"
done
ask --prompt-cache good
rm -f good.partial
echo "flags:"
ask --prompt-cache-ro
ask --prompt-cache-all
ask --prompt-cache good --prompt-cache-ro --prompt-cache-all
ls
