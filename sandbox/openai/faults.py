"""What only a language model gets wrong, by name; it meets chat completions, beside the faults of every provider.

Of those, TooManyRequests, ErrorCode (its code is the HTTP status, its details OpenAI's code), SlowAccept,
SilenceBefore, DropBefore, AcceptThenDrop, HalfBody, BrokenJson and SlowBody are of use with `path="/v1/"`.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sandbox.faults import Fault, Stage

CHAT: Final = "/v1/chat/completions"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFault(Fault):
    """Not for a mix: its path sets it apart from the faults of messages."""

    stage = Stage.AFTER
    path: str | None = CHAT


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowTokens(ModelFault):
    """Before each piece of a stream; whole answers wait as long as all of their pieces."""

    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CutStream(ModelFault):
    """The connection is gone after so many pieces; half of the body where nothing is streamed."""

    after: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietEnd(ModelFault):
    """The stream ends well after so many pieces, but nothing says that the answer is whole."""

    after: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenSse(ModelFault):
    """After so many pieces comes one that is no JSON; half of the body where nothing is streamed."""

    after: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamError(ModelFault):
    """An error inside a stream whose status was 200; a plain 500 where nothing is streamed."""

    after: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptyChoices(ModelFault):
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuses(ModelFault):
    """In the field that structured outputs have for it."""

    words: str = "I'm sorry, I can't assist with that request."


@dataclass(frozen=True, kw_only=True, slots=True)
class Filtered(ModelFault):
    """The provider's filter stops the answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Says(ModelFault):
    """This instead of an answer, whatever was asked."""

    text: str
    finish: Literal["stop", "length"] = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class CallsTool(ModelFault):
    """A call of a tool that nobody offered."""

    tool: str = "transfer_money"
    arguments: str = '{"amount": 1000000}'


MODEL_FAULTS: Final[tuple[type[ModelFault], ...]] = (
    SlowTokens,
    CutStream,
    QuietEnd,
    BrokenSse,
    StreamError,
    EmptyChoices,
    Refuses,
    Filtered,
    Says,
    CallsTool,
)
