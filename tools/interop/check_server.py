#!/usr/bin/env python3
"""Checks that the official clients of OpenAI and Anthropic work with `hlwq serve`.

usage: check_server.py [--hlwq build/release/bin/hlwq] [--venv build/interop/server] [MODEL_DIR]

Starts the server on a free port with the model, which should follow instructions a little (SmolLM2-135M-Instruct does,
which `make demo` leaves in build/demo and which is taken where none is given),
and calls it as programs do: whole and streamed answers, usage, probabilities, several choices, stop strings,
seeds, errors, keys, tools, schemas and grammars, cancelling. Prints a line for each; exits 1 where one fails.
"""
from __future__ import annotations

import json
import pathlib
import sys
import tempfile
import threading

import environment
import live_server

PACKAGES = ["openai", "anthropic", "httpx"]
KEY = "sk-check"
TOOL = {"type": "function",
        "function": {"name": "get_weather", "description": "Weather of a city",
                     "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
                                    "required": ["city"]}}}
ASK = [{"role": "user", "content": "What is the capital of France?"}]


class Checks:
    def __init__(self, base: str):
        import anthropic
        import openai
        self.base = base
        self.openai = openai.OpenAI(base_url=base + "/v1", api_key=KEY, max_retries=0)
        self.anthropic = anthropic.Anthropic(base_url=base, api_key=KEY, max_retries=0)

    def chat(self, **options):
        return self.openai.chat.completions.create(
            model="any", **({"messages": ASK, "max_tokens": 30, "temperature": 0} | options))

    def message(self, **options):
        return self.anthropic.messages.create(
            model="any", extra_body={"temperature": 0} | options.pop("extra_body", {}),
            **({"messages": ASK, "max_tokens": 30} | options))

    def check_models(self):
        models = self.openai.models.list()
        return models.data[0].id

    def check_chat(self):
        answer = self.chat()
        assert "Paris" in answer.choices[0].message.content, answer
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        return answer.choices[0].message.content

    def check_chat_stream(self):
        whole = self.chat().choices[0].message.content
        text, usage, finish = "", None, None
        for chunk in self.chat(stream=True, stream_options={"include_usage": True}):
            usage = chunk.usage or usage
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
        assert text == whole and finish == "stop" and usage.completion_tokens > 0, (text, whole, finish)
        return f"{usage.completion_tokens} tokens"

    def check_seed_and_choices(self):
        def sample(seed, count=1):
            answer = self.chat(temperature=1.2, seed=seed, n=count, max_tokens=12)
            return [choice.message.content for choice in answer.choices]
        three = sample(5, 3)
        assert three[0] == sample(5)[0] and three[1] == sample(6)[0] and three[2] == sample(7)[0], three
        assert len(set(three)) > 1, three
        return "a choice has the next seed"

    def check_logprobs(self):
        answer = self.chat(logprobs=True, top_logprobs=3)
        tokens = answer.choices[0].logprobs.content
        assert len(tokens) == answer.usage.completion_tokens
        assert all(token.logprob == token.top_logprobs[0].logprob for token in tokens)  # greedy
        assert "".join(token.token for token in tokens) == answer.choices[0].message.content
        return f"{tokens[0].token!r} {tokens[0].logprob:.2f}"

    def check_stop(self):
        whole = self.chat().choices[0].message.content
        stopped = self.chat(stop=[" is"]).choices[0]
        assert stopped.message.content == whole.split(" is")[0] and stopped.finish_reason == "stop"
        return repr(stopped.message.content)

    def check_length(self):
        answer = self.chat(max_completion_tokens=2, max_tokens=None)
        assert answer.choices[0].finish_reason == "length" and answer.usage.completion_tokens == 2

    def check_completion(self):
        answer = self.openai.completions.create(model="any", prompt="The capital of France is", max_tokens=5,
                                                temperature=0, echo=True, logprobs=1)
        assert answer.choices[0].text.startswith("The capital of France is"), answer
        streamed = "".join(chunk.choices[0].text for chunk in self.openai.completions.create(
            model="any", prompt="The capital of France is", max_tokens=5, temperature=0, stream=True))
        assert answer.choices[0].text.endswith(streamed)
        return repr(streamed)

    def check_completion_lists(self):
        prompts = ["The capital of France is", "One, two, three,", "The capital of Italy is"]

        def complete(prompt, **options):
            return self.openai.completions.create(model="any", prompt=prompt, max_tokens=6, n=2, seed=3,
                                                  temperature=0.8, **options)
        whole = complete(prompts)
        texts = [choice.text for choice in whole.choices]
        assert [choice.index for choice in whole.choices] == list(range(6)), whole
        alone = [complete(prompt) for prompt in prompts]
        assert texts == [choice.text for answer in alone for choice in answer.choices], (texts, alone)
        for count in ("prompt_tokens", "completion_tokens"):
            assert getattr(whole.usage, count) == sum(getattr(answer.usage, count) for answer in alone), whole.usage
        ids = [self.tokenize(prompt) for prompt in prompts]
        assert [choice.text for choice in complete(ids).choices] == texts
        assert [choice.text for choice in complete(ids[0]).choices] == texts[:2]
        streamed = [""] * 6
        for chunk in complete(prompts, stream=True):
            for choice in chunk.choices:
                streamed[choice.index] += choice.text
        assert streamed == texts, (streamed, texts)
        import openai
        try:
            complete(["x"] * 65)
        except openai.BadRequestError as error:
            assert "128" in error.body["message"], error
            return repr(texts[0])
        raise AssertionError("accepted 130 answers")

    def tokenize(self, text):
        import httpx
        answer = httpx.post(self.base + "/tokenize", headers={"x-api-key": KEY},
                            json={"content": text, "add_special": True})
        return answer.json()["tokens"]

    def check_prefix(self):
        system = {"role": "system", "content": "You are a guide. " * 30}
        for _ in range(2):
            answer = self.chat(messages=[system, *ASK])
        cached, prompt = answer.usage.prompt_tokens_details.cached_tokens, answer.usage.prompt_tokens
        assert cached > 0.6 * prompt, (cached, prompt)
        return f"{cached} of {prompt} tokens"

    def check_tools(self):
        answer = self.chat(tools=[TOOL], messages=[
            *ASK, {"role": "assistant", "content": None, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Pa'}}]},
            {"role": "tool", "tool_call_id": "1", "content": "sunny"}])
        assert answer.choices[0].finish_reason in ("stop", "tool_calls", "length")
        return answer.choices[0].finish_reason

    def check_forced_tools(self):
        for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
            call = self.chat(tools=[TOOL], tool_choice=choice, max_tokens=80).choices[0].message.tool_calls[0]
            assert call.function.name == "get_weather" and isinstance(json.loads(call.function.arguments)["city"], str), call
        stream = self.openai.chat.completions.create(model="any", messages=ASK, tools=[TOOL], tool_choice="required",
                                                     max_tokens=80, temperature=0, stream=True)
        pieces = [call for chunk in stream for choice in chunk.choices for call in choice.delta.tool_calls or []]
        arguments = "".join(piece.function.arguments or "" for piece in pieces)
        assert pieces[0].function.name == "get_weather" and "city" in json.loads(arguments), pieces
        whole = self.chat(tools=[TOOL], tool_choice="required", max_tokens=80).choices[0].message.tool_calls[0]
        assert whole.function.arguments == arguments and len(pieces) > 2, (whole, pieces)
        return f"{arguments} in {len(pieces)} pieces"

    def check_forced_tools_streams(self):
        """The same call by the helpers of both packages, which put the pieces together."""
        flat = {"type": "function", **TOOL["function"]}
        whole = self.respond(tools=[flat], tool_choice="required", max_output_tokens=80).output[-1]
        with self.openai.responses.stream(model="any", input="What is the capital of France?", temperature=0,
                                          max_output_tokens=80, tools=[flat], tool_choice="required") as stream:
            deltas = [event.delta for event in stream if event.type == "response.function_call_arguments.delta"]
            call = stream.get_final_response().output[-1]
        assert call.arguments == whole.arguments == "".join(deltas) and len(deltas) > 2, (whole, call, deltas)
        tools = [{"name": "get_weather", "input_schema": TOOL["function"]["parameters"]}]
        options = {"tools": tools, "tool_choice": {"type": "any"}, "max_tokens": 80}
        with self.anthropic.messages.stream(model="any", messages=ASK, extra_body={"temperature": 0},
                                            **options) as stream:
            pieces = [event.partial_json for event in stream if event.type == "input_json"]
            block = stream.get_final_message().content[-1]
        assert block.input == self.message(**options).content[-1].input and len(pieces) > 2, (block, pieces)
        return f"{len(deltas)} and {len(pieces)} pieces"

    def check_cut_tools(self):
        options = {"tools": [TOOL], "tool_choice": "required", "max_tokens": 22}
        cut = self.chat(**options).choices[0]
        pieces = [call.function.arguments for chunk in self.chat(stream=True, **options)
                  for choice in chunk.choices for call in choice.delta.tool_calls or []]
        assert cut.finish_reason == "length" and cut.message.tool_calls[0].function.arguments == "".join(pieces), cut
        assert pieces and not "".join(pieces).endswith("}"), pieces
        return "".join(pieces)

    def check_schema(self):
        import pydantic

        class City(pydantic.BaseModel):
            name: str
            country: str
            inhabitants: int
            rivers: list[str] = pydantic.Field(max_length=2)

        ask = [{"role": "user", "content": "Describe Paris."}]
        answer = self.openai.chat.completions.parse(model="any", messages=ask, response_format=City, max_tokens=200,
                                                    temperature=0).choices[0].message.parsed
        again = self.openai.responses.parse(model="any", input=ask, text_format=City, max_output_tokens=200,
                                            temperature=0).output_parsed
        assert isinstance(answer, City) and again == answer, (answer, again)
        third = self.anthropic.messages.create(model="any", messages=ask, max_tokens=200, extra_body={
            "temperature": 0, "output_config": {"format": {"type": "json_schema", "schema": City.model_json_schema()}}})
        assert City.model_validate_json(third.content[0].text), third
        return repr(answer)

    def check_grammar(self):
        answer = self.chat(extra_body={"grammar": 'root ::= "The capital is " ("Paris" | "London")'}).choices[0]
        assert answer.message.content == "The capital is Paris" and answer.finish_reason == "stop", answer
        return answer.message.content

    def check_errors(self):
        import openai
        for options, status in (({"messages": []}, 400), ({"temperature": "hot"}, 400), ({"n": 0}, 400),
                                ({"messages": [{"role": "user", "content": "x " * 20000}]}, 400)):
            try:
                self.chat(**options)
            except openai.APIStatusError as error:
                assert error.status_code == status and error.body["message"], error
            else:
                raise AssertionError(f"accepted {list(options)}")
        try:
            openai.OpenAI(base_url=self.base + "/v1", api_key="wrong", max_retries=0).models.list()
        except openai.AuthenticationError:
            return
        raise AssertionError("accepted a wrong key")

    def check_message(self):
        answer = self.message(system="Answer in one sentence.")
        assert "Paris" in answer.content[0].text and answer.stop_reason == "end_turn", answer
        return answer.content[0].text

    def check_message_stream(self):
        whole = self.message().content[0].text
        with self.anthropic.messages.stream(model="any", messages=ASK, max_tokens=30,
                                            extra_body={"temperature": 0}) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        assert text == whole and final.stop_reason == "end_turn" and final.usage.output_tokens > 0, (text, whole)
        return f"{final.usage.output_tokens} tokens"

    def check_message_blocks(self):
        answer = self.message(
            system=[{"type": "text", "text": "x-anthropic-billing-header: cch=1;"}, {"type": "text", "text": "Be brief."}],
            tools=[{"name": "get_weather", "description": "Weather", "input_schema": {"type": "object"}}],
            messages=[{"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                      {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "get_weather",
                                                         "input": {"city": "Paris"}}]},
                      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "sunny"}]}])
        return answer.stop_reason

    def check_message_forced(self):
        tools = [{"name": "get_weather", "description": "Weather", "input_schema": TOOL["function"]["parameters"]}]
        for choice in ({"type": "any"}, {"type": "tool", "name": "get_weather"}):
            answer = self.message(tools=tools, tool_choice=choice, max_tokens=80)
            assert answer.stop_reason == "tool_use" and "city" in answer.content[-1].input, answer
        return str(answer.content[-1].input)

    def check_count_tokens(self):
        count = self.anthropic.messages.count_tokens(model="any", messages=ASK).input_tokens
        assert count == self.message(extra_body={"cache_prompt": False}).usage.input_tokens
        return f"{count} tokens"

    def check_message_errors(self):
        import anthropic
        try:
            self.message(messages=[{"role": "user", "content": [{"type": "text"}, {"type": "image", "source": {
                "type": "base64", "media_type": "image/png", "data": ""}}]}])
        except anthropic.BadRequestError as error:
            assert error.body["error"]["type"] == "invalid_request_error", error.body
            return
        raise AssertionError("accepted an image")

    def respond(self, **options):
        return self.openai.responses.create(model="any", **({"input": "What is the capital of France?",
                                                              "max_output_tokens": 30, "temperature": 0} | options))

    def check_response(self):
        answer = self.respond(instructions="Answer in one sentence.")
        assert "Paris" in answer.output_text and answer.status == "completed", answer
        cut = self.respond(max_output_tokens=2)
        assert cut.status == "incomplete" and cut.usage.output_tokens == 2, cut
        return answer.output_text

    def check_response_stream(self):
        whole = self.respond().output_text
        with self.openai.responses.stream(model="any", input="What is the capital of France?", temperature=0,
                                          max_output_tokens=30) as stream:
            text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            final = stream.get_final_response()
        assert text == whole == final.output_text, (text, whole, final)
        return f"{final.usage.output_tokens} tokens"

    def check_response_items(self):
        import openai
        answer = self.respond(input=[
            {"role": "developer", "content": "Be brief."},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "function_call", "call_id": "1", "name": "get_weather", "arguments": '{"city": "Par'},
            {"type": "function_call_output", "call_id": "1", "output": "sunny"}],
            tools=[{"type": "function", "strict": True, **TOOL["function"]}, {"type": "web_search"}])
        self.respond(input=[], max_output_tokens=1)
        try:
            self.respond(previous_response_id="resp_1")
        except openai.BadRequestError:
            return answer.status
        raise AssertionError("accepted previous_response_id")

    def check_cancelling(self):
        import httpx
        for _ in range(20):  # more than are answered at the same time
            with httpx.stream("POST", self.base + "/v1/chat/completions", headers={"x-api-key": KEY}, json={
                    "messages": ASK, "stream": True, "ignore_eos": True}) as stream:
                next(stream.iter_bytes())
        return self.check_chat()


