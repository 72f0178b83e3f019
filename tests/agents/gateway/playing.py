"""Models that are played: each does, call after call, what a test wrote down for it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.gateway.adapter import Adapter, Embedded, Failed, Failure, Finish, Piece, Told
from agents.gateway.gateway import Gateway
from agents.gateway.models import Models
from agents.gateway.port import EmbeddingRequest, MediaRequest, ModelRequest, Prompt, Purpose, Schema, Usage
from core.clock import Deadline

TOOK = Usage(input_tokens=100, output_tokens=10, cost_micros=350)
SAY = Schema(
    name="respond",
    body={
        "type": "object",
        "properties": {"say": {"type": "string"}},
        "required": ["say"],
        "additionalProperties": False,
    },
)
GOOD = '{"say": "Oi!"}'


@dataclass(frozen=True, kw_only=True)
class Hang:
    """Never answers; in a stream, after these words."""

    words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Break:
    """Fails after these words of a stream."""

    words: tuple[str, ...]
    failure: Failure = Failure.BROKEN


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """A vector for each text."""

    each: tuple[float, ...]
    missing: int = 0


Act = str | Told | Failed | Hang | Break | Vectors


@dataclass
class Played:
    """The last act is repeated; `asked` is what it was asked."""

    acts: list[Act]
    asked: list[ModelRequest] = field(default_factory=list)
    perceived: list[MediaRequest] = field(default_factory=list)
    embedded: list[EmbeddingRequest] = field(default_factory=list)
    closed: int = 0
    streams_closed: int = 0

    async def complete(self, model: str, request: ModelRequest) -> Told:
        del model
        self.asked.append(request)
        return await self._act()

    async def transcribe(self, model: str, request: MediaRequest) -> Told:
        del model
        self.perceived.append(request)
        return await self._act()

    async def describe(self, model: str, request: MediaRequest) -> Told:
        return await self.transcribe(model, request)

    async def embed(self, model: str, request: EmbeddingRequest) -> Embedded:
        del model
        self.embedded.append(request)
        act = self._next()
        match act:
            case Vectors(each=each, missing=missing):
                return Embedded(vectors=[each] * (len(request.texts) - missing), usage=TOOK)
            case Failed():
                raise act
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def _act(self) -> Told:
        act = self._next()
        match act:
            case str():
                return Told(text=act, finish=Finish.STOP, usage=TOOK)
            case Told():
                return act
            case Failed():
                raise act
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def stream(self, model: str, request: ModelRequest) -> AsyncGenerator[Piece]:
        del model
        self.asked.append(request)
        act = self._next()
        try:
            match act:
                case Failed():
                    raise act
                case Hang(words=words) | Break(words=words):
                    for word in words:
                        yield Piece(text=word)
                    if isinstance(act, Break):
                        raise Failed(act.failure)
                    await asyncio.Event().wait()
                case Told(text=text, finish=finish, usage=usage):
                    yield Piece(text=text)
                    yield Piece(finish=finish, usage=usage)
                case str():
                    for word in act.split(" "):
                        yield Piece(text=word + " ")
                    yield Piece(finish=Finish.STOP)
                    yield Piece(usage=TOOK)
        finally:
            self.streams_closed += 1

    async def close(self) -> None:
        self.closed += 1

    def _next(self) -> Act:
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


class Cast:
    """Every model of a test by its name."""

    def __init__(self, played: Mapping[str, Played]) -> None:
        self.played = played

    async def adapter(self, model: str) -> Adapter:
        return self.played[model]

    async def close(self) -> None:
        for each in self.played.values():
            await each.close()


def cast(**acts: list[Act] | Act) -> tuple[Gateway, Mapping[str, Played]]:
    """A gateway over models that are asked in this order, named `x/<name>`."""
    played = {f"x/{name}": Played(act if isinstance(act, list) else [act]) for name, act in acts.items()}
    gateway = Gateway(Models(default=tuple(played)), adapters=Cast(played), first_token_seconds=0.2)
    return gateway, {name.removeprefix("x/"): each for name, each in played.items()}


def request(**changes: Any) -> ModelRequest:
    told: dict[str, Any] = {
        "purpose": Purpose.RESPOND,
        "aliases": ("main",),
        "prompts": (Prompt(role="system", content="Seja breve.", is_stable=True), Prompt(role="user", content="oi")),
        "deadline": Deadline.after(5),
    }
    return ModelRequest(**told | changes)


def failed(failure: Failure, *, retry_after: float | None = None) -> Failed:
    return Failed(failure, retry_after=retry_after)
