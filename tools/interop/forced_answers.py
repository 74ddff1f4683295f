"""Requests changed on their way, so that any model answers what a check wants, by the server's own constraints."""
from __future__ import annotations

import dataclasses
import json

THINKING_TOKENS = 8


@dataclasses.dataclass
class Say:
    text: str
    thinks: bool = False


@dataclasses.dataclass
class Call:
    tool: str
    arguments: dict
    thinks: bool = False


class Script:
    """What the answers to the requests of an agent shall be, one after the other. Texts come in quotes, as JSON does.

    The tools that are called are narrowed in every request to the arguments wanted, so that all prompts begin alike.
    """

    def __init__(self, endpoint: str, *answers: Say | Call, thinking_tokens: int = THINKING_TOKENS):
        self.endpoint, self.answers, self.place, self.thinking_tokens = endpoint, answers, 0, thinking_tokens
        self.is_messages = endpoint == "/v1/messages"

    def __call__(self, path: str, body: dict) -> dict:
        if path.partition("?")[0] != self.endpoint:
            return body
        body = json.loads(json.dumps(body))
        for tool in body.get("tools", []):
            self.narrow(tool)
        # Small requests on the side, such as for a title, are none of the conversation's.
        is_own = bool(body.get("tools")) and self.place < len(self.answers)
        answer = self.answers[self.place] if is_own else Say("nothing more")
        self.place += is_own
        self.think(body, answer.thinks)
        if isinstance(answer, Say):
            self.say(body, {"const": answer.text})
        else:
            kind = "tool" if self.is_messages else "function"
            body["tool_choice"] = {"type": kind, "name": answer.tool}
        return body

    def narrow(self, tool: dict) -> None:
        key = "input_schema" if self.is_messages else "parameters"
        for answer in self.answers:
            if isinstance(answer, Call) and tool.get("name") == answer.tool:
                tool[key] = {"type": "object", "additionalProperties": False, "required": list(answer.arguments),
                             "properties": {name: {"const": value} for name, value in answer.arguments.items()}}

    def think(self, body: dict, thinks: bool) -> None:
        tokens = self.thinking_tokens if thinks else 0
        if self.is_messages:
            body["thinking"] = {"type": "enabled" if thinks else "disabled", "budget_tokens": tokens}
        else:
            body["chat_template_kwargs"] = {"enable_thinking": thinks}
            body["thinking_budget"] = tokens

    def say(self, body: dict, schema: dict) -> None:
        form = {"type": "json_schema", "name": "answer", "schema": schema}
        if self.is_messages:
            body.setdefault("output_config", {})["format"] = form
        else:
            body.setdefault("text", {})["format"] = form
