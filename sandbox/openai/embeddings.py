"""Vectors made of hashed words: the same text is always the same vector, and shared words bring two texts nearer."""

import base64
import hashlib
import math
import struct
from collections.abc import Mapping
from typing import Any, Final

from sandbox.openai.errors import missing, wrong_type, wrong_value
from sandbox.openai.reading import Json, text_of, tokens_of

_USUAL: Final = {"text-embedding-3-large": 3072}
_OTHERS: Final = 1536
_MOST_INPUTS: Final = 2048
_SIDES: Final = 2


def embeddings(body: Json) -> dict[str, Any]:
    model = text_of(body, "model")
    texts, size = _texts(body), _size(body, model)
    as_text = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if as_text else vector}
        for index, vector in enumerate(vector_of(text, size) for text in texts)
    ]
    tokens = sum(tokens_of(text) for text in texts)
    return {
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def vector_of(text: str, size: int) -> list[float]:
    """Of length 1, as OpenAI's are; a text without words has a direction of its own."""
    vector = [0.0] * size
    for word in text.lower().split() or [""]:
        number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector[(number // _SIDES) % size] += 1.0 if number % _SIDES else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector] if length else vector_of("\0" + "".join(text.split()), size)


def _texts(body: Json) -> list[str]:
    """Texts, or what a client made of them: a list of token numbers is one text."""
    told = body.get("input")
    if told is None:
        raise missing("input")
    values = told if isinstance(told, list) and not _is_tokens(told) else [told]
    if not values or len(values) > _MOST_INPUTS:
        raise wrong_value("input", expected=f"1 to {_MOST_INPUTS} texts")
    return [_text(value) for value in values]


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list) and _is_tokens(value):
        return " ".join(map(str, value))
    raise wrong_type("input", expected="a string or an array of strings, not empty")


def _is_tokens(value: list[object]) -> bool:
    return bool(value) and all(isinstance(item, int) for item in value)


def _size(body: Mapping[str, Any], model: str) -> int:
    most = _USUAL.get(model, _OTHERS)
    told = body.get("dimensions")
    if told is None:
        return most
    if isinstance(told, bool) or not isinstance(told, int) or not 1 <= told <= most:
        raise wrong_value("dimensions", expected=f"an integer from 1 to {most}")
    return told


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
