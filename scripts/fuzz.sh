#!/usr/bin/env bash
# Builds the libFuzzer targets (preset fuzz) and runs each for SECONDS, starting from its corpus.
# New inputs go to build/fuzz/corpus, never into the source tree.
#
# usage: fuzz.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
shift || true
[[ -f build/fuzz/build.ninja ]] || cmake --preset fuzz
cmake --build --preset fuzz --target hlwq_fuzzers
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in build/fuzz/fuzz/fuzz_*; do
    [[ -f $program && -x $program ]] && targets+=("$(basename "$program")")
  done
fi
for target in "${targets[@]}"; do
  name=${target#fuzz_}
  seeds=()
  for folder in "fuzz/corpus/$name" "tests/golden/bad/$name"; do
    [[ -d $folder ]] && seeds+=("$folder")
  done
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $target, $seconds s"
  "build/fuzz/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" \
    "build/fuzz/corpus/$name" "${seeds[@]}"
done
