"""F29 to F32: whatever a model does, or does not, the customer reads approved words, and nothing is done."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import pytest

from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from core.floor import Floor
from sandbox.faults import AcceptThenDrop, BrokenJson, ErrorCode, Fault, SlowAccept, TooManyRequests
from sandbox.openai.faults import CallsTool, EmptyChoices, Filtered, Refuses
from tests.fixtures.inbound import Customer
from tests.graphs.turns.bad_outputs import BAD_OUTPUTS
from tests.graphs.turns.provider import FIRST, SECOND, Provider, honest, open_provider
from tests.graphs.turns.room import SALES, Room, open_room, taker_of

CHAT = "/v1/chat"
AT_ONCE = 10
QUESTION = "Vocês atendem padarias em Santos?"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with open_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def room(floor: Floor, provider: Provider) -> Room:
    return await open_room(floor, provider.gateway(FIRST))


async def greeted(room: Room, provider: Provider) -> Customer:
    """By two models that are well, and that nobody has learnt anything about."""
    provider.answers(honest)
    who = room.person()
    room.taker = taker_of(room.inbox.floor, provider.gateway(FIRST, SECOND))
    await room.say((who, "Oi"))
    await room.settle()
    return who


def failing(model: str, status: int) -> Any:
    """This model alone."""

    def answer(body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"error": {"message": "no"}, "status": status} if body["model"] == model else honest(body)

    return answer


def said(*words: str) -> Any:
    """The same, whatever is asked."""
    [text] = words
    return lambda _: {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}


async def asked(room: Room, who: Customer) -> list[str]:
    """What is answered to the question."""
    before = len(await room.answers(who))
    await room.say((who, QUESTION))
    await room.settle()
    return (await room.answers(who))[before:]


class TestNobodyAnswers:
    @pytest.mark.parametrize("status", [429, 500, 503])
    async def test_f29_where_one_model_fails_the_second_answers(
        self, room: Room, provider: Provider, status: int
    ) -> None:
        who = await greeted(room, provider)
        provider.answers(failing(FIRST, status))
        assert await asked(room, who)
        [*_, turn] = await room.turns(who)
        assert not any(one.startswith("model:") for one in turn.trace["rejected"])
        assert turn.trace.get("fallback") is None
        assert provider.calls <= 4

    @pytest.mark.parametrize(
        "fault",
        [
            TooManyRequests(path=CHAT),
            ErrorCode(code=500, path=CHAT),
            AcceptThenDrop(path=CHAT),
            BrokenJson(path=CHAT),
            EmptyChoices(),
            Refuses(),
            Filtered(),
        ],
        ids=lambda fault: type(fault).__name__,
    )
    async def test_f29_f32_where_none_answers_approved_words_do_in_time(
        self, room: Room, provider: Provider, fault: Fault
    ) -> None:
        who = await greeted(room, provider)
        provider.answers(honest, fault)
        answers = await asked(room, who)
        [*_, turn] = await room.turns(who)
        assert answers
        assert all(is_approved(answer) for answer in answers)
        assert (turn.state, turn.attempts) == ("done", 1)
        assert provider.calls <= 4

    async def test_f29_where_none_answers_at_all_approved_words_come_in_time(
        self, floor: Floor, provider: Provider
    ) -> None:
        hasty = shipped()[SALES].replace("turn_deadline: 20s", "turn_deadline: 3s")
        room = await open_room(floor, provider.gateway(FIRST), source=hasty)
        who = room.person()
        provider.answers(honest, SlowAccept(seconds=60, path=CHAT))
        answers = await asked(room, who)
        [turn] = await room.turns(who)
        assert all(is_approved(answer) for answer in answers)
        assert 0 < provider.calls <= 4
        assert 2.5 < sum(turn.trace["seconds"].values()) < 10

    async def test_whoever_is_answered_so_again_and_again_gets_a_person(self, room: Room, provider: Provider) -> None:
        who = await greeted(room, provider)
        provider.answers(honest, ErrorCode(code=500, path=CHAT))
        for _ in range(3):
            await asked(room, who)
        conversation = await room.conversation(who)
        assert (conversation.control, len(await handoffs(room, who))) == ("queued", 1)


class TestGarbage:
    async def test_f30_nothing_of_it_reaches_a_customer(self, room: Room, provider: Provider) -> None:
        assert len(BAD_OUTPUTS) >= 30
        people = [(room.person(), bad) for bad in BAD_OUTPUTS]
        provider.answers(lambda body: said(bad_for(body).text)(body))
        room.taker = taker_of(room.inbox.floor, provider.gateway(FIRST))
        lines = [(who, f"{QUESTION} caso {number}") for number, (who, _) in enumerate(people)]
        for start in range(0, len(lines), AT_ONCE):
            await room.say(*lines[start : start + AT_ONCE])
            await room.settle()
        for who, _ in people:
            assert await room.answers(who)
            assert await effects(room, who) == []
        wrong = [
            (bad, answer)
            for who, bad in people
            for answer in await room.answers(who)
            if bad.mark in answer or not is_approved(answer)
        ]
        assert wrong == []

    async def test_f31_a_model_that_always_calls_a_tool_is_asked_no_further(
        self, room: Room, provider: Provider
    ) -> None:
        who = await greeted(room, provider)
        provider.answers(honest, CallsTool())
        answers = await asked(room, who)
        assert answers
        assert all(is_approved(answer) for answer in answers)
        assert provider.calls <= 4
        assert await effects(room, who) == []


def bad_for(body: Mapping[str, Any]) -> Any:
    [*_, number] = re.findall(r"caso (\d+)", str(body["messages"]))
    return BAD_OUTPUTS[int(number)]


def is_approved(answer: str) -> bool:
    """A text of the persona's, whatever stands in its places."""
    return any(form.fullmatch(answer) for form in _FORMS)


async def effects(room: Room, who: Customer) -> list[Any]:
    conversation = await room.conversation(who)
    return await room.inbox.rows("SELECT tool FROM effects WHERE conversation_id = :id", id=conversation.id)


async def handoffs(room: Room, who: Customer) -> list[Any]:
    conversation = await room.conversation(who)
    return await room.inbox.rows("SELECT reason FROM handoffs WHERE conversation_id = :id", id=conversation.id)


_PLACE: Final = re.compile(r"\\\{\w+\\\}")


def _forms() -> Iterator[re.Pattern[str]]:
    for texts in read_persona(shipped()[SALES]).texts.values():
        for text in texts.values():
            yield re.compile(_PLACE.sub(".{0,80}", re.escape(text)), re.DOTALL)


_FORMS: Final = tuple(_forms())
