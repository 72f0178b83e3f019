"""What the brain gives back: a text, what it took, and, where a rehearsal wants one, how its delivery goes wrong."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agents.rehearsal.tokens import tokens

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What happens on the way. The brain knows no clock and no wire: its faces see to it."""

    status: int | None = None  # refused with this HTTP status
    hang: float = 0.0  # seconds before anything comes
    cut_after: int | None = None  # chunks after which the line is dead


@dataclass(frozen=True, kw_only=True, slots=True)
class BrainReply:
    """`text` is JSON where a schema was asked for."""

    text: str
    finish: Literal["stop", "length"] = "stop"
    input_tokens: int
    output_tokens: int
    fault: Fault | None = None


def answered(messages: Messages, answer: Mapping[str, Any] | str, *, fault: Fault | None = None) -> BrainReply:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return BrainReply(
        text=text,
        input_tokens=sum(tokens(text_of(message)) for message in messages),
        output_tokens=tokens(text),
        fault=fault,
    )


def text_of(message: Mapping[str, Any]) -> str:
    """A message's content may come in pieces."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(piece.get("text", "")) for piece in content or ())
