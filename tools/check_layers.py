#!/usr/bin/env python3
"""Fails when an include in src/ goes against the layers, or a CMake box links what it may not.

usage: check_layers.py ROOT

ARROWS is the picture of docs/architecture.md: a box may use whatever its arrows reach. STUDY are the boxes that
study/ may use, which stands outside and which no box may use.
"""
import pathlib
import re
import sys

ARROWS = {
    "base": [],
    "tensor": ["base"],
    "io": ["tensor"],
    "codec": ["tensor"],
    "kernels": ["codec"],
    "checkpoint": ["codec", "io"],
    "model": ["kernels", "checkpoint"],
    "runtime": ["model"],
    "text": ["base"],
    "hub": ["base"],
    "convert": ["kernels", "checkpoint"],
    "report": ["checkpoint"],
    "eval": ["report", "runtime", "text"],
    "chat": ["runtime", "text"],
    "constrain": ["runtime", "text"],
    "server": ["chat", "constrain"],
    "calibrate": ["convert", "chat"],
    "api": ["calibrate", "eval", "chat"],
    "cli": ["calibrate", "eval", "server", "hub"],
}
STUDY = {"base", "tensor", "io", "kernels", "checkpoint", "text", "runtime", "chat", "report"}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
# The public headers that stand below every box; the others are for `api`, which implements them.
PUBLIC_BASE = {"hlwq/error.h", "hlwq/mapping_faults.h", "hlwq/progress.h", "hlwq/version.h"}
BOX = re.compile(r"hlwq_add_box\(\s*(\w+)(.*?)\)", re.S)


def reach(box: str) -> set[str]:
    seen, todo = set(), [box]
    while todo:
        current = todo.pop()
        if current not in seen:
            seen.add(current)
            todo += ARROWS[current]
    return seen


def includes(root: pathlib.Path, folder: pathlib.Path):
    """Of all sources below: (bracket, what is included, its first folder, place)."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".h", ".cc", ".cu", ".cuh"}:
            continue
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            bracket, include = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            yield bracket, include, include.split("/")[0], f"{path.relative_to(root)}:{line}"


def check_study(root: pathlib.Path) -> list[str]:
    return [f'{where}: study may not use "{include}" (allowed: {", ".join(sorted(STUDY))})'
            for bracket, include, target, where in includes(root, root / "study")
            if bracket == '"' and include not in PUBLIC_BASE and target not in STUDY | {"study"}]


def check(root: pathlib.Path) -> list[str]:
    problems = check_study(root)
    src = root / "src"
    for folder in sorted(p for p in src.iterdir() if p.is_dir()):
        box = folder.name
        if box not in ARROWS:
            problems.append(f"{folder.relative_to(root)}: not a box of docs/architecture.md")
            continue
        allowed = reach(box)
        for bracket, include, target, where in includes(root, folder):
            if bracket == "<":
                if "/" in include and target in ARROWS and (src / include).exists():
                    problems.append(f'{where}: write "{include}" in quotes')
            elif include in PUBLIC_BASE or target == "hwy":
                continue
            elif target == "hlwq":
                if box != "api":
                    problems.append(f'{where}: only api may use "{include}", which stands above the boxes')
            elif "/" not in include or target not in ARROWS:
                problems.append(f'{where}: include "{include}" by its path from src/')
            elif target not in allowed:
                problems.append(f"{where}: {box} may not use {target} (allowed: {', '.join(sorted(allowed))})")
        listing = folder / "CMakeLists.txt"
        if listing.exists():
            for name, body in BOX.findall(listing.read_text(encoding="utf-8")):
                deps = re.search(r"\bDEPS\b([^A-Z]*)", body)
                for dep in deps.group(1).split() if deps else []:
                    if dep not in reach(name) - {name}:
                        problems.append(f"{listing.relative_to(root)}: {name} may not link {dep}")
    for path in sorted((root / "include").rglob("*.h")):
        text = path.read_text(encoding="utf-8")
        for match in INCLUDE.finditer(text):
            bracket, include = match.groups()
            is_public = bracket == '"' and include.startswith("hlwq/")
            if not is_public and (bracket == '"' or "/" in include or "." in include):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f'{path.relative_to(root)}:{line}: a public header may not use "{include}"')
    return problems


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems = check(pathlib.Path(sys.argv[1]))
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
