#!/usr/bin/env python3
"""Checks that Claude Code and Codex, the real programs, work with `hlwq serve`.

usage: check_agents.py [--hlwq build/release/bin/hlwq] [--venv build/interop/agents]

They run with homes of their own against a tiny random model, whose answers are forced by the server's own constraints,
behind a proxy that keeps what was said. Prints a line for each check; exits 1 where one fails.
"""
from __future__ import annotations

import base64
import contextlib
import pathlib
import sys
import tempfile
import time
import urllib.request

import agent_model
import agent_programs
import environment
import event_order
import live_server
from forced_answers import Call, Say, Script

WORD = "bluebell"
NOTE = f"The word is {WORD}.\n"
DOT = ("iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC")  # PNG, red
SMALL_CONTEXT = "4096"  # less than any of their prompts


class Checks:
    """`served`: starts a server with a context of so many tokens, as a context manager that gives its address."""

    def __init__(self, served, folder: pathlib.Path, address: str, small_address: str):
        self.served, self.folder, self.address, self.small_address = served, folder, address, small_address

    def claude(self, name: str, address: str = "") -> agent_programs.ClaudeCode:
        return self.made(agent_programs.ClaudeCode, name, address)

    def codex(self, name: str, address: str = "") -> agent_programs.Codex:
        return self.made(agent_programs.Codex, name, address)

    def made(self, kind, name, address):
        agent = kind(address or self.address, self.folder / kind.__name__ / name)
        (agent.work / "note.txt").write_text(NOTE)
        return agent

    @staticmethod
    def usages(agent) -> list[event_order.Usage]:
        """Of every answer, each of which must be as its API has it."""
        return [event_order.checked(agent.ENDPOINT, exchange) for exchange in agent.answers(agent.ENDPOINT)]

    def answers(self, agent):
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say(WORD))
        lines = agent.ask("Which word?")
        assert agent.result(lines) == f'"{WORD}"', lines[-2:]
        usage = self.usages(agent)[0]
        return f"a prompt of {usage.prompt} tokens, {len(agent.proxy.exchanges[0].sent)} bytes"

    check_claude_answers = lambda self: self.answers(self.claude("answers"))
    check_codex_answers = lambda self: self.answers(self.codex("answers"))

    def turns(self, agent):
        """What the first turn read, the others do not read again."""
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say("one"), Say("two"), Say("three"))
        lines, usages = agent.ask("Say one."), []
        usages += self.usages(agent)
        for words in ("Say two.", "Say three."):
            lines = agent.go_on(words)
            usages += self.usages(agent)
        assert agent.result(lines) == '"three"' and len(usages) == 3, lines[-2:]
        for before, after in zip(usages, usages[1:]):
            assert after.cached >= before.prompt - 64, usages
        return ", ".join(f"{usage.cached} of {usage.prompt}" for usage in usages[1:]) + " tokens reused"

    check_claude_turns = lambda self: self.turns(self.claude("turns"))
    check_codex_turns = lambda self: self.turns(self.codex("turns"))

    def tools(self, agent, call: Call):
        """A thought, a call that the agent carries out, and an answer to what came of it."""
        agent.proxy.rewrite = Script(agent.ENDPOINT, call, Say(WORD, thinks=True))
        lines = agent.ask("Which word is in note.txt?")
        assert agent.result(lines) == f'"{WORD}"', lines[-2:]
        first, second = self.usages(agent)
        assert NOTE.strip() in agent.proxy.exchanges[1].sent.decode(), "no result of the tool"
        # The call is none that the template would write: blanks lie where the model liked.
        assert second.cached >= first.prompt - 64, (first, second)
        return f"{second.cached} of {second.prompt} tokens reused after a call of {first.generated}"

    def check_claude_tools(self):
        agent = self.claude("tools")
        return self.tools(agent, Call("Read", {"file_path": str(agent.work / "note.txt")}, thinks=True))

    def check_codex_tools(self):
        return self.tools(self.codex("tools"), Call("exec_command", {"cmd": "cat note.txt"}, thinks=True))

    def pictures(self, agent, call: Call):
        """What a tool gives back and the model cannot read does not end the conversation."""
        (agent.work / "dot.png").write_bytes(base64.b64decode(DOT))
        agent.proxy.rewrite = Script(agent.ENDPOINT, call, Say("one"), Say("two"))
        first, second = agent.result(agent.ask("What is in dot.png?")), agent.result(agent.go_on("And now?"))
        assert (first, second) == ('"one"', '"two"'), (first, second)
        assert DOT[:20] in agent.proxy.exchanges[-1].sent.decode()
        return f"{len(self.usages(agent))} more turn after a picture"

    def check_claude_pictures(self):
        agent = self.claude("pictures")
        return self.pictures(agent, Call("Read", {"file_path": str(agent.work / "dot.png")}))

    def check_codex_pictures(self):
        agent = self.codex("pictures")
        return self.pictures(agent, Call("view_image", {"path": str(agent.work / "dot.png")}))

    def check_claude_tool_search(self):
        """A tool that the prompt does not begin with is found, shown and called."""
        agent = self.claude("search")
        agent.proxy.rewrite = Script(agent.ENDPOINT, Call("ToolSearch", {"query": "select:TaskStop", "max_results": 1}),
                                     Call("TaskStop", {"task_id": "none"}), Say(WORD))
        lines = agent.ask("Stop the task.")
        assert agent.result(lines) == f'"{WORD}"', lines[-2:]
        usages = self.usages(agent)
        sent = agent.proxy.exchanges[-1].sent.decode()
        assert len(usages) == 3 and '"tool_reference"' in sent, len(usages)
        assert usages[1].cached >= usages[0].prompt - 64, usages
        return f"found and called; {usages[1].cached} of {usages[1].prompt} tokens reused"

    def check_claude_counts(self):
        agent = self.claude("counts")
        agent.ask("/context")
        counted = agent.answers("/v1/messages/count_tokens")
        assert all(exchange.status == 200 for exchange in counted), counted[-1].answer
        return f"{len(counted)} requests to count_tokens"

    def check_claude_starts(self):
        """What it looks for where nothing is turned off."""
        agent = self.claude("starts")
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say(WORD))
        agent.ask("Which word?", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="", CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY="1")
        assert agent.answers("/v1/models")[0].status == 200
        seen = [f"{exchange.method} {exchange.path} {exchange.status}" for exchange in agent.proxy.exchanges]
        assert all(exchange.status in (200, 404) for exchange in agent.proxy.exchanges), seen
        return ", ".join(seen)

    def metric(self, name: str) -> float:
        text = urllib.request.urlopen(self.address + "/metrics").read().decode()
        return float(next(line.split()[-1] for line in text.splitlines() if line.startswith(name)))

    def interrupted(self, agent):
        """Who ends the program in the middle of an answer ends the work for it, and can go on after that."""
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say("one", thinks=True), thinking_tokens=100000)
        process = agent.begin("Say one.")
        while not (agent.proxy.exchanges and b"delta" in agent.proxy.exchanges[-1].answer):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        assert self.metric("hlwq_answers_active") == 1
        agent.interrupt(process)
        since = time.monotonic()
        while self.metric("hlwq_answers_active") > 0:
            assert time.monotonic() - since < 20, "still at work"
            time.sleep(0.02)
        took = time.monotonic() - since
        assert not agent.proxy.exchanges[-1].is_whole
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say("two"))
        assert agent.result(agent.ask("Say two.")) == '"two"'
        return f"the work ended after {took:.2f} s"

    check_claude_interrupted = lambda self: self.interrupted(self.claude("interrupted"))
    check_codex_interrupted = lambda self: self.interrupted(self.codex("interrupted"))

    def overflows(self, agent):
        """A prompt that does not fit is refused once and for all, in words that the agent shows."""
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say(WORD))
        shown = str(agent.ask("Which word?"))
        statuses = {exchange.status for exchange in agent.answers(agent.ENDPOINT)}
        assert statuses == {400} and "prompt is too long" in shown.lower(), (statuses, shown[-500:])
        return f"refused {len(agent.proxy.exchanges)} times, and shown"

    check_claude_overflows = lambda self: self.overflows(self.claude("overflows", self.small_address))
    check_codex_overflows = lambda self: self.overflows(self.codex("overflows", self.small_address))

    def check_claude_compacts(self):
        """A conversation that has become too long is shortened by the program, which knows the server's words for it."""
        many, some = "qzxv " * 1500, "qzxv " * 500
        agent = self.claude("length")
        agent.proxy.rewrite = Script(agent.ENDPOINT, Say("one"))
        agent.ask("Say one. " + many)
        first = self.usages(agent)[0].prompt
        with self.served(str(first + 1000)) as address:
            agent = self.claude("compacts", address)
            del agent.environment["CLAUDE_CODE_MAX_CONTEXT_TOKENS"]  # or it would shorten by itself, earlier
            agent.proxy.rewrite = Script(agent.ENDPOINT, Say("one"))
            agent.ask("Say one. " + many)
            agent.proxy.rewrite = Script(agent.ENDPOINT)
            lines = agent.go_on("Go on. " + some)
        statuses = [exchange.status for exchange in agent.answers(agent.ENDPOINT)]
        assert statuses[0] == 400 and statuses[-1] == 200, statuses
        assert any(line.get("compact_result") == "success" for line in lines), lines
        return f"{first} tokens and more in a context of {first + 1000}: " + ", ".join(map(str, statuses))


def main() -> int:
    arguments = environment.parser(__doc__, "agents").parse_args()
    environment.enter(arguments.venv, agent_programs.PACKAGES)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        model = agent_model.make(folder / "model")

        @contextlib.contextmanager
        def served(context: str):
            server, address = live_server.start(arguments.hlwq, model, "--ctx-size", context, "--alias", agent_programs.MODEL,
                                                "--quiet")
            yield address
            server.terminate()
            server.wait()

        with served(str(agent_model.CONTEXT)) as address, served(SMALL_CONTEXT) as small_address:
            failed = live_server.run_checks(Checks(served, folder, address, small_address))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
