#!/usr/bin/env python3
"""Puts `hlwq serve` under load: many clients, all APIs, random prompts and seeds, some grammars, clients that go in the middle.

usage: load_server.py [--hlwq PROGRAM] [--clients N] [--seconds N] MODEL_DIR

Every answer that is read to its end must equal the one that was computed alone before; afterwards nothing may be
running or waiting, and the memory of the server may not have grown between the middle and the end by more than a
tenth. Prints counts; exits 1 where something is wrong. The server runs with --exact, without which answers
depend in their last bits on what was computed before.
"""
from __future__ import annotations

import argparse
import collections
import http.client
import json
import pathlib
import random
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = "the quick brown fox jumps over a lazy dog while seven old kings sing of rain and iron".split()
TOKENS = 12


def make_tasks(count: int) -> list[dict]:
    choose = random.Random(1)
    openings = [" ".join(choose.choices(WORDS, k=choose.randint(1, 150))) for _ in range(8)]
    tasks = []
    for seed in range(count):
        text = choose.choice(openings) + " " + " ".join(choose.choices(WORDS, k=choose.randint(1, 40)))
        tasks.append({"text": text, "seed": seed, "temperature": choose.choice([0, 0.7, 1.1]),
                      "api": choose.choice(["chat", "completions", "messages", "responses"]),
                      "grammar": choose.choice([None, None, "root ::= [A-Za-z ,.!?]+"])})
    return tasks


def request_of(task: dict, streams: bool) -> tuple[str, dict]:
    common = {"temperature": task["temperature"], "seed": task["seed"], "stream": streams, "ignore_eos": True}
    messages = [{"role": "user", "content": task["text"]}]
    if task["grammar"] and task["api"] in ("chat", "completions"):
        common["grammar"] = task["grammar"]
    if task["api"] == "chat":
        return "/v1/chat/completions", common | {"messages": messages, "max_tokens": TOKENS}
    if task["api"] == "completions":
        return "/v1/completions", common | {"prompt": task["text"], "max_tokens": TOKENS}
    if task["api"] == "messages":
        return "/v1/messages", common | {"messages": messages, "max_tokens": TOKENS}
    return "/v1/responses", common | {"input": task["text"], "max_output_tokens": TOKENS}


def text_of(api: str, body: dict) -> str:
    if api == "chat":
        return body["choices"][0]["message"]["content"]
    if api == "completions":
        return body["choices"][0]["text"]
    if api == "messages":
        return body["content"][0]["text"]
    return body["output"][0]["content"][0]["text"]


def piece_of(api: str, chunk: dict) -> str:
    if api == "chat":
        return "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    if api == "completions":
        return "".join(choice["text"] for choice in chunk["choices"])
    if api == "messages":
        return chunk.get("delta", {}).get("text", "") if chunk["type"] == "content_block_delta" else ""
    return chunk["delta"] if chunk["type"] == "response.output_text.delta" else ""


class Load:
    def __init__(self, port: int, clients: int):
        self.port = port
        self.tasks = make_tasks(80)
        self.want = [self.ask(task, False, None)[1] for task in self.tasks]
        self.counts = collections.Counter()
        self.wrong: list[str] = []
        self.clients = clients

    def ask(self, task: dict, streams: bool, leaves_after: int | None) -> tuple[int, str | None]:
        """Status and text; no text where it left before the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            path, body = request_of(task, streams)
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            if leaves_after == 0:
                return 0, None
            response = connection.getresponse()
            if response.status != 200:
                response.read()
                return response.status, None
            if not streams:
                return 200, text_of(task["api"], json.load(response))
            text = ""
            for number, line in enumerate(response):
                if leaves_after is not None and number >= leaves_after:
                    return 0, None
                if line.startswith(b"data: {"):
                    text += piece_of(task["api"], json.loads(line[6:]))
            return 200, text
        finally:
            connection.close()

    def client(self, seed: int, until: float) -> None:
        choose = random.Random(seed)
        while time.time() < until:
            index = choose.randrange(len(self.tasks))
            streams = choose.random() < 0.6
            leaves = choose.randint(0, 8) if choose.random() < 0.3 else None
            try:
                status, text = self.ask(self.tasks[index], streams or bool(leaves), leaves)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                self.counts["broken"] += 1
                self.wrong.append(f"{self.tasks[index]['api']}: {type(error).__name__}: {error}")
                continue
            self.counts["left" if status == 0 else str(status)] += 1
            if text is not None and text != self.want[index]:
                self.counts["different"] += 1
                self.wrong.append(f"{self.tasks[index]['api']}: {text!r}, alone {self.want[index]!r}")

    def run(self, seconds: float) -> None:
        until = time.time() + seconds
        threads = [threading.Thread(target=self.client, args=(seed, until)) for seed in range(self.clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def metrics(self) -> dict[str, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        return {line.split()[0]: float(line.split()[1]) for line in lines if line and line[0] != "#"}


def resident(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hlwq", type=pathlib.Path, default=ROOT / "build/release/bin/hlwq")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("model")
    arguments = parser.parse_args()
    server = subprocess.Popen([arguments.hlwq, "serve", arguments.model, "--port", "0", "--json", "--exact",
                               "--cache-ram", "64M", "--quiet"], stdout=subprocess.PIPE, text=True)
    document = ""
    while "}" not in document:
        line = server.stdout.readline()
        if not line:
            return 1
        document += line
    load = Load(json.loads(document)["port"], arguments.clients)
    load.run(arguments.seconds / 2)
    middle = resident(server.pid)
    load.run(arguments.seconds / 2)
    deadline = time.time() + 30
    while (now := load.metrics())["hlwq_requests_waiting"] + now["hlwq_answers_active"] > 0 and time.time() < deadline:
        time.sleep(0.1)
    end = resident(server.pid)
    reused = now["hlwq_prompt_tokens_reused_total"] / now["hlwq_prompt_tokens_total"]
    print(f"{dict(load.counts)}; waiting {now['hlwq_requests_waiting']:.0f}, active {now['hlwq_answers_active']:.0f}; "
          f"{now['hlwq_answer_tokens_total']:.0f} tokens, {100 * reused:.0f} % of prompts reused; "
          f"resident {middle} MiB in the middle, {end} at the end")
    for line in load.wrong[:10]:
        print(line[:300])
    server.terminate()
    code = server.wait(timeout=60)
    is_idle = now["hlwq_requests_waiting"] + now["hlwq_answers_active"] == 0
    return 0 if not load.wrong and is_idle and end <= 1.1 * middle and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
