"""The brain in the shapes of OpenAI's chat completions: what `sandbox/openai` is handed, which knows only the wire.

`x_rehearsal` says what no provider would: that it is a rehearsal, how long to hang, after how many chunks to break off.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agents.prompts.contract import ContractError
from agents.rehearsal.asking import Call, ask, schema_name_in
from agents.rehearsal.cassettes import Deck, OffScript
from agents.rehearsal.replies import BrainReply
from agents.rehearsal.streaming import chunks, is_cut

Body = Mapping[str, Any]
CREATED: Final = 1_700_000_000  # the same call always has the same answer
_BAD_REQUEST: Final = 400
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_RETRY_AFTER: Final = 1.0


class Refusal(Exception):
    """An answer that is an error: `body` goes out with `status`."""

    def __init__(self, status: int, message: str, *, hang: float = 0.0) -> None:
        super().__init__(message)
        theirs = "server_error" if status >= _SERVER_FAULT else "invalid_request_error"
        kind = "rate_limit_error" if status == _TOO_MANY else theirs
        self.status = status
        self.hang = hang
        self.retry_after = _RETRY_AFTER if status == _TOO_MANY else None
        self.body: Body = {"error": {"message": message, "type": kind, "param": None, "code": None}}


@dataclass(frozen=True, slots=True)
class OpenAIFace:
    """`deck`: the scripts for `rehearsal/scripted`, by the conversation that a request's metadata names."""

    deck: Deck | None = None

    def answer(self, request: Body) -> Body:
        """Raises Refusal."""
        call, reply = self._asked(request)
        message = {"role": "assistant", "content": reply.text, "refusal": None}
        return {
            **_head(call, "chat.completion"),
            "choices": [{"index": 0, "message": message, "finish_reason": reply.finish, "logprobs": None}],
            "usage": _usage(reply),
            "x_rehearsal": _aside(reply),
        }

    def stream(self, request: Body) -> Iterator[Body]:
        """The chunks of an answer; one that is cut lacks its end, as when a line dies. Raises Refusal."""
        call, reply = self._asked(request)
        return _streamed(call, reply, wants_usage=bool(dict(request.get("stream_options") or {}).get("include_usage")))

    def _asked(self, request: Body) -> tuple[Call, BrainReply]:
        call = call_of(request)
        try:
            reply = ask(call, self.deck)
        except (ContractError, OffScript) as error:
            raise Refusal(_BAD_REQUEST, str(error)) from error
        if reply.fault and reply.fault.status:
            raise Refusal(reply.fault.status, "The rehearsal refuses this call.", hang=reply.fault.hang)
        return call, reply


def answer(request: Body) -> Body:
    """Without scripts. Raises Refusal."""
    return OpenAIFace().answer(request)


def stream(request: Body) -> Iterator[Body]:
    return OpenAIFace().stream(request)


def call_of(request: Body) -> Call:
    """Raises Refusal where the request is not one."""
    model, messages = request.get("model"), request.get("messages")
    if not isinstance(model, str) or not isinstance(messages, list) or not messages:
        raise Refusal(_BAD_REQUEST, "`model` and `messages` are needed.")
    if not all(isinstance(message, Mapping) for message in messages):
        raise Refusal(_BAD_REQUEST, "Every message is an object.")
    return Call(
        model=model if model.startswith("rehearsal") else f"rehearsal/{model}",
        messages=messages,
        schema_name=schema_name_in(request.get("response_format")),
        conversation=str(dict(request.get("metadata") or {}).get("conversation_id", "")),
    )


def _streamed(call: Call, reply: BrainReply, *, wants_usage: bool) -> Iterator[Body]:
    head = _head(call, "chat.completion.chunk")
    first = {"role": "assistant", "content": ""}
    yield {**head, "choices": [_choice(first)], "x_rehearsal": _aside(reply)}
    for chunk in chunks(reply):
        yield {**head, "choices": [_choice({"content": chunk})]}
    if is_cut(reply):
        return
    yield {**head, "choices": [_choice({}, finish=reply.finish)]}
    if wants_usage:
        yield {**head, "choices": [], "usage": _usage(reply)}


def _choice(delta: Body, *, finish: str | None = None) -> Body:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _head(call: Call, kind: str) -> Body:
    return {"id": f"chatcmpl-{call.id}", "object": kind, "created": CREATED, "model": call.model}


def _usage(reply: BrainReply) -> Body:
    total = reply.input_tokens + reply.output_tokens
    return {"prompt_tokens": reply.input_tokens, "completion_tokens": reply.output_tokens, "total_tokens": total}


def _aside(reply: BrainReply) -> Body:
    fault = reply.fault
    return {
        "is_rehearsal": True,
        "hang": fault.hang if fault else 0.0,
        "cut_after": fault.cut_after if fault else None,
    }
