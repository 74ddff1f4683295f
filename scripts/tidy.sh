#!/usr/bin/env bash
# Runs clang-tidy (.clang-tidy) over the sources that differ from BASE: by default the commit where
# this branch left origin/main, else the commit before. Where there is neither, as in a clone of one
# commit, there is nothing to compare with, and nothing is checked.
#
# usage: tidy.sh [BASE]
#
# A header is checked through the source of its name. What includes libtorch is left out, whose headers clang 14 does
# not take in C++20. Of vector kernels, which it would read as often as they have targets, it only looks whether
# clang takes them: all of them where one differs. A source that this machine does not build (an optional
# library is missing) is left out too. Of very many files those with most changes are checked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_base() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null) || base=
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --quiet --verify HEAD~1) || return 1
  fi
  echo "$base"
}
if ! base=${1:-$(find_base)}; then
  echo "tidy.sh: no earlier commit to compare with" >&2
  exit 0
fi

# A configuration of its own, without optimisation.
cmake --preset tidy >/dev/null
readonly database=build/tidy/compile_commands.json

readonly most=50
# Changed lines and path, most first; each path once, as its source.
mapfile -t sources < <(
  git diff --numstat --no-renames --diff-filter=d "$base" -- '*.cc' '*.h' ':!src/kernels/cpu' \
      ':!study/cli' ':!study/evaluation' ':!study/net' ':!study/objective' ':!study/sampling/net_models*' \
      ':!study/training' ':!tests/study' |
    awk '{sub(/\.h$/, ".cc", $3); lines[$3] += $1 + $2} END {for (path in lines) print lines[path], path}' |
    sort -rn | while read -r _ path; do ! grep -qF "/$path\"" "$database" || echo "$path"; done)
run_clang_tidy() {
  xargs -0 -n 4 -P "$(nproc)" clang-tidy-14 -p build/tidy --quiet --extra-arg=-Wno-unknown-warning-option "$@" \
    2> >(grep -v ' warnings\? generated\.$' >&2)
}

if ! git diff --quiet "$base" -- src/kernels/cpu; then
  echo "clang-tidy: whether clang takes the vector kernels"
  # It wants at least one check.
  git ls-files -z 'src/kernels/cpu/*.cc' | run_clang_tidy --checks='-*,misc-new-delete-overloads'
fi
[[ ${#sources[@]} -eq 0 ]] && exit 0
if [[ ${#sources[@]} -gt $most ]]; then
  echo "clang-tidy: ${#sources[@]} files differ, of which $((${#sources[@]} - most)) are not checked"
  sources=("${sources[@]:0:most}")
fi

echo "clang-tidy: ${#sources[@]} files that differ from ${base:0:12}"
printf '%s\0' "${sources[@]}" | run_clang_tidy
