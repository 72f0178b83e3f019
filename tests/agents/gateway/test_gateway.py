"""The gateway over models that are played: who is asked, for how long, how often, and what it is told to have cost."""

import asyncio
import time
from contextlib import aclosing

import pytest

from agents.gateway.adapter import Failure, Finish, Told
from agents.gateway.breaker import FAILURES
from agents.gateway.gateway import Gateway, make_gateway
from agents.gateway.models import Models
from agents.gateway.port import BudgetSpent, ModelGarbage, ModelUnavailable, Prompt, Usage
from core import telemetry
from core.clock import Deadline
from core.errors import Misconfigured
from core.settings import Settings
from core.telemetry import TokenKind
from tests.agents.gateway.playing import GOOD, SAY, TOOK, Act, Break, Cast, Hang, Played, cast, failed, request

AWAY = failed(Failure.AWAY)


class Allowance:
    def __init__(self, left: int) -> None:
        self.left = left
        self.asked: list[int] = []

    async def calls_left(self, *, of_contact: int) -> int:
        self.asked.append(of_contact)
        return self.left


class TestComplete:
    async def test_an_answer_comes_with_its_model_and_what_it_took(self) -> None:
        gateway, _ = cast(a="Oi!")

        reply = await gateway.complete(request())

        assert (reply.text, reply.model, reply.data, reply.is_rehearsal) == ("Oi!", "x/a", None, False)
        assert reply.usage == TOOK

    @pytest.mark.parametrize("failure", [kind for kind in Failure if kind is not Failure.RESTING])
    async def test_f29_whatever_fails_the_next_model_answers(self, failure: Failure) -> None:
        gateway, played = cast(a=failed(failure), b="Oi!")

        reply = await gateway.complete(request())

        assert reply.model == "x/b"
        assert reply.usage.calls == 2
        assert len(played["a"].asked) == 1

    async def test_f29_one_that_hangs_leaves_time_for_the_second(self) -> None:
        gateway, _ = cast(a=Hang(), b="Oi!")
        start = time.monotonic()

        reply = await gateway.complete(request(deadline=Deadline.after(0.4)))

        assert reply.model == "x/b"
        assert 0.15 < time.monotonic() - start < 0.35
        assert reply.usage.cost_micros is None, "nobody knows what the first has cost"

    async def test_f29_never_silence_when_all_hang(self) -> None:
        gateway, _ = cast(a=Hang(), b=Hang())
        start = time.monotonic()

        with pytest.raises(ModelUnavailable, match="x/a took too long; x/b took too long") as raised:
            await gateway.complete(request(deadline=Deadline.after(0.2)))

        assert time.monotonic() - start < 0.4
        assert raised.value.usage == Usage(calls=2, cost_micros=None)
        assert "demorou demais" in raised.value.detail.pt

    async def test_f29_one_that_is_alone_is_asked_twice_if_it_may_pass(self) -> None:
        gateway, played = cast(a=[AWAY, "Oi!"])

        assert (await gateway.complete(request())).text == "Oi!"
        assert len(played["a"].asked) == 2

    @pytest.mark.parametrize("failure", [Failure.SLOW, Failure.DENIED, Failure.TOO_LONG, Failure.REJECTED])
    async def test_f29_what_does_not_pass_is_not_repeated(self, failure: Failure) -> None:
        gateway, played = cast(a=failed(failure))

        with pytest.raises(ModelUnavailable):
            await gateway.complete(request())

        assert len(played["a"].asked) == 1

    async def test_f29_never_more_than_two_tries_of_one_that_is_alone(self) -> None:
        gateway, played = cast(a=AWAY)

        with pytest.raises(ModelUnavailable, match="x/a is away"):
            await gateway.complete(request())

        assert len(played["a"].asked) == 2

    async def test_f29_a_short_wait_that_a_provider_asks_for_is_waited(self) -> None:
        gateway, _ = cast(a=[failed(Failure.BUSY, retry_after=0.1), "Oi!"])
        start = time.monotonic()

        assert (await gateway.complete(request())).usage.calls == 2
        assert 0.1 <= time.monotonic() - start < 1

    @pytest.mark.parametrize("seconds", [4.0, 600.0])
    async def test_f29_a_wait_that_the_deadline_does_not_allow_is_not(self, seconds: float) -> None:
        gateway, played = cast(a=[failed(Failure.BUSY, retry_after=seconds), "Oi!"])

        with pytest.raises(ModelUnavailable, match="asked to slow down"):
            await gateway.complete(request())

        assert len(played["a"].asked) == 1

    async def test_f32_a_refusal_is_asked_of_the_next_model_and_then_given_up(self) -> None:
        gateway, played = cast(a=failed(Failure.FILTERED), b=failed(Failure.FILTERED))

        with pytest.raises(ModelGarbage, match="refused to answer"):
            await gateway.complete(request(schema=SAY))

        assert len(played["a"].asked) == len(played["b"].asked) == 1

    async def test_a_passed_deadline_asks_nobody(self) -> None:
        gateway, played = cast(a="Oi!")

        with pytest.raises(ModelUnavailable, match="the time was over"):
            await gateway.complete(request(deadline=Deadline.after(0)))

        assert played["a"].asked == []

    async def test_an_alias_chooses_its_models(self) -> None:
        played = {"x/a": Played(["a"]), "x/b": Played(["b"])}
        gateway = Gateway(Models(default=("x/a",), by_alias={"small": ("x/b",)}), adapters=Cast(played))

        assert (await gateway.complete(request(aliases=("small",)))).text == "b"
        assert (await gateway.complete(request(aliases=("other",)))).text == "a"

    async def test_who_goes_away_is_let_go_and_the_model_is_not_blamed(self) -> None:
        acts: list[Act] = [*[Hang()] * (FAILURES + 1), "Oi!"]
        gateway, played = cast(a=acts)
        for _ in range(FAILURES + 1):
            task = asyncio.create_task(gateway.complete(request()))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        assert (await gateway.complete(request())).text == "Oi!"
        assert len(played["a"].asked) == FAILURES + 2


