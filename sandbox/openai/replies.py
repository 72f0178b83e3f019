"""What a model says, as a `chat.completion` and as the chunks of a stream."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.faults import Fault
from sandbox.openai.errors import OpenAiError
from sandbox.openai.faults import CallsTool, EmptyChoices, Filtered, Refuses, Says
from sandbox.openai.reading import ChatCall, Json, cut_to, tokens_of

# From the body of a request to a `chat.completion`, or to what `errors.refused` reads.
Answer = Callable[[Json], Json]

_PIECE: Final = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    text: str | None
    finish: str = "stop"
    refusal: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    has_choices: bool = True

    @property
    def usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }


def nobody(_: Json) -> Json:
    """In the place of a model where the sandbox was given none."""
    raise OpenAiError(503, "The sandbox was started without a model to answer.", code="no_model")


def spoken(call: ChatCall, completion: Json) -> Spoken:
    """The answer, counted and cut as a provider does."""
    choice = (completion.get("choices") or [{}])[0]
    message, usage = choice.get("message") or {}, completion.get("usage") or {}
    text = message.get("content")
    said = Spoken(
        text=text,
        finish=choice.get("finish_reason") or "stop",
        refusal=message.get("refusal"),
        prompt_tokens=usage.get("prompt_tokens") or call.prompt_tokens,
        completion_tokens=usage.get("completion_tokens") or tokens_of(text or ""),
        cached_tokens=(usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
    )
    if call.max_tokens is None or said.completion_tokens <= call.max_tokens:
        return said
    return replace(said, text=cut_to(text or "", call.max_tokens), finish="length", completion_tokens=call.max_tokens)


def twisted(said: Spoken, fault: Fault | None) -> Spoken:
    """What the fault makes of it; the same where the fault is about the wire."""
    match fault:
        case EmptyChoices():
            return replace(said, has_choices=False)
        case Refuses(words=words):
            return replace(said, text=None, refusal=words)
        case Filtered():
            return replace(said, text="", finish="content_filter")
        case Says(text=text, finish=finish):
            return replace(said, text=text, finish=finish, completion_tokens=tokens_of(text))
        case CallsTool(tool=tool, arguments=arguments):
            function = {"name": tool, "arguments": arguments}
            called = {"id": "call_sandbox", "type": "function", "function": function}
            return replace(said, text=None, finish="tool_calls", tool_calls=(called,))
    return said


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """What every piece of an answer repeats."""

    id: str
    model: str
    created: int


def completion_of(said: Spoken, labels: Labels) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": said.refusal, "annotations": []}
    if said.tool_calls:
        message["tool_calls"] = list(said.tool_calls)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}
    return {
        "id": labels.id,
        "object": "chat.completion",
        "created": labels.created,
        "model": labels.model,
        "choices": [choice] if said.has_choices else [],
        "usage": said.usage,
        "service_tier": "default",
        "system_fingerprint": "fp_sandbox",
    }


def chunks_of(said: Spoken, labels: Labels, *, wants_usage: bool) -> list[dict[str, Any]]:
    """The first names the role, the last says why it ended; usage follows by itself with no choices."""
    chunks = [_chunk(labels, {"role": "assistant", "content": "", "refusal": None})]
    chunks += [_chunk(labels, delta) for delta in _deltas(said)]
    chunks.append(_chunk(labels, {}, finish=said.finish))
    if not said.has_choices:
        chunks = [chunk | {"choices": []} for chunk in chunks]
    if not wants_usage:
        return chunks
    last = {**_chunk(labels, {}), "choices": [], "usage": said.usage}
    return [*(chunk | {"usage": None} for chunk in chunks), last]


def event(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE: Final = b"data: [DONE]\n\n"


def _deltas(said: Spoken) -> Iterator[dict[str, Any]]:
    for name, text in (("content", said.text), ("refusal", said.refusal)):
        for piece in _PIECE.finditer(text or ""):
            yield {name: piece[0]}
    for number, called in enumerate(said.tool_calls):
        yield {"tool_calls": [{"index": number, **called}]}


def _chunk(labels: Labels, delta: Mapping[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": labels.id,
        "object": "chat.completion.chunk",
        "created": labels.created,
        "model": labels.model,
        "service_tier": "default",
        "system_fingerprint": "fp_sandbox",
        "choices": [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}],
    }
