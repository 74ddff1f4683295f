#!/usr/bin/env python3
"""Checks that LangChain, LiteLLM and the command line `llm` work with `hlwq serve`.

usage: check_clients.py [--hlwq build/release/bin/hlwq] [--venv build/interop/clients] [MODEL_DIR]

The model should follow instructions a little: the one that `make demo` leaves is taken where none is given. Prints a line
for each check; exits 1 where one fails.
"""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import environment
import live_server

PACKAGES = ["langchain-openai", "litellm", "llm", "pydantic"]
QUESTION = "What is the capital of France?"


class Checks:
    def __init__(self, base: str):
        self.base = base

    def check_langchain(self):
        import langchain_openai
        import pydantic

        class Place(pydantic.BaseModel):
            """A place on a map."""
            city: str
            country: str

        chat = langchain_openai.ChatOpenAI(model="any", base_url=self.base + "/v1", api_key="none", temperature=0,
                                           max_tokens=60)
        whole = chat.invoke(QUESTION).content
        streamed = "".join(chunk.content for chunk in chat.stream(QUESTION))
        assert "Paris" in whole and streamed == whole, (whole, streamed)
        for method in ("json_schema", "function_calling"):
            place = chat.with_structured_output(Place, method=method).invoke("Where is the Eiffel tower?")
            assert isinstance(place, Place), place
        bound = chat.bind_tools([Place], tool_choice="any").invoke("Where is the Eiffel tower?")
        assert bound.tool_calls[0]["name"] == "Place", bound
        return repr(place)

    def check_litellm(self):
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm
        litellm.telemetry, litellm.suppress_debug_info = False, True
        ask = [{"role": "user", "content": QUESTION}]
        options = {"messages": ask, "temperature": 0, "max_tokens": 30, "api_key": "none"}
        texts = []
        for model, base in (("openai/any", self.base + "/v1"), ("anthropic/any", self.base)):
            texts.append(litellm.completion(model=model, api_base=base, **options).choices[0].message.content)
            streamed = "".join(chunk.choices[0].delta.content or "" for chunk in
                               litellm.completion(model=model, api_base=base, stream=True, **options))
            assert "Paris" in texts[-1] and streamed == texts[-1], (texts, streamed)
        return texts[-1]

    def check_llm(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "extra-openai-models.yaml").write_text(
                f"- model_id: local\n  model_name: any\n  api_base: {self.base}/v1\n  supports_schema: true\n")
            def run(*words):
                return subprocess.run([pathlib.Path(sys.executable).with_name("llm"), "-m", "local", "-o", "temperature", "0",
                                       "-o", "max_tokens", "60", *words, QUESTION], check=True, text=True,
                                      stdout=subprocess.PIPE, env=os.environ | {"LLM_USER_PATH": folder}).stdout.strip()
            streamed, whole = run(), run("--no-stream")
            assert "Paris" in whole and streamed == whole, (whole, streamed)
            assert "city" in json.loads(run("--schema", "city, country"))
        return whole


def main() -> int:
    parser = environment.parser(__doc__, "clients")
    parser.add_argument("model", nargs="?")
    arguments = parser.parse_args()
    model = live_server.model_of(arguments)
    if model is None:
        return 0
    environment.enter(arguments.venv, PACKAGES)
    server, address = live_server.start(arguments.hlwq, model, "--quiet")
    failed = live_server.run_checks(Checks(address))
    server.terminate()
    server.wait()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