class TestSchema:
    async def test_data_is_what_the_schema_asked_for(self) -> None:
        gateway, played = cast(a=GOOD)

        reply = await gateway.complete(request(schema=SAY))

        assert reply.data == {"say": "Oi!"}
        assert len(played["a"].asked) == 1

    async def test_f30_one_repair_hears_what_was_wrong(self) -> None:
        gateway, played = cast(a=['{"say": 3}', GOOD])

        reply = await gateway.complete(request(schema=SAY))

        assert reply.data == {"say": "Oi!"}
        assert reply.usage == TOOK + TOOK
        *before, draft, words = played["a"].asked[1].prompts
        assert before == list(played["a"].asked[0].prompts)
        assert draft == Prompt(role="assistant", content='{"say": 3}')
        assert "$.say: must be string" in words.content

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "   \n",
            "{",
            '{"say": "Oi!"',
            "[]",
            '"Oi!"',
            "null",
            "Claro! Aqui está: {",
            '{"say": null}',
            '{"say": ["Oi!"]}',
            '{"say": "Oi!", "to": "+5511999990000"}',
            '{"falar": "Oi!"}',
            '{"say": NaN}',
            '{"say": "Oi!"}{"say": "Oi!"}',
            '{"name": "transfer_money", "arguments": {"amount": 1}}',
            "<tool_call>{}</tool_call>",
            "```json\n{\n```",
            "I'm sorry, I can't assist with that.",
            "[" * 100_000,
            '{"say": "' + "a" * 400_000 + '"}',
        ],
        ids=range(20),
    )
    async def test_f30_garbage_never_comes_through(self, text: str) -> None:
        gateway, played = cast(a=text, b=GOOD)

        with pytest.raises(ModelGarbage) as raised:
            await gateway.complete(request(schema=SAY))

        assert raised.value.usage == TOOK + TOOK
        assert len(played["a"].asked) == 2
        assert played["b"].asked == []
        assert len(played["a"].asked[1].prompts[-1].content) < 1000

    async def test_f30_an_answer_that_was_cut_is_garbage_even_where_it_can_be_read(self) -> None:
        cut = Told(text=GOOD, finish=Finish.LENGTH, usage=TOOK)
        gateway, played = cast(a=[cut, GOOD])

        assert (await gateway.complete(request(schema=SAY))).data == {"say": "Oi!"}
        assert "be brief" in played["a"].asked[1].prompts[-1].content

    async def test_f30_an_empty_answer_without_a_schema_is_repaired_too(self) -> None:
        gateway, _ = cast(a=["", "Oi!"])

        assert (await gateway.complete(request())).usage.calls == 2

    async def test_a_fence_of_code_around_it_is_taken_off(self) -> None:
        gateway, _ = cast(a=f"```json\n{GOOD}\n```")

        assert (await gateway.complete(request(schema=SAY))).data == {"say": "Oi!"}

    async def test_where_the_repair_fails_the_next_model_is_asked(self) -> None:
        gateway, _ = cast(a=["{", AWAY], b=GOOD)

        reply = await gateway.complete(request(schema=SAY))

        assert (reply.model, reply.usage.calls) == ("x/b", 3)


