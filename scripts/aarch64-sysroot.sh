#!/usr/bin/env bash
# Unpacks the arm64 packages that a cross build links and runs with into the folder ROOT, once.
# Nothing is installed: several of Debian's -dev packages cannot be there for two architectures at
# once (libsimdjson-dev), and apt keeps its state beside ROOT, so no rights are needed either.
#
# usage: aarch64-sysroot.sh ROOT
set -euo pipefail
root=$1
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -ra packages < <("$scripts/install-deps.sh" --list libraries)

stamp=$root/.unpacked
[[ -f $stamp && $(<"$stamp") == "${packages[*]}" ]] && exit 0
echo "Unpacking the arm64 libraries into $root" >&2
state=$(realpath -m "$root").apt
rm -rf "$root" "$state"
mkdir -p "$root" "$state"/{lists,cache/archives}/partial
: >"$state/status"  # nothing is installed there: dependencies come along, the C library too
apt=(apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64
     -o APT::Install-Recommends=false -o APT::Sandbox::User= -o Debug::NoLocking=true
     -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state/cache")
"${apt[@]}" update
"${apt[@]}" install --download-only -y "${packages[@]}" >/dev/null
for package in "$state"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$state"
echo "${packages[*]}" >"$stamp"
