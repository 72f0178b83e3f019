"""The only door to a language model, as everybody above it knows it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, Protocol

from core.clock import Deadline
from core.errors import AppError


class Purpose(StrEnum):
    """What a call is for. A provider sees it as the name of the schema that it has to fill."""

    UNDERSTAND = "understand"
    RESPOND = "respond"
    SUMMARISE = "summarise"
    PROPOSE = "propose"
    JUDGE = "judge"
    TRANSCRIBE = "transcribe"
    DESCRIBE = "describe"
    EMBED = "embed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """One message of a prompt. `is_stable`: the same in every call of its kind, so that providers may cache it."""

    role: Literal["system", "user", "assistant"]
    content: str
    is_stable: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Schema:
    """What the reply has to look like; its name says the purpose."""

    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRequest:
    purpose: Purpose
    aliases: tuple[str, ...]  # the first that answers; resolved by the company's settings
    prompts: Sequence[Prompt]
    deadline: Deadline
    schema: Schema | None = None
    max_output_tokens: int = 350
    temperature: float = 0.0
    cache_key: str = ""  # of the stable part: company and persona version
    metadata: Mapping[str, str] = field(default_factory=dict)  # ids only: a provider may log it


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaRequest:
    """A recording to be written down, or a picture to be described. Its bytes go to the provider, never an address."""

    aliases: tuple[str, ...]
    content: bytes = field(repr=False)
    mime: str
    language: str  # that a recording is expected to be in, and a description is written in
    deadline: Deadline
    max_output_tokens: int = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddingRequest:
    """Texts of one kind, to be made vectors of. `dimensions`: asked for where a model can give fewer than it has."""

    texts: Sequence[str] = field(repr=False)
    is_query: bool
    deadline: Deadline
    dimensions: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a call took. A cost that nobody knows is not zero."""

    calls: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_micros: int | None = None  # millionths of a US dollar

    def __add__(self, other: "Usage") -> "Usage":
        costs = (self.cost_micros, other.cost_micros)
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cost_micros=None if None in costs else sum(cost or 0 for cost in costs),
        )


NOTHING_USED = Usage(calls=0, cost_micros=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelReply:
    """`data` is what the schema asked for, already checked against it; None where no schema was given."""

    text: str
    model: str
    usage: Usage
    data: Mapping[str, Any] | None = None
    is_rehearsal: bool = False


class ModelPort(Protocol):
    """Complete, stream; structured output with one repair. Raises a `ModelError`, never a provider's own."""

    async def complete(self, request: ModelRequest) -> ModelReply: ...

    def stream(self, request: ModelRequest) -> AsyncIterator[str]: ...


class Senses(Protocol):
    """Hears and sees. The text is empty where nothing can be made out, which is an answer too."""

    async def transcribe(self, request: MediaRequest) -> ModelReply: ...

    async def describe(self, request: MediaRequest) -> ModelReply: ...


class ModelError(AppError):
    """No answer that can be used. `usage` is what it took all the same."""

    def __init__(self, pt: str, en: str, *, usage: Usage = NOTHING_USED) -> None:
        super().__init__(pt, en)
        self.usage = usage


class ModelUnavailable(ModelError):
    """Nobody answered in time, or all refused: another moment may help."""


class ModelGarbage(ModelError):
    """It answered twice, and neither fits the schema."""


class NoModel(ModelUnavailable):
    """None of the models of this installation can do what was asked."""


class BudgetSpent(ModelError):
    """What this turn, contact or company may use is used up."""
