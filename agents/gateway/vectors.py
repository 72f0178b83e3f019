"""OpenAI's way to make vectors of texts, as far as both adapters need it."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agents.gateway.adapter import Embedded, Failed, Failure
from agents.gateway.models import provider_of
from agents.gateway.port import EmbeddingRequest, Usage
from agents.gateway.prices import vector_cost_micros

# What some call a question and what they call a text: their vectors differ, and OpenAI's do not.
_INPUT_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "cohere": ("search_query", "search_document"),
    "voyage": ("query", "document"),
    "nvidia_nim": ("query", "passage"),
}
_PREFIXED: Final = re.compile(r"\be5\b(?!-mistral)")  # this family was taught to be told in the text itself


def fields(model: str, request: EmbeddingRequest) -> dict[str, Any]:
    texts = list(request.texts)
    if _PREFIXED.search(model.lower()):
        texts = [f"{'query' if request.is_query else 'passage'}: {text}" for text in texts]
    size = {} if request.dimensions is None else {"dimensions": request.dimensions}
    return {"input": texts, **size}


def input_type(model: str, request: EmbeddingRequest) -> dict[str, Any]:
    """Litellm hands it on; the others would refuse what they do not know."""
    names = _INPUT_TYPES.get(provider_of(model))
    return {} if names is None else {"input_type": names[0] if request.is_query else names[1]}


def embedded(model: str, answer: Mapping[str, Any], *, is_priced: bool) -> Embedded:
    """In the order of the texts, which an answer may not keep."""
    usage = _usage(model, answer.get("usage"), is_priced=is_priced)
    data = answer.get("data")
    if not isinstance(data, Sequence) or not data:
        raise Failed(Failure.BROKEN, usage=usage)
    numbered = {int(one.get("index", place)): one.get("embedding") for place, one in enumerate(data)}
    if sorted(numbered) != list(range(len(data))):
        raise Failed(Failure.BROKEN, usage=usage)
    vectors = [numbered[place] for place in range(len(data))]
    if not all(map(_is_vector, vectors)):
        raise Failed(Failure.BROKEN, usage=usage)
    return Embedded(vectors=vectors, usage=usage)


def _is_vector(value: object) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(number, int | float) and math.isfinite(number) for number in value)
        and any(value)
    )


def _usage(model: str, told: object, *, is_priced: bool) -> Usage:
    counted = told.get("prompt_tokens") if isinstance(told, Mapping) else None
    if not isinstance(counted, int):
        return Usage(cost_micros=None)
    cost = vector_cost_micros(model, input_tokens=counted) if is_priced else None
    return Usage(input_tokens=counted, cost_micros=cost)
