#!/usr/bin/env bash
# Runs every benchmark program of a build: a table on the terminal, JSON beside it. Each of some 3,000 cases has a tenth of a
# second: with half of one, as is usual, they take an hour on two cores.
#
# usage: bench.sh PROGRAMS RESULTS     (folders)
set -euo pipefail
programs_dir=$1 results=$2
mkdir -p "$results"
shopt -s nullglob
programs=("$programs_dir"/*_bench)
if [[ ${#programs[@]} -eq 0 ]]; then
  echo "bench.sh: no *_bench program in $programs_dir" >&2
  exit 1
fi
for program in "${programs[@]}"; do
  name=$(basename "$program")
  echo "== $name"
  "$program" --benchmark_min_time=0.1 --benchmark_out="$results/$name.json" --benchmark_out_format=json
done
echo "Results: $results/*.json"
echo "== files"
python3 "$(dirname "${BASH_SOURCE[0]}")/bench_files.py" "$programs_dir/../bin/hlwq" "$results/files" | tee "$results/files.txt"
