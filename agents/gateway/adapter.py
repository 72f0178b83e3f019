"""What the gateway asks of a provider's adapter, and how an adapter says that it got no answer."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from agents.gateway.port import NOTHING_USED, EmbeddingRequest, MediaRequest, ModelRequest, Usage
from core.errors import AppError
from core.texts import Text

MOST_CHARACTERS: Final = 64 * 1024  # of an answer; the longest that anybody asks for is a tenth of it
MOST_BYTES: Final = 1 << 20  # of an answer on the wire, a stream's many frames included
MOST_VECTOR_BYTES: Final = 16 << 20  # of a batch of vectors, which are written as text


class Finish(StrEnum):
    STOP = "stop"
    LENGTH = "length"  # the limit of tokens cut it off


class Failure(StrEnum):
    SLOW = "slow"
    BUSY = "busy"  # 429
    AWAY = "away"  # no connection, 5xx
    BROKEN = "broken"  # the answer came in part, or cannot be read
    DENIED = "denied"  # the key, the account or the model's name
    TOO_LONG = "too_long"  # the prompt does not fit the model
    REJECTED = "rejected"  # the request is wrong in another way
    FILTERED = "filtered"  # it refused, or a filter did
    CUT = "cut"  # a stream reached its limit of tokens
    RESTING = "resting"  # not asked: it failed too often, or asked to be left alone


_WORDS: Final = {
    Failure.SLOW: Text("demorou demais", "took too long"),
    Failure.BUSY: Text("pediu para ir mais devagar", "asked to slow down"),
    Failure.AWAY: Text("está fora do ar", "is away"),
    Failure.BROKEN: Text("não respondeu por inteiro", "did not answer in full"),
    Failure.DENIED: Text("recusou a chave, a conta ou o nome do modelo", "refused the key, the account or the name"),
    Failure.TOO_LONG: Text("não comporta um prompt deste tamanho", "has no room for a prompt of this size"),
    Failure.REJECTED: Text("não aceitou o pedido", "did not accept the request"),
    Failure.FILTERED: Text("se recusou a responder", "refused to answer"),
    Failure.CUT: Text("parou no limite de tokens", "stopped at its limit of tokens"),
    Failure.RESTING: Text("está em descanso depois de falhar", "rests after failing"),
}
_MAY_HAVE_COST: Final = frozenset({Failure.SLOW, Failure.BROKEN, Failure.FILTERED, Failure.CUT})


def words_of(failure: Failure) -> Text:
    """What the model did, as the rest of a sentence."""
    return _WORDS[failure]


class Failed(AppError):
    """No answer from this model. What it took is unknown where it may have been at work."""

    def __init__(self, failure: Failure, *, retry_after: float | None = None, usage: Usage | None = None) -> None:
        words = words_of(failure)
        super().__init__(f"O modelo {words.pt}.", f"The model {words.en}.")
        self.failure = failure
        self.retry_after = retry_after
        unknown = Usage(cost_micros=None if failure in _MAY_HAVE_COST else 0)
        self.usage = usage or (NOTHING_USED if failure is Failure.RESTING else unknown)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A whole answer, unchecked."""

    text: str
    finish: Finish
    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """A vector for each text, in their order, unchecked."""

    vectors: Sequence[Sequence[float]]
    usage: Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """Of a stream: words, then why it ended and what it took, in pieces of their own or together."""

    text: str = ""
    finish: Finish | None = None
    usage: Usage | None = None


class Adapter(Protocol):
    """Asks once, repeats nothing, raises `Failed`. The gateway ends a call by cancelling it."""

    async def complete(self, model: str, request: ModelRequest) -> Told: ...

    def stream(self, model: str, request: ModelRequest) -> AsyncGenerator[Piece]: ...

    async def transcribe(self, model: str, request: MediaRequest) -> Told: ...

    async def describe(self, model: str, request: MediaRequest) -> Told: ...

    async def embed(self, model: str, request: EmbeddingRequest) -> Embedded: ...

    async def close(self) -> None: ...
