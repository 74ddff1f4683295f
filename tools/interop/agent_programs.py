"""Claude Code and Codex, run without anybody at the keyboard against a server."""
from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sysconfig

import recording_proxy

PACKAGES = ["claude-agent-sdk==0.2.189", "openai-codex==0.163.0"]
MODEL = "agent"  # what the server is asked for
TIMEOUT_SECONDS = 300

CODEX_CONFIG = """\
model = "{model}"
model_provider = "hlwq"
model_context_window = 131072
[model_providers.hlwq]
name = "hlwq"
base_url = "{address}/v1"
wire_api = "responses"
"""


def program(*parts: str) -> str:
    return str(pathlib.Path(sysconfig.get_path("purelib")).joinpath(*parts))


class Agent:
    """One program with a home of its own, behind a proxy. `rewrite` may be set between runs."""

    def __init__(self, server: str, folder: pathlib.Path):
        self.proxy = recording_proxy.Proxy(server)
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}

    def start(self, *words: str, **variables: str) -> subprocess.Popen:
        self.proxy.exchanges.clear()
        return subprocess.Popen(words, cwd=self.work, env=self.environment | variables, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)

    def begin(self, words: str, *options: str, **variables: str) -> subprocess.Popen:
        raise NotImplementedError

    def ask(self, words: str, *options: str, **variables: str) -> list[dict]:
        return self.finish(self.begin(words, *options, **variables))

    def finish(self, process: subprocess.Popen) -> list[dict]:
        """The lines of JSON that it wrote."""
        try:
            written, said = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.interrupt(process)
            raise
        lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
        assert lines, f"{process.args[0]} ended with {process.returncode}: {said[-500:]}"
        return lines

    @staticmethod
    def interrupt(process: subprocess.Popen) -> None:
        """Ends it in the middle, and what it has started."""
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()

    def answers(self, path: str) -> list[recording_proxy.Exchange]:
        """The requests to one path, of which there must be some."""
        found = [exchange for exchange in self.proxy.exchanges if exchange.path.partition("?")[0] == path]
        assert found, f"no request to {path}: {[exchange.path for exchange in self.proxy.exchanges]}"
        return found


class ClaudeCode(Agent):
    ENDPOINT = "/v1/messages"

    def __init__(self, server: str, folder: pathlib.Path):
        super().__init__(server, folder)
        self.environment |= {"ANTHROPIC_BASE_URL": self.proxy.address, "ANTHROPIC_AUTH_TOKEN": "none",
                             "ANTHROPIC_MODEL": MODEL, "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                             "CLAUDE_CODE_MAX_CONTEXT_TOKENS": "131072"}

    def begin(self, words: str, *options: str, **variables: str) -> subprocess.Popen:
        return self.start(program("claude_agent_sdk", "_bundled", "claude"), "-p", words, "--output-format", "stream-json",
                          "--verbose", *options, **variables)

    def go_on(self, words: str) -> list[dict]:
        return self.ask(words, "--continue")

    @staticmethod
    def result(lines: list[dict]) -> str | None:
        return next((line.get("result") for line in lines if line["type"] == "result"), None)


class Codex(Agent):
    ENDPOINT = "/v1/responses"

    def __init__(self, server: str, folder: pathlib.Path):
        super().__init__(server, folder)
        home = folder / "codex"
        home.mkdir()
        (home / "config.toml").write_text(CODEX_CONFIG.format(model=MODEL, address=self.proxy.address))
        self.environment["CODEX_HOME"] = str(home)

    def begin(self, words: str, *options: str, **variables: str) -> subprocess.Popen:
        return self.start(program("codex_cli_bin", "bin", "codex"), "exec", "--sandbox", "read-only", *options,
                          "--skip-git-repo-check", "--json", words, **variables)

    def go_on(self, words: str) -> list[dict]:
        return self.ask(words, "resume", "--last")

    @staticmethod
    def result(lines: list[dict]) -> str | None:
        """The text of the last message."""
        items = [line["item"] for line in lines if line["type"] == "item.completed"]
        return next((item["text"] for item in reversed(items) if item["type"] == "agent_message"), None)
