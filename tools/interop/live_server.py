"""A running `hlwq serve`, and checks of it: what the scripts that need one have in common."""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import environment


def model_of(arguments) -> pathlib.Path | str | None:
    """The model that was given, else the one that `make demo` has made; None, and a word why, without one."""
    if arguments.model is not None:
        return arguments.model
    made = sorted((environment.ROOT / "build/demo").glob("*-hlwq"))
    if made and (made[0] / "tokenizer.json").exists():
        return made[0]
    print("skipped: no model given, and none that `make demo` has made")
    return None


def start(hlwq: pathlib.Path, model, *options: str) -> tuple[subprocess.Popen, str]:
    """The server of a model or a list of them, on a free port, and its address. Ends the program where the server does
    not start."""
    models = model if isinstance(model, list) else [model]
    server = subprocess.Popen([hlwq, "serve", *models, "--port", "0", "--json", *options], stdout=subprocess.PIPE,
                              text=True)
    document = ""
    while True:  # its first document says where it listens
        line = server.stdout.readline()
        if not line:
            sys.exit(f"the server ended with {server.wait()}")
        document += line
        try:
            place = json.loads(document)
        except json.JSONDecodeError:
            continue
        return server, f"http://{place['host']}:{place['port']}"


def run_checks(checks, title=lambda name: name[6:]) -> int:
    """Calls every check_... in order and prints a line for each. Returns how many failed."""
    failed = 0
    for name in sorted(name for name in dir(checks) if name.startswith("check_")):
        try:
            outcome = getattr(checks, name)() or ""
        except Exception as error:  # whatever a client throws is what is looked for
            failed += 1
            outcome = f"FAILED: {type(error).__name__}: {error}"
        print(f"{title(name).replace('_', ' '):20} {outcome}"[:300], flush=True)
    return failed
