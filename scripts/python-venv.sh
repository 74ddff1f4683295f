#!/usr/bin/env bash
# Makes the virtual environment VENV with the given packages, once per set of packages.
#
# usage: python-venv.sh VENV [PACKAGE...]
set -euo pipefail
venv=$1
shift
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
[[ $# -eq 0 ]] && exit 0
stamp=$venv/.installed-$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
[[ -f $stamp ]] && exit 0
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
touch "$stamp"
