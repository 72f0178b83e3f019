"""What a conversation asks of a model: how many calls, how many tokens, and how much of each prompt is known already.

Dialogues of ten turns and more with each shipped persona, over knowledge that has something to say about everything.
The answers are the rehearsal model's; the tokens are counted as o200k counts them.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from statistics import mean, quantiles
from typing import Final

import pytest
import tiktoken

from agents.gateway.gateway import Gateway
from agents.gateway.models import Keys, Models
from agents.gateway.port import ModelReply, ModelRequest, Purpose
from agents.gateway.registry import Registry
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.ports import Passage
from bench.turn_walk import Walk
from graphs.conversation.graph import compile_graph
from tests.graphs.conversation.dialogues import DIALOGUES

MOST_INPUT: Final = 3_200  # tokens, in 95 of 100 calls
MOST_OUTPUT: Final = 350
MEAN_CALLS: Final = 1.6
MOST_CALLS: Final = 4
SAME_PREFIX: Final = 0.95
CACHEABLE: Final = 0.6
FEWEST_TURNS: Final = 10


class Shelf:
    """Five full passages about anything, each as long as a chunk of a document is."""

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        del persona
        if not bases:
            return []
        text = f"Sobre {query}: " + "a empresa explica cada passo com clareza e confirma tudo por escrito. " * 9
        return [Passage(id=f"p{number}", text=text, title="Manual", score=0.8) for number in range(1, most + 1)]

    async def bases(self) -> frozenset[str]:
        return frozenset({"geral"})


@dataclass(slots=True)
class Recorder:
    """The rehearsal model, and all that it was asked."""

    gateway: Gateway
    requests: list[ModelRequest] = field(default_factory=list)
    replies: list[ModelReply] = field(default_factory=list)

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        reply = await self.gateway.complete(request)
        self.replies.append(reply)
        return reply

    async def stream(self, request: ModelRequest) -> AsyncIterator[str]:
        yield (await self.complete(request)).text


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One dialogue."""

    persona: str
    calls: tuple[int, ...]  # of each turn
    requests: Sequence[ModelRequest]
    outputs: Sequence[int]

    def pairs(self) -> list[tuple[ModelRequest, ModelRequest]]:
        """Each request with the one before it that was for the same."""
        by_purpose: defaultdict[Purpose, list[ModelRequest]] = defaultdict(list)
        for request in self.requests:
            by_purpose[request.purpose].append(request)
        return [pair for some in by_purpose.values() for pair in pairwise(some)]


@pytest.fixture(scope="module")
async def recorded() -> list[Recorded]:
    return [await record(persona, says) for persona, all_of_it in DIALOGUES.items() for says in all_of_it]


async def record(name: str, says: Sequence[str]) -> Recorded:
    persona = read_persona(shipped()[name])
    recorder = Recorder(Gateway(Models(), adapters=Registry(Keys())))
    walk = Walk(persona, compile_graph(persona), recorder, Shelf())
    for words in says:
        await walk.say(words)
    await recorder.gateway.close()
    calls = tuple(outcome.usage.calls for outcome in walk.outcomes)
    outputs = [tokens(reply.text) for reply in recorder.replies]
    return Recorded(persona=name, calls=calls, requests=recorder.requests, outputs=outputs)


@cache
def o200k() -> tiktoken.Encoding:
    return tiktoken.get_encoding("o200k_base")


def tokens(text: str) -> int:
    return len(o200k().encode(text, disallowed_special=()))


def written(request: ModelRequest) -> str:
    return "\n".join(prompt.content for prompt in request.prompts)


class TestDialogues:
    def test_every_shipped_persona_has_one_that_is_long_enough(self) -> None:
        assert DIALOGUES.keys() == shipped().keys()
        assert min(len(says) for all_of_it in DIALOGUES.values() for says in all_of_it) >= FEWEST_TURNS


class TestCalls:
    def test_a_turn_takes_few_on_average(self, recorded: list[Recorded]) -> None:
        assert mean(calls for one in recorded for calls in one.calls) <= MEAN_CALLS

    def test_no_turn_takes_more_than_its_budget(self, recorded: list[Recorded]) -> None:
        assert max(calls for one in recorded for calls in one.calls) <= MOST_CALLS

    def test_each_persona_asks_a_model_to_understand_and_some_to_answer(self, recorded: list[Recorded]) -> None:
        asked = [{request.purpose for request in one.requests} for one in recorded]
        assert all(Purpose.UNDERSTAND in purposes for purposes in asked)
        assert any(Purpose.RESPOND in purposes for purposes in asked)  # collection has approved texts alone


class TestTokens:
    def test_nearly_every_prompt_is_short_enough(self, recorded: list[Recorded]) -> None:
        inputs = [tokens(written(request)) for one in recorded for request in one.requests]
        assert quantiles(inputs, n=20)[-1] <= MOST_INPUT

    def test_no_answer_may_be_longer_than_its_cap(self, recorded: list[Recorded]) -> None:
        assert max(request.max_output_tokens for one in recorded for request in one.requests) <= MOST_OUTPUT
        assert max(count for one in recorded for count in one.outputs) <= MOST_OUTPUT


class TestCaching:
    def test_the_beginning_is_the_same_as_in_the_turn_before(self, recorded: list[Recorded]) -> None:
        pairs = [pair for one in recorded for pair in one.pairs()]
        same = [stable(before) == stable(after) for before, after in pairs]
        assert mean(same) >= SAME_PREFIX

    def test_most_of_a_prompt_is_known_from_the_one_before(self, recorded: list[Recorded]) -> None:
        pairs = [(written(before), written(after)) for one in recorded for before, after in one.pairs()]
        known = sum(length_of_same(before, after) for before, after in pairs)
        assert known / sum(len(after) for _, after in pairs) >= CACHEABLE


def stable(request: ModelRequest) -> list[str]:
    return [prompt.content for prompt in request.prompts if prompt.is_stable]


def length_of_same(one: str, other: str) -> int:
    """Up to the first character that differs."""
    differing = (place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right)
    return next(differing, min(len(one), len(other)))