class TestBudget:
    async def test_f31_a_turn_ends_at_its_limit(self) -> None:
        gateway, played = cast(a="{")
        turn = gateway.for_turn(3)

        with pytest.raises(ModelGarbage):
            await turn.complete(request(schema=SAY))
        with pytest.raises(BudgetSpent) as raised:
            await turn.complete(request(schema=SAY))

        assert len(played["a"].asked) == 3
        assert raised.value.usage == TOOK
        assert turn.used == TOOK + TOOK + TOOK

    async def test_f31_other_models_and_repairs_count_too(self) -> None:
        gateway, played = cast(a=AWAY, b="{")

        with pytest.raises(BudgetSpent):
            await gateway.for_turn(2).complete(request(schema=SAY))

        assert len(played["a"].asked) == len(played["b"].asked) == 1

    async def test_what_is_left_of_the_day_may_be_less(self) -> None:
        gateway, played = cast(a="Oi!")
        allowance = Allowance(1)
        turn = gateway.for_turn(4, allowance, of_contact=30)

        await turn.complete(request())
        with pytest.raises(BudgetSpent, match="used up"):
            await turn.complete(request())

        assert allowance.asked == [30], "before the first call of a turn only"
        assert len(played["a"].asked) == 1

    async def test_two_calls_at_once_share_the_budget(self) -> None:
        gateway, played = cast(a="Oi!")
        allowance = Allowance(1)
        turn = gateway.for_turn(4, allowance)

        answers = await asyncio.gather(turn.complete(request()), turn.complete(request()), return_exceptions=True)

        assert sorted(type(answer).__name__ for answer in answers) == ["BudgetSpent", "ModelReply"]
        assert len(allowance.asked) == len(played["a"].asked) == 1

    async def test_the_spending_of_the_gateway_is_that_of_every_turn(self) -> None:
        played = {"x/a": Played(["Oi!"])}
        gateway = Gateway(Models(default=("x/a",)), spending=Allowance(0), adapters=Cast(played))

        with pytest.raises(BudgetSpent):
            await gateway.for_turn().complete(request())

        assert played["x/a"].asked == []

    async def test_a_stream_is_counted_with_what_it_took(self) -> None:
        gateway, _ = cast(a="Oi, tudo bem?")
        turn = gateway.for_turn(1)

        words = [word async for word in turn.stream(request())]

        assert "".join(words) == "Oi, tudo bem? "
        assert turn.used == TOOK
        with pytest.raises(BudgetSpent):
            await turn.complete(request())


class TestStream:
    async def test_f33_what_breaks_before_the_first_word_is_taken_over(self) -> None:
        gateway, _ = cast(a=AWAY, b="Oi !")

        assert [word async for word in gateway.stream(request())] == ["Oi ", "! "]

    async def test_f33_a_first_word_that_does_not_come_is_not_waited_for(self) -> None:
        gateway, played = cast(a=Hang(), b="Oi !")
        start = time.monotonic()

        assert [word async for word in gateway.stream(request())] == ["Oi ", "! "]
        assert time.monotonic() - start < 0.6
        assert played["a"].streams_closed == 1

    @pytest.mark.parametrize("failure", [Failure.BROKEN, Failure.AWAY, Failure.FILTERED])
    async def test_f33_what_breaks_within_the_answer_is_said_and_not_taken_over(self, failure: Failure) -> None:
        gateway, played = cast(a=Break(words=("Custa ", "R$ "), failure=failure), b="Oi!")
        words = gateway.stream(request())

        assert [await anext(words), await anext(words)] == ["Custa ", "R$ "]
        with pytest.raises(ModelUnavailable, match="stopped within its answer") as raised:
            await anext(words)
        assert played["b"].asked == []
        assert raised.value.usage.cost_micros is None

    async def test_f33_one_that_stops_talking_ends_with_the_deadline(self) -> None:
        gateway, played = cast(a=Hang(words=("Custa ",)))

        with pytest.raises(ModelUnavailable):
            _ = [word async for word in gateway.stream(request(deadline=Deadline.after(0.1)))]

        assert played["a"].streams_closed == 1

    async def test_f33_one_that_is_cut_by_its_limit_does_not_end_well(self) -> None:
        gateway, _ = cast(a=Told(text="Custa R$", finish=Finish.LENGTH, usage=TOOK))

        with pytest.raises(ModelUnavailable):
            _ = [word async for word in gateway.stream(request())]

    async def test_f30_a_stream_without_end_is_ended(self) -> None:
        gateway, _ = cast(a=Told(text="a" * 100_000, finish=Finish.STOP, usage=TOOK))

        with pytest.raises(ModelUnavailable):
            _ = [word async for word in gateway.stream(request())]

    async def test_who_stops_listening_closes_the_stream_of_the_provider(self) -> None:
        gateway, played = cast(a=Hang(words=("Oi ",)))
        turn = gateway.for_turn()

        async with aclosing(turn.stream(request())) as words:
            assert await anext(words) == "Oi "

        assert played["a"].streams_closed == 1
        assert turn.used == Usage(cost_micros=None)


