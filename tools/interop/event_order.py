"""Streams of Anthropic's Messages and of OpenAI's Responses API, held against the order that their references give."""
from __future__ import annotations

import dataclasses

import recording_proxy


@dataclasses.dataclass
class Usage:
    prompt: int
    cached: int
    generated: int


def checked(endpoint: str, exchange: recording_proxy.Exchange) -> Usage:
    """The usage of an answer. Throws AssertionError where it is none, or its events come in another order."""
    assert exchange.status == 200, (exchange.status, exchange.answer[-300:])
    events = exchange.events()
    return messages(events) if endpoint == "/v1/messages" else responses(events)


def messages(events: list[dict]) -> Usage:
    events = [event for event in events if event["type"] != "ping"]
    assert events[0]["type"] == "message_start" and events[-1]["type"] == "message_stop", events
    delta = events[-2]
    assert delta["type"] == "message_delta" and delta["delta"]["stop_reason"], delta
    open_block, next_block = None, 0
    for event in events[1:-2]:
        if event["type"] == "content_block_start":
            assert open_block is None and event["index"] == next_block, event
            open_block = event["content_block"]["type"]
        else:
            assert open_block is not None and event["index"] == next_block, event
            if event["type"] == "content_block_stop":
                open_block, next_block = None, next_block + 1
            else:
                wanted = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}[open_block]
                assert event["type"] == "content_block_delta" and event["delta"]["type"] == wanted, event
    assert open_block is None, events[-3]
    usage = delta["usage"]
    prompt = usage["input_tokens"] + usage["cache_read_input_tokens"]
    assert prompt == events[0]["message"]["usage"]["input_tokens"], usage
    return Usage(prompt, usage["cache_read_input_tokens"], usage["output_tokens"])


def responses(events: list[dict]) -> Usage:
    assert [event["sequence_number"] for event in events] == list(range(len(events))), events
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[:2] == ["created", "in_progress"] and kinds[-1] in ("completed", "incomplete"), kinds
    items, is_open = [], False
    for event, kind in zip(events[2:-1], kinds[2:-1]):
        if kind == "output_item.added":
            assert not is_open and event["output_index"] == len(items), event
            items.append(event["item"])
            is_open = True
            continue
        assert is_open and event["output_index"] == len(items) - 1, event
        if kind == "output_item.done":
            assert event["item"]["id"] == items[-1]["id"], event
            items[-1], is_open = event["item"], False
        else:
            assert event["item_id"] == items[-1]["id"], event
    response = events[-1]["response"]
    assert not is_open and response["output"] == items, response["output"]
    usage = response["usage"]
    return Usage(usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"], usage["output_tokens"])
