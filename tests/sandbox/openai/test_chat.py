"""Chat completions on the wire: bodies, streams, refusals, and what faults make of them."""

import json
from typing import Any

import httpx
import pytest

from sandbox.faults import ErrorCode, HalfBody, SlowAccept, TooManyRequests
from sandbox.ledger import Outcome
from sandbox.openai.faults import CallsTool, EmptyChoices, Filtered, Refuses, Says
from sandbox.world import Sandbox

CHAT = "/chat/completions"
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def body(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": "oi, tudo bem?"}]} | changes


def formatted(schema: dict[str, Any], **told: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "say", "schema": schema, **told}}


async def asked(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(CHAT, json=body(**changes))
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def refused(client: httpx.AsyncClient, status: int, **changes: Any) -> dict[str, Any]:
    answer = await client.post(CHAT, json=body(**changes))
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


class TestAnswers:
    async def test_it_is_a_completion(self, openai: httpx.AsyncClient) -> None:
        told = await asked(openai)

        assert told["object"] == "chat.completion"
        assert told["choices"][0]["message"]["content"] == "eco: oi, tudo bem?"
        assert told["choices"][0]["finish_reason"] == "stop"
        assert told["usage"]["total_tokens"] == told["usage"]["prompt_tokens"] + told["usage"]["completion_tokens"]

    async def test_the_limit_of_tokens_cuts_it(self, openai: httpx.AsyncClient) -> None:
        for name in ("max_tokens", "max_completion_tokens"):
            told = await asked(openai, **{name: 1})
            assert (told["choices"][0]["finish_reason"], told["usage"]["completion_tokens"]) == ("length", 1)
            assert told["choices"][0]["message"]["content"] == "eco:"

    async def test_tools_are_taken_and_not_used(self, openai: httpx.AsyncClient) -> None:
        tool = {"type": "function", "function": {"name": "x", "parameters": {}}}
        told = await asked(openai, tools=[tool], tool_choice="auto")
        assert "tool_calls" not in told["choices"][0]["message"]

    async def test_contents_may_come_in_parts(self, openai: httpx.AsyncClient) -> None:
        parts = [{"type": "text", "text": "oi"}]
        assert (await openai.post(CHAT, json=body(messages=[{"role": "user", "content": parts}]))).status_code == 200

    async def test_without_anybody_to_answer_it_says_so(self, sandbox: Sandbox) -> None:
        sandbox.openai.add_key("sk-1")
        async with httpx.AsyncClient(headers={"Authorization": "Bearer sk-1"}) as client:
            answer = await client.post(f"{sandbox.url}/v1{CHAT}", json=body())
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_model")

    async def test_whoever_answers_may_refuse(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.openai.answer = lambda _: {"error": {"message": "not now"}, "status": 429, "retry_after": 2}

        answer = await openai.post(CHAT, json=body())

        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
        assert answer.json()["error"]["message"] == "not now"


class TestStreams:
    async def test_events_end_with_done(self, openai: httpx.AsyncClient) -> None:
        answer = await openai.post(CHAT, json=body(stream=True, stream_options={"include_usage": True}))

        assert answer.headers["content-type"].startswith("text/event-stream")
        *events, done, _ = answer.text.split("\n\n")
        chunks = [json.loads(event.removeprefix("data: ")) for event in events]
        assert done == "data: [DONE]"
        assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
        assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1]) == "eco: oi, tudo bem?"
        assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
        assert (chunks[-1]["choices"], chunks[-1]["usage"]["prompt_tokens"]) == ([], 4)

    async def test_usage_is_told_only_to_who_asks(self, openai: httpx.AsyncClient) -> None:
        assert '"usage"' not in (await openai.post(CHAT, json=body(stream=True))).text


