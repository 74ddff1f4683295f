#!/usr/bin/env python3
"""Checks sample pages as a browser and an XML parser see them.

usage: check_pages.py FILE...

Each page must be well-formed XML, balanced HTML5 without scripts, hold no reference to anything
outside itself, hold no number that a renderer cannot draw, and stay below 2 MB.
"""
import html.parser
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

MAX_BYTES = 2_000_000
VOID = {"meta"}
# Self-closing is honoured by HTML parsers inside <svg> only.
SVG = {"svg", "g", "rect", "circle", "line", "path", "text", "title"}
OUTSIDE = {"href", "src", "srcset", "action", "data", "xlink:href", "poster"}
ALLOWED = SVG | {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "figure", "div",
    "p", "h1", "h2", "h3", "dl", "dt", "dd", "ul", "li", "span", "i", "table", "thead", "tbody",
    "tr", "th", "td", "code", "footer", "b"}


class Balance(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        if tag not in VOID and "svg" not in self.open:
            self.problems.append(f"<{tag}/> outside <svg> does not close in HTML")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")


def check(path: pathlib.Path) -> list[str]:
    data = path.read_bytes()
    text = data.decode("utf-8")
    problems = []
    if len(data) > MAX_BYTES:
        problems.append(f"{len(data)} bytes, want at most {MAX_BYTES}")
    if not text.startswith("<!DOCTYPE html>\n"):
        problems.append("no <!DOCTYPE html>")
    balance = Balance()
    balance.feed(text)
    balance.close()
    problems += balance.problems + [f"<{tag}> is never closed" for tag in balance.open]
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return problems + [f"not well-formed: {error}"]
    for element in root.iter():
        if element.tag not in ALLOWED:
            problems.append(f"unexpected <{element.tag}>")
        for name, value in element.attrib.items():
            if name in OUTSIDE or name.startswith("on"):
                problems.append(f"<{element.tag} {name}=...>")
            if element.tag in SVG and re.search(r"\b(nan|inf)\b", value):
                problems.append(f"<{element.tag} {name}={value!r}>")
            if name in {"width", "height"} and float(value) < 0:
                problems.append(f"<{element.tag} {name}={value!r}>")
    if re.search(r"url\(|@import|https?:", text):
        problems.append("refers to something outside the page")
    return problems


def main(paths: list[str]) -> int:
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    failed = False
    for path in map(pathlib.Path, paths):
        for problem in check(path):
            print(f"{path.name}: {problem}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) == 2 else None
    if folder is not None and folder.is_dir():
        sys.exit(main(sorted(map(str, folder.glob("*.html")))))
    sys.exit(main(sys.argv[1:]))