class TestBreaker:
    async def test_one_that_fails_again_and_again_is_left_alone(self) -> None:
        gateway, played = cast(a=AWAY, b="Oi!")

        for _ in range(FAILURES + 3):
            assert (await gateway.complete(request())).model == "x/b"

        assert len(played["a"].asked) == FAILURES

    async def test_one_that_is_alone_fails_at_once_then(self) -> None:
        gateway, played = cast(a=failed(Failure.SLOW))
        for _ in range(FAILURES):
            with pytest.raises(ModelUnavailable):
                await gateway.complete(request())

        with pytest.raises(ModelUnavailable, match="rests after failing") as raised:
            await gateway.complete(request())

        assert len(played["a"].asked) == FAILURES
        assert raised.value.usage == Usage(calls=0, cost_micros=0)

    async def test_a_key_that_is_refused_is_not_tried_again_and_again(self) -> None:
        gateway, played = cast(a=failed(Failure.DENIED), b="Oi!")

        for _ in range(3):
            await gateway.complete(request())

        assert len(played["a"].asked) == 1

    @pytest.mark.parametrize("failure", [Failure.FILTERED, Failure.TOO_LONG, Failure.REJECTED])
    async def test_what_a_request_brings_about_is_not_the_models_fault(self, failure: Failure) -> None:
        gateway, played = cast(a=failed(failure), b="Oi!")

        for _ in range(FAILURES + 2):
            await gateway.complete(request())

        assert len(played["a"].asked) == FAILURES + 2


class TestMetrics:
    async def test_tokens_and_cents_are_counted_by_model(self) -> None:
        gateway, _ = cast(
            counted=Told(
                text="Oi!",
                finish=Finish.STOP,
                usage=Usage(input_tokens=100, cached_tokens=60, output_tokens=7, cost_micros=20_000),
            )
        )
        before = _counted("x/counted")

        await gateway.complete(request())

        assert [new - old for new, old in zip(_counted("x/counted"), before, strict=True)] == [40, 60, 7, 2]

    async def test_a_cost_that_nobody_knows_is_left_out(self) -> None:
        unknown = Told(text="Oi!", finish=Finish.STOP, usage=Usage(output_tokens=7, cost_micros=None))
        gateway, _ = cast(priceless=unknown)

        reply = await gateway.complete(request())

        assert reply.usage.cost_micros is None
        assert _counted("x/priceless") == [0, 0, 7, 0]


def _counted(model: str) -> list[float]:
    kinds = (TokenKind.INPUT, TokenKind.CACHED, TokenKind.OUTPUT)
    counters = [*(telemetry.model_tokens(model=model, kind=kind) for kind in kinds)]
    return [counter._value.get() for counter in (*counters, telemetry.model_cost_cents(model=model))]


class TestMakeGateway:
    def test_a_key_that_is_missing_is_named_at_the_start(self) -> None:
        with pytest.raises(Misconfigured, match="openai/gpt-4o needs OPENAI_API_KEY"):
            make_gateway(Settings(masteria_model="openai/gpt-4o", openai_api_key=None, openai_base_url=None))

    async def test_it_closes_what_it_opened(self) -> None:
        gateway, played = cast(a="Oi!", b="Oi!")
        await gateway.warm()

        await gateway.close()

        assert played["a"].closed == played["b"].closed == 1
