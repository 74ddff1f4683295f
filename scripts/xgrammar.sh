#!/usr/bin/env bash
# Builds the library xgrammar (Apache-2.0), which no distribution has, from the source package on PyPI:
# static, into PREFIX/include and PREFIX/lib, once. It makes answers follow schemas and grammars; where it
# cannot be had, hlwq is built without, and this script says so and succeeds.
#
# usage: xgrammar.sh PREFIX
set -euo pipefail
mkdir -p "$1"
prefix=$(realpath "$1")
version=0.2.9
sha256=87b466bca2475e29bb0323abc62c6c33cbcbcff47e5fb800a3e2099ac9620b90

[[ -f $prefix/built-$version ]] && exit 0

without() {
  echo "xgrammar.sh: $1; answers cannot be made to follow schemas and grammars" >&2
  exit 0
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "Fetching xgrammar $version (3 MB) ..."
echo "xgrammar==$version --hash=sha256:$sha256" >"$work/requirements.txt"
python3 -m venv "$work/venv" || without "no virtual environment for Python can be made"
"$work/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary xgrammar \
  --require-hashes --dest "$work" -r "$work/requirements.txt" >"$work/log" 2>&1 ||
  { tail -n 3 "$work/log" >&2; without "xgrammar $version cannot be fetched"; }
tar -xf "$work/xgrammar-$version.tar.gz" -C "$work"

echo "Building xgrammar $version (a minute) ..."
mkdir "$work/build"
echo "set(XGRAMMAR_BUILD_PYTHON_BINDINGS OFF)" >"$work/build/config.cmake"
# Its own flags ask for link-time optimisation and for warnings as errors. What it logs and how it fails is ours
# (XGRAMMAR_LOG_CUSTOMIZE, src/constrain/xgrammar_log.cc).
{
  cmake -S "$work/xgrammar-$version" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=None \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_CXX_FLAGS="-O2 -DNDEBUG -DXGRAMMAR_LOG_CUSTOMIZE=1 -fno-lto -w -fvisibility=hidden -fvisibility-inlines-hidden" &&
    cmake --build "$work/build" --target xgrammar && cmake --install "$work/build"
} >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; without "xgrammar $version cannot be built"; }
touch "$prefix/built-$version"