class TestRefusals:
    @pytest.mark.parametrize(
        ("header", "code"), [(None, None), ("Bearer", None), ("Basic x", None), ("Bearer sk-no", "invalid_api_key")]
    )
    async def test_a_stranger_is_401(self, sandbox: Sandbox, header: str | None, code: str | None) -> None:
        headers = {} if header is None else {"Authorization": header}
        async with httpx.AsyncClient(headers=headers) as client:
            answer = await client.post(f"{sandbox.url}/v1{CHAT}", json=body())
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)

    @pytest.mark.parametrize(
        ("changes", "status", "param"),
        [
            ({"model": None}, 400, "model"),
            ({"model": 3}, 400, "model"),
            ({"model": "gpt-9"}, 404, "model"),
            ({"messages": None}, 400, "messages"),
            ({"messages": []}, 400, "messages"),
            ({"messages": ["oi"]}, 400, "messages"),
            ({"messages": [{"role": "boss", "content": "x"}]}, 400, "messages[0].role"),
            ({"messages": [{"role": "user", "content": 3}]}, 400, "messages[0].content"),
            ({"temperature": 3}, 400, "temperature"),
            ({"temperature": "hot"}, 400, "temperature"),
            ({"max_tokens": 0}, 400, "max_tokens"),
            ({"max_completion_tokens": True}, 400, "max_completion_tokens"),
            ({"response_format": "json"}, 400, "response_format"),
            ({"response_format": {"type": "xml"}}, 400, "response_format.type"),
            ({"response_format": {"type": "json_schema"}}, 400, "response_format.json_schema.name"),
            ({"response_format": formatted({}) | {"json_schema": {"name": "a b"}}}, 400, None),
            ({"response_format": formatted({"type": "object"}, strict=True)}, 400, "response_format"),
            ({"response_format": formatted(CLOSED | {"required": []}, strict=True)}, 400, "response_format"),
        ],
        ids=range(18),
    )
    async def test_what_is_wrong_is_named(
        self, openai: httpx.AsyncClient, changes: dict[str, Any], status: int, param: str | None
    ) -> None:
        error = await refused(openai, status, **changes)
        assert param in {None, error["param"]}

    async def test_a_schema_that_is_closed_may_be_strict(self, openai: httpx.AsyncClient) -> None:
        await asked(openai, response_format=formatted(CLOSED, strict=True))

    async def test_a_prompt_beyond_the_context_is_too_long(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.openai.context_tokens = 3
        error = await refused(openai, 400)
        assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
    async def test_what_is_no_json_is_refused(self, openai: httpx.AsyncClient, content: bytes) -> None:
        assert (await openai.post(CHAT, content=content)).status_code == 400

    async def test_another_path_is_unknown(self, openai: httpx.AsyncClient) -> None:
        answer = await openai.get("/nothing")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")


class TestFaults:
    async def test_a_rate_limit_says_when_to_come_back(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.faults.add(TooManyRequests(retry_after="7", path="/v1/", times=1))

        answer = await openai.post(CHAT, json=body())

        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
        assert answer.json()["error"]["code"] == "rate_limit_exceeded"
        await asked(openai)

    async def test_a_code_is_told_with_its_status(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.faults.add(ErrorCode(code=429, details="insufficient_quota", path="/v1/"))
        assert (await refused(openai, 429))["type"] == "insufficient_quota"

    async def test_messages_faults_meet_no_model(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.faults.add(HalfBody(), SlowAccept(seconds=60))
        await asked(openai)

    async def test_each_has_its_place_in_the_answer(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        sandbox.faults.add(
            *(fault(times=1) for fault in (EmptyChoices, Refuses, Filtered, CallsTool)),
            Says(text="{", finish="length", times=1),
        )
        empty, refusal, filtered, tool, said = [(await asked(openai))["choices"] for _ in range(5)]

        assert empty == []
        assert refusal[0]["message"]["content"] is None
        assert refusal[0]["message"]["refusal"].startswith("I'm sorry")
        assert filtered[0]["finish_reason"] == "content_filter"
        assert (tool[0]["finish_reason"], len(tool[0]["message"]["tool_calls"])) == ("tool_calls", 1)
        assert (said[0]["message"]["content"], said[0]["finish_reason"]) == ("{", "length")


class TestLedger:
    async def test_every_call_is_written_down_apart_from_messages(
        self, sandbox: Sandbox, openai: httpx.AsyncClient
    ) -> None:
        await asked(openai)
        sandbox.faults.add(ErrorCode(code=500, path="/v1/", times=1))
        await refused(openai, 500)

        first, second = sandbox.openai.ledger.calls
        assert (first.phone_id, first.recipient, first.outcome) == ("ours", "gpt-4o", Outcome.ACCEPTED)
        assert (second.outcome, second.code, second.fault) == (Outcome.REFUSED, 500, "ErrorCode")
        assert [taken.text for taken in sandbox.openai.ledger.accepted] == ["eco: oi, tudo bem?"]
        assert sandbox.ledger.called == 0

    async def test_a_reset_forgets_it_and_keeps_the_keys(self, sandbox: Sandbox, openai: httpx.AsyncClient) -> None:
        await asked(openai)
        await sandbox.reset()
        assert sandbox.openai.ledger.called == 0
        await asked(openai)
