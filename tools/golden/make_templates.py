#!/usr/bin/env python3
"""Writes the golden files of templates: what Jinja makes of them, set up as transformers does.

usage: make_templates.py [ROOT of the repository]        (needs jinja2 >= 3.1.6)

tests/golden/good/template:
styles.json       conversations rendered by the templates of template_styles.py
expressions.json  small templates, one construct each, from template_expressions.py

A case holds `template` (or the name of a style), `variables` and one of
  output   the text
  raises   what raise_exception was called with
  fails    true: Jinja refuses the template or cannot evaluate it

unsupported.json  templates that are refused though Jinja knows them

tests/golden/bad/template: those of hostile_templates.py, which must be refused.
fuzz/corpus/template: some of the good ones, to start from.
"""
import copy
import datetime
import json
import pathlib
import shutil
import sys

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

import hostile_templates
import template_expressions
import template_styles


class Generation(jinja2.ext.Extension):
    """The tag that marks what the model writes: a block of its own that prints what is in it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_call"), [], [], body).set_lineno(line)

    def _call(self, caller):
        return caller()


class Raised(Exception):
    pass


def raise_exception(message):
    raise Raised(message)


def to_json(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                         extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = to_json
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return made


ENVIRONMENT = environment()


def outcome(template, variables):
    try:
        return {"output": ENVIRONMENT.from_string(template).render(**copy.deepcopy(variables))}
    except Raised as raised:
        return {"raises": str(raised)}
    except Exception:  # noqa: BLE001: whatever Python throws, the template is at fault
        return {"fails": True}


TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather",
        "description": "The weather at a place.\nIn \"metric\" units; é < 中.",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": " The city "},
            "days": {"type": ["integer", "string"], "description": "How many"},
            "tags": {"type": "array", "items": {"type": "number"}},
            "options": {"type": "object", "additionalProperties": {"type": "boolean"}}},
            "required": ["city"]},
        "return": {"type": "object"}}},
    {"type": "function", "function": {
        "name": "add", "description": "a + b",
        "parameters": {"type": "object", "properties": {
            "a": {"type": "number"}, "b": {"type": "number", "default": 1.0}}}}},
]
CALL = {"id": "abcdefghi", "type": "function",
        "function": {"name": "get_weather",
                     "arguments": {"city": "Zürich \"ZH\"", "days": 3, "tags": [1, 2.5, 1e20, None, True]}}}


def say(role, content, **more):
    return {"role": role, "content": content} | more


CONVERSATIONS = {
    "question": [say("user", "Hi, who are you?")],
    "system": [say("system", "  You are terse.\n"), say("user", " Hi ")],
    "turns": [say("user", "2+2?"), say("assistant", "<think>\nEasy.\n</think>\n\nIt is 4. "),
              say("user", "Sure?\n  Yes é中😀 <b>&\"'")],
    "system-turns": [say("system", "Be kind."), say("user", "a"), say("assistant", "b"),
                     say("user", "c"), say("assistant", "d")],
    "two-users": [say("user", "a"), say("user", "b")],
    "odd-role": [say("user", "a"), say("narrator", "b")],
    "tool-call": [say("user", "Weather?"), say("assistant", None, tool_calls=[CALL]),
                  say("tool", "{\"celsius\": 21}", tool_call_id="abcdefghi", name="get_weather"),
                  say("assistant", "It is 21 degrees."), say("user", "Thanks.")],
    "tool-parts": [say("user", "Weather?"), say("assistant", "Let me see.", tool_calls=[CALL]),
                   say("tool", "21", tool_call_id="abcdefghi"),
                   say("tool", "22", tool_call_id="abcdefghi")],
    "two-calls": [say("user", "Weather?"), say("assistant", "", tool_calls=[CALL, CALL])],
    "parts": [say("system", [{"type": "text", "text": "See."}]),
              say("user", [{"type": "image"}, {"type": "text", "text": " What is it? "}])],
    "no-content": [say("user", None)],
    "nothing": [],
}


TAKE_TOOLS = {"llama3-tools", "mistral-tools", "hermes", "command"}


def style_cases():
    for style, template in template_styles.STYLES.items():
        for name, messages in CONVERSATIONS.items():
            for tools in (None, TOOLS) if style in TAKE_TOOLS else (None,):
                for more in ({"add_generation_prompt": True},
                             {"add_generation_prompt": False, "tools_in_user_message": False,
                              "builtin_tools": ["brave_search", "code_interpreter", "get_weather"],
                              "date_string": "1 May 2025",
                              "documents": [{"title": "T", "text": 1}, {"title": "U", "text": None}]}):
                    variables = {"messages": messages, "bos_token": "<s>", "eos_token": "</s>",
                                 **more}
                    if tools is not None:
                        variables["tools"] = tools
                    found = outcome(template, variables)
                    yield {"style": style, "conversation": name, "has_tools": tools is not None,
                           "variables": {key: value for key, value in variables.items()
                                         if key not in ("messages", "tools")}, **found}


def write_files(folder, files):
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).resolve().parents[2])
    folder = root / "tests/golden/good/template"
    folder.mkdir(parents=True, exist_ok=True)
    styles = {"templates": template_styles.STYLES, "conversations": CONVERSATIONS, "tools": TOOLS,
              "cases": list(style_cases())}
    expressions = {"variables": template_expressions.VARIABLES, "cases": []}
    for template in template_expressions.TEMPLATES:
        expressions["cases"].append(
            {"template": template} | outcome(template, template_expressions.VARIABLES))
    for name, content in (("styles", styles), ("expressions", expressions),
                          ("unsupported", template_expressions.UNSUPPORTED)):
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    write_files(root / "tests/golden/bad/template", hostile_templates.HOSTILE)
    corpus = {name: text.encode() for name, text in template_styles.STYLES.items()}
    for first in range(0, len(template_expressions.TEMPLATES), 20):
        some = template_expressions.TEMPLATES[first:first + 20]
        corpus[f"some-{first:04}"] = "\n".join(
            text for text in some if "output" in outcome(text, template_expressions.VARIABLES)).encode()
    write_files(root / "fuzz/corpus/template", corpus)
    for content in (styles, expressions):
        kinds = [next(kind for kind in ("output", "raises", "fails") if kind in case)
                 for case in content["cases"]]
        print({kind: kinds.count(kind) for kind in ("output", "raises", "fails")})


if __name__ == "__main__":
    main()