class TwoModels:
    """Checks of a server with two models: one, and the same by another name."""

    def __init__(self, base: str, names: list[str]):
        import openai
        self.client = openai.OpenAI(base_url=base + "/v1", api_key=KEY, max_retries=0)
        self.names = names

    def check_two_models(self):
        import openai
        assert [model.id for model in self.client.models.list()] == self.names
        answers = []
        for name in self.names:
            answer = self.client.chat.completions.create(model=name, messages=ASK, max_tokens=30, temperature=0)
            assert answer.model == name, answer
            answers.append(answer.choices[0].message.content)
        assert answers[0] == answers[1], answers
        try:
            self.client.chat.completions.create(model="none", messages=ASK)
        except openai.NotFoundError as error:
            assert all(name in error.body["message"] for name in self.names), error.body
            return ", ".join(self.names)
        raise AssertionError("found a model that there is not")


def check_two_models(hlwq, model) -> int:
    if not pathlib.Path(model).exists():
        print(f"{'two models':20} skipped: {model} is no path")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(model).resolve()
        second = pathlib.Path(folder, "second" + path.suffix * path.is_file())
        second.symlink_to(path)
        server, address = live_server.start(hlwq, [path, second], "--api-key", KEY)
        try:
            return live_server.run_checks(TwoModels(address, [path.name, second.name]))
        finally:
            server.terminate()
            server.wait()


def main() -> int:
    parser = environment.parser(__doc__, "server")
    parser.add_argument("model", nargs="?")
    arguments = parser.parse_args()
    model = live_server.model_of(arguments)
    if model is None:
        return 0
    environment.enter(arguments.venv, PACKAGES)
    server, address = live_server.start(arguments.hlwq, model, "--api-key", KEY)
    failed = live_server.run_checks(Checks(address))
    server.terminate()
    threading.Timer(20, server.kill).start()
    ended = server.wait()
    print(f"{'ends on SIGTERM':20} exit code {ended}")
    failed += check_two_models(arguments.hlwq, model)
    return 1 if failed or ended != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
