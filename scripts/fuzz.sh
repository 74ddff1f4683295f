#!/usr/bin/env bash
# Builds the libFuzzer targets (preset fuzz) and runs each for SECONDS, starting from its corpus, as many at once as there are cores.
# New inputs go to build/fuzz/corpus, never into the source tree; what a target printed to build/fuzz/NAME.log.
#
# usage: fuzz.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export SECONDS_EACH=${1:-60}
shift || true
[[ -f build/fuzz/build.ninja ]] || cmake --preset fuzz
cmake --build --preset fuzz --target hlwq_fuzzers
targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for program in build/fuzz/fuzz/fuzz_*; do
    [[ -f $program && -x $program ]] && targets+=("$(basename "$program")")
  done
fi

run_target() {
  local name=${1#fuzz_} seeds=() folder log
  log=build/fuzz/$name.log
  for folder in "fuzz/corpus/$name" "tests/golden/bad/$name"; do
    [[ -d $folder ]] && seeds+=("$folder")
  done
  mkdir -p "build/fuzz/corpus/$name"
  if ! "build/fuzz/fuzz/fuzz_$name" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "${seeds[@]}" >"$log" 2>&1; then
    echo "$1: FAILED, see $log"
    tail -n 20 "$log"
    return 1
  fi
  awk -v name="$1" '/cov: /{for (i = 1; i < NF; ++i) if ($i == "cov:") covered = $(i + 1)}
    /stat::number_of_executed_units/{runs = $2}
    END {printf "%s: nothing found in %d runs, %d places covered\n", name, runs, covered}' "$log"
}
export -f run_target
echo "${#targets[@]} targets, $SECONDS_EACH s each"
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_target {}'
