"""What OpenAI's format says, as far as both adapters need it."""

from collections.abc import Mapping
from typing import Any, Final

from agents.gateway.adapter import Failed, Failure, Finish
from agents.gateway.port import Schema, Usage
from agents.gateway.schema import is_strict

_FINISHES: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.STOP,  # of tools that nobody offered: the text is empty, and refused for that
    "function_call": Finish.STOP,
}
_FILTER: Final = "content_filter"


def response_format(schema: Schema) -> dict[str, Any]:
    """Enforced by the provider where the schema is of the kind that it can enforce."""
    body = dict(schema.body)
    strict = {"strict": True} if is_strict(body) else {}
    return {"type": "json_schema", "json_schema": {"name": schema.name, "schema": body, **strict}}


def finish_of(reason: str | None, usage: Usage | None) -> Finish:
    if reason == _FILTER:
        raise Failed(Failure.FILTERED, usage=usage)
    finish = _FINISHES.get(str(reason))
    if finish is None:
        raise Failed(Failure.BROKEN, usage=usage)
    return finish
