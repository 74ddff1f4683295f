#!/usr/bin/env python3
"""Runs one case of tests/cli/cases and compares what it prints and how it ends.

usage: run_case.py [--update] HLWQ CASE.sh

The case runs with bash in an empty folder, `hlwq` first in its PATH, $CASES the folder of the case.
Beside CASE.sh lie CASE.stdout, CASE.stderr (both may be missing: nothing is printed) and CASE.exit
(missing: 0). In the expectations a line "..." stands for any lines, and "..." inside a line for any
text of that line. Exit 77 of a case means that it cannot run here. --update writes the files anew.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def pattern(expected: str) -> re.Pattern:
    text = ""
    for line in expected.splitlines(keepends=True):
        if line.strip() == "...":
            text += "(?:.*\n)*?"
        else:
            text += ".*?".join(re.escape(part) for part in line.split("..."))
    return re.compile(text)


def run(hlwq: pathlib.Path, case: pathlib.Path) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        programs = pathlib.Path(folder, "bin")
        work = pathlib.Path(folder, "work")
        programs.mkdir()
        work.mkdir()
        (programs / "hlwq").symlink_to(hlwq.resolve())
        environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}", NO_COLOR="1",
                           CASES=str(case.resolve().parent), LC_ALL="C.UTF-8")
        done = subprocess.run([shutil.which("bash"), "-u", case.resolve()], cwd=work,
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True)
        return (done.returncode, done.stdout.decode("utf-8", "replace").replace(str(work), "WORK"),
                done.stderr.decode("utf-8", "replace").replace(str(work), "WORK"))


def main() -> int:
    arguments = sys.argv[1:]
    is_update = arguments[:1] == ["--update"]
    if len(arguments) != 2 + is_update:
        sys.exit(__doc__)
    hlwq, case = map(pathlib.Path, arguments[is_update:])
    code, stdout, stderr = run(hlwq, case)
    if code == 77:
        print(stderr, end="")
        return 77
    failed = False
    for suffix, found in ((".exit", f"{code}\n"), (".stdout", stdout), (".stderr", stderr)):
        path = case.with_suffix(suffix)
        default = "0\n" if suffix == ".exit" else ""
        if is_update:
            path.unlink(missing_ok=True)
            if found != default:
                path.write_text(found, encoding="utf-8")
            continue
        expected = path.read_text(encoding="utf-8") if path.exists() else default
        if not pattern(expected).fullmatch(found):
            failed = True
            print(f"--- {path.name}: expected\n{expected}--- found\n{found}---")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
