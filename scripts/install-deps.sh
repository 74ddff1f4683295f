#!/usr/bin/env bash
# Installs the Debian packages that are missing; does nothing, quickly, when all are there.
#
# usage: install-deps.sh [build|libraries|check|demo|fuzz|docs|study|aarch64]...     (default: build)
#        install-deps.sh --list GROUP...     prints the names and installs nothing
#
# Uses apt-get as root or through sudo. Elsewhere it says what is needed and lets CMake judge.
set -euo pipefail

declare -A groups=(
  [libraries]="libtbb-dev libfmt-dev nlohmann-json3-dev libsimdjson-dev libhwy-dev libxxhash-dev
               libpcre2-dev libicu-dev liburing-dev libcurl4-openssl-dev libssl-dev
               libcpp-httplib-dev
               libgtest-dev libgmock-dev libbenchmark-dev"
  [check]="clang-format-14 clang-tidy-14"
  [demo]="bible-kjv bible-kjv-text"
  [fuzz]="clang libclang-rt-dev"
  [docs]="librsvg2-bin man-db"
  [study]="libtorch-dev libopenblas0-openmp"
  [aarch64]="g++-aarch64-linux-gnu qemu-user-static"
)
groups[build]="build-essential cmake ninja-build pkg-config python3 python3-venv ca-certificates
               ${groups[libraries]}"

lists_only=false
if [[ ${1:-} == --list ]]; then
  lists_only=true
  shift
fi

packages=()
for group in "${@:-build}"; do
  if [[ -z ${groups[$group]:-} ]]; then
    echo "install-deps.sh: unknown group '$group' (have: ${!groups[*]})" >&2
    exit 2
  fi
  read -ra names -d '' <<<"${groups[$group]}" || true
  packages+=("${names[@]}")
done

if $lists_only; then
  echo "${packages[*]}"
  exit 0
fi
if ! command -v dpkg-query >/dev/null; then
  echo "install-deps.sh: not a Debian system; needed are the equivalents of: ${packages[*]}" >&2
  exit 0
fi

# dpkg-query lists what is known; a package counts only when it is installed.
installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep -qx "ii *$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

elevate=()
if [[ $(id -u) -ne 0 ]]; then
  if command -v sudo >/dev/null; then
    elevate=(sudo)
  else
    echo "install-deps.sh: missing packages, and neither root nor sudo. Please install them:" >&2
    echo "  apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
echo "Installing: ${missing[*]}" >&2
install=("${elevate[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq
         --no-install-recommends "${missing[@]}")
# The package lists of a fresh container are empty or old: refresh them only when that matters.
if ! "${install[@]}" >/dev/null 2>&1; then
  "${elevate[@]}" apt-get update -qq
  "${install[@]}"
fi
