"""What the checks have in common: their virtual environment and their command line."""
from __future__ import annotations

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parser(document: str, name: str) -> argparse.ArgumentParser:
    """--hlwq and --venv, with the places where `make interop` has them."""
    result = argparse.ArgumentParser(description=document, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--hlwq", type=pathlib.Path, default=ROOT / "build/release/bin/hlwq")
    result.add_argument("--venv", type=pathlib.Path, default=ROOT / "build/interop" / name)
    return result


def enter(venv: pathlib.Path, packages: list[str]) -> None:
    """Runs this script again inside the environment, which is made first if need be."""
    if pathlib.Path(sys.prefix).resolve() == venv.resolve():
        return
    python = venv / "bin/python"
    if not (venv / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
        (venv / "complete").touch()
    os.execv(python, [str(python), *sys.argv])


def run(hlwq: pathlib.Path, *arguments) -> str:
    """stdout of a verb that must succeed."""
    return subprocess.run([hlwq, *map(str, arguments)], check=True, text=True, stdout=subprocess.PIPE).stdout
