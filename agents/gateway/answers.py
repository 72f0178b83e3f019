"""Whether an answer can be used, before anybody above the gateway sees it."""

from collections.abc import Mapping
from typing import Any

from agents.gateway.adapter import MOST_CHARACTERS, Finish, Told
from agents.gateway.port import Schema
from agents.gateway.schema import Problem, parsed, problem_of


def checked(told: Told, schema: Schema | None) -> Mapping[str, Any] | Problem | None:
    """What the schema asked for, or None where there is none; a problem is told to the model, once."""
    if told.finish is Finish.LENGTH:
        return Problem(path="$", what="cut off by the limit of tokens, so be brief")
    if len(told.text) > MOST_CHARACTERS:
        return Problem(path="$", what="far too long")
    if not told.text.strip():
        return Problem(path="$", what="empty")
    if schema is None:
        return None
    data = parsed(told.text)
    return data if isinstance(data, Problem) else problem_of(data, schema.body) or data
