"""LangChain's client and litellm against a provider that fails in every way: what comes of it is the same."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from agents.gateway.port import ModelGarbage, ModelUnavailable, Schema, Usage
from sandbox import faults
from sandbox.faults import Fault
from sandbox.openai.faults import (
    BrokenSse,
    CallsTool,
    CutStream,
    EmptyChoices,
    Filtered,
    QuietEnd,
    Refuses,
    Says,
    SlowTokens,
    StreamError,
)
from tests.contracts.openai.provider import DATA, OPEN, SAY, WORDS, Provider, provider, request

V1 = "/v1/"
# What pydantic thinks of litellm.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]


@pytest.fixture(params=["langchain", "litellm"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Provider]:
    async with provider(request.param) as model:
        yield model


async def heard(model: Provider, *, seconds: float = 5.0, schema: Schema | None = None) -> str:
    return "".join([word async for word in model.gateway.stream(request(seconds=seconds, schema=schema))])


class TestAnswers:
    async def test_words_come_with_what_they_took(self, model: Provider) -> None:
        reply = await model.gateway.complete(request())

        assert reply.text == WORDS
        assert (reply.usage.input_tokens, reply.usage.cached_tokens, reply.usage.output_tokens) == (1200, 1024, 9)
        assert len(model.calls) == 1

    async def test_the_wire_carries_the_prompt_and_its_limits_and_nothing_else(self, model: Provider) -> None:
        await model.gateway.complete(request(max_output_tokens=77))

        body = model.bodies[0]
        assert [message["role"] for message in body["messages"]] == ["system", "user"]
        assert body["messages"][0]["content"] == "Você é a Lia. ação: 🙂"
        assert (body["model"], body["temperature"]) == ("gpt-4o", 0)
        assert body.get("max_tokens", body.get("max_completion_tokens")) == 77
        assert set(body) - {"max_tokens", "max_completion_tokens"} <= {"messages", "model", "temperature", "stream"}

    async def test_a_schema_is_asked_for_natively_and_strictly_where_it_can_be(self, model: Provider) -> None:
        reply = await model.gateway.complete(request(schema=SAY))

        assert reply.data == DATA
        told = model.bodies[0]["response_format"]
        assert (told["type"], told["json_schema"]["name"], told["json_schema"]["strict"]) == (
            "json_schema",
            "respond",
            True,
        )
        assert told["json_schema"]["schema"] == SAY.body

    async def test_an_open_schema_is_not_called_strict(self, model: Provider) -> None:
        assert (await model.gateway.complete(request(schema=OPEN))).data == DATA
        assert not model.bodies[0]["response_format"]["json_schema"].get("strict")

    @pytest.mark.parametrize("has_schema", [False, True])
    async def test_a_stream_brings_words_and_what_they_took(self, model: Provider, has_schema: bool) -> None:  # noqa: FBT001 - of pytest
        turn = model.gateway.for_turn()

        words = [word async for word in turn.stream(request(schema=SAY if has_schema else None))]

        assert len(words) > 5
        assert has_schema or "".join(words) == WORDS
        assert turn.used.output_tokens == 9
        assert model.bodies[0]["stream_options"] == {"include_usage": True}

    async def test_many_at_once_do_not_wait_for_each_other(self, model: Provider) -> None:
        model.sandbox.faults.add(faults.SlowAccept(seconds=0.3, path=V1))
        start = time.monotonic()

        await asyncio.gather(*(model.gateway.complete(request()) for _ in range(8)))

        assert time.monotonic() - start < 2

    async def test_who_goes_away_hangs_up(self, model: Provider) -> None:
        model.sandbox.faults.add(faults.SilenceBefore(path=V1))
        task = asyncio.create_task(model.gateway.complete(request()))
        while not model.calls:  # noqa: ASYNC110 - the ledger tells nobody
            await asyncio.sleep(0.01)

        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


class TestFailures:
    @pytest.mark.parametrize(
        "fault",
        [
            faults.ErrorCode(code=500, path=V1, times=1),
            faults.ErrorCode(code=503, path=V1, times=1),
            faults.ServerError(status=502, path=V1, times=1),
            faults.TooManyRequests(retry_after="0.1", path=V1, times=1),
            faults.DropBefore(path=V1, times=1),
            faults.DropBefore(reset=True, path=V1, times=1),
            faults.AcceptThenDrop(path=V1, times=1),
            faults.AcceptThenServerError(path=V1, times=1),
            faults.HalfBody(path=V1, times=1),
            faults.BrokenJson(path=V1, times=1),
            EmptyChoices(times=1),
        ],
        ids=lambda fault: f"{type(fault).__name__}{getattr(fault, 'code', '')}",
    )
    async def test_f29_what_passes_is_tried_once_more_and_no_more(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)

        reply = await model.gateway.complete(request(schema=SAY))

        assert reply.data == DATA
        assert (len(model.calls), reply.usage.calls) == (2, 2)

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (faults.ErrorCode(code=401, details="invalid_api_key", path=V1), "refused the key"),
            (faults.ErrorCode(code=403, path=V1), "refused the key"),
            (faults.ErrorCode(code=404, details="model_not_found", path=V1), "refused the key"),
            (faults.ErrorCode(code=429, details="insufficient_quota", path=V1), "refused the key"),
            (faults.ErrorCode(code=400, details="context_length_exceeded", path=V1), "no room"),
            (faults.ErrorCode(code=400, details="invalid_value", path=V1), "did not accept"),
            (faults.TooManyRequests(retry_after="600", path=V1), "asked to slow down"),
        ],
        ids=lambda told: told if isinstance(told, str) else "",
    )
    async def test_f29_what_does_not_pass_is_named_and_not_repeated(
        self, model: Provider, fault: Fault, words: str
    ) -> None:
        model.sandbox.faults.add(fault)

        with pytest.raises(ModelUnavailable, match=words):
            await model.gateway.complete(request())

        assert len(model.calls) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            faults.SilenceBefore(path=V1),
            faults.AcceptThenSilence(path=V1),
            faults.SlowAccept(seconds=30, path=V1),
            faults.SlowBody(seconds=30, path=V1),
            SlowTokens(seconds=5),
        ],
        ids=lambda fault: type(fault).__name__,
    )
    async def test_f29_the_deadline_is_for_the_whole_call(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)
        start = time.monotonic()

        with pytest.raises(ModelUnavailable, match="took too long") as raised:
            await model.gateway.complete(request(seconds=0.4))

        assert time.monotonic() - start < 1.5
        assert raised.value.usage.cost_micros is None

    async def test_f29_a_key_that_was_taken_away_is_refused(self, model: Provider) -> None:
        model.sandbox.openai.remove_key("contract")

        with pytest.raises(ModelUnavailable, match="refused the key"):
            await model.gateway.complete(request())

        assert [(call.code, call.phone_id) for call in model.calls] == [(401, "")]

    @pytest.mark.parametrize(
        "fault",
        [
            Says(text=""),
            Says(text="{"),
            Says(text='{"say": 1, "cited": []}'),
            Says(text='{"say": "oi", "cited": []}', finish="length"),
            Says(text="Sure! " * 20_000),
            CallsTool(),
        ],
        ids=range(6),
    )
    async def test_f30_garbage_gets_one_repair(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)

        with pytest.raises(ModelGarbage):
            await model.gateway.complete(request(schema=SAY))

        first, second = model.bodies
        assert len(second["messages"]) > len(first["messages"])

    async def test_f30_an_answer_without_end_is_not_read_to_its_end(self, model: Provider) -> None:
        model.sandbox.faults.add(Says(text="a" * 3_000_000))

        with pytest.raises(ModelUnavailable, match="did not answer in full"):
            await model.gateway.complete(request())

    async def test_f31_a_call_of_a_tool_that_nobody_offered_does_nothing(self, model: Provider) -> None:
        model.sandbox.faults.add(CallsTool())
        turn = model.gateway.for_turn(2)

        with pytest.raises(ModelGarbage):
            await turn.complete(request())

        assert "tools" not in model.bodies[0]
        assert len(model.calls) == 2

    @pytest.mark.parametrize(
        "fault",
        [Refuses(), Filtered(), faults.ErrorCode(code=400, details="content_filter", path=V1)],
        ids=["refusal", "filter", "400"],
    )
    @pytest.mark.parametrize("has_schema", [False, True])
    async def test_f32_a_refusal_is_one_and_is_not_repaired(
        self,
        model: Provider,
        fault: Fault,
        has_schema: bool,  # noqa: FBT001 - of pytest
    ) -> None:
        model.sandbox.faults.add(fault)

        with pytest.raises(ModelGarbage, match="refused to answer"):
            await model.gateway.complete(request(schema=SAY if has_schema else None))

        assert len(model.calls) == 1


class TestStreams:
    @pytest.mark.parametrize("has_schema", [False, True])
    @pytest.mark.parametrize(
        "fault",
        [
            CutStream(),
            QuietEnd(),
            BrokenSse(),
            StreamError(),
            faults.HalfBody(path=V1),
            faults.BrokenJson(path=V1),
            Says(text="Custa R$", finish="length"),
        ],
        ids=lambda fault: type(fault).__name__,
    )
    async def test_f33_half_an_answer_never_ends_well(
        self,
        model: Provider,
        fault: Fault,
        has_schema: bool,  # noqa: FBT001 - of pytest
    ) -> None:
        model.sandbox.faults.add(fault)

        with pytest.raises(ModelUnavailable, match="stopped within its answer"):
            await heard(model, schema=SAY if has_schema else None)

        assert len(model.calls) == 1

    @pytest.mark.parametrize(
        "fault",
        [
            faults.ErrorCode(code=503, path=V1, times=1),
            faults.DropBefore(path=V1, times=1),
            EmptyChoices(times=1),
            CutStream(after=0, times=1),
        ],
        ids=lambda fault: type(fault).__name__,
    )
    async def test_f33_before_the_first_word_it_is_tried_again(self, model: Provider, fault: Fault) -> None:
        model.sandbox.faults.add(fault)

        assert await heard(model) == WORDS
        assert len(model.calls) == 2

    async def test_f33_one_that_stops_talking_ends_with_the_deadline(self, model: Provider) -> None:
        model.sandbox.faults.add(SlowTokens(seconds=0.3))
        start = time.monotonic()

        with pytest.raises(ModelUnavailable):
            await heard(model, seconds=1.0)

        assert time.monotonic() - start < 2

    async def test_f32_a_filter_ends_it(self, model: Provider) -> None:
        model.sandbox.faults.add(Filtered())

        with pytest.raises(ModelGarbage):
            await heard(model)


class TestNobodyThere:
    @pytest.mark.parametrize("kind", ["langchain", "litellm"])
    async def test_f29_it_is_said_and_cost_nothing(self, kind: str) -> None:
        async with provider(kind, port=1) as model:
            with pytest.raises(ModelUnavailable, match="is away") as raised:
                await model.gateway.complete(request())

        assert raised.value.usage == Usage(calls=2, cost_micros=0)


class TestKeys:
    @pytest.mark.parametrize("kind", ["langchain", "litellm"])
    async def test_no_error_shows_the_key_or_the_prompt(self, kind: str, caplog: pytest.LogCaptureFixture) -> None:
        async with provider(kind, key="sk-wrong-0123456789") as model:
            with pytest.raises(ModelUnavailable) as raised:
                await model.gateway.complete(request())

        shown = f"{raised.value} {raised.value.detail} {raised.value.__cause__} {caplog.text}"
        assert "sk-wrong" not in shown
        assert "vaga" not in shown
