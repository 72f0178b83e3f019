"""JSON as Telegram writes it, and the types that it stands for."""

import json
from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_WRITER: Final = json.JSONEncoder(separators=(",", ":"))  # non-ASCII leaves as \uXXXX in lower-case hex


def to_json(value: Mapping[str, Any]) -> bytes:
    return _WRITER.encode(value).encode("ascii")


def packed(value: Any) -> str:
    """A value as the Bot API takes it inside a form."""
    return value if isinstance(value, str) else _WRITER.encode(value)
