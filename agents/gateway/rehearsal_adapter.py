"""The model that is no model: the rehearsal brain, asked in this process and named `rehearsal/<mode>?seed=<number>`."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

from agents.gateway.adapter import Embedded, Failed, Failure, Finish, Piece, Told
from agents.gateway.port import EmbeddingRequest, MediaRequest, ModelRequest, Usage

NAME: Final = re.compile(r"rehearsal(?:/(?P<mode>[a-z_]+))?(?:\?seed=(?P<seed>\d{1,9}))?")
_PIECE: Final = re.compile(r"\s*\S+|\s+$")
_USUAL: Final = "honest"


class BrainReply(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def finish(self) -> Literal["stop", "length"]: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


class Brain(Protocol):
    """`agents.rehearsal.brain.reply`, which is handed in: what it stands on imports the gateway's port."""

    def __call__(
        self, messages: Sequence[Mapping[str, Any]], *, schema_name: str | None, mode: str, seed: int
    ) -> BrainReply: ...


class RehearsalAdapter:
    """`senses` gives what a file says of itself, for a rehearsal hears nothing and sees nothing."""

    def __init__(self, brain: Brain, senses: Callable[[bytes], str] = lambda _: "") -> None:
        self._brain = brain
        self._senses = senses

    async def complete(self, model: str, request: ModelRequest) -> Told:
        """It takes milliseconds."""
        name = NAME.fullmatch(model)
        if name is None:
            raise Failed(Failure.DENIED)
        reply = self._brain(
            [{"role": prompt.role, "content": prompt.content} for prompt in request.prompts],
            schema_name=request.schema.name if request.schema else None,
            mode=name["mode"] or _USUAL,
            seed=int(name["seed"] or 0),
        )
        usage = Usage(input_tokens=reply.input_tokens, output_tokens=reply.output_tokens, cost_micros=0)
        return Told(text=reply.text, finish=Finish(reply.finish), usage=usage)

    async def stream(self, model: str, request: ModelRequest) -> AsyncGenerator[Piece]:
        """Word by word."""
        told = await self.complete(model, request)
        for piece in _PIECE.finditer(told.text):
            yield Piece(text=piece[0])
        yield Piece(finish=told.finish, usage=told.usage)

    async def transcribe(self, model: str, request: MediaRequest) -> Told:
        del model
        return Told(text=self._senses(request.content), finish=Finish.STOP, usage=Usage(cost_micros=0))

    async def describe(self, model: str, request: MediaRequest) -> Told:
        del model
        told = json.dumps({"description": self._senses(request.content)}, ensure_ascii=False)
        return Told(text=told, finish=Finish.STOP, usage=Usage(cost_micros=0))

    async def embed(self, model: str, request: EmbeddingRequest) -> Embedded:
        """It knows no meanings: without a provider, words are what is searched by."""
        del model, request
        raise Failed(Failure.DENIED)

    async def close(self) -> None:
        """It holds nothing."""
