"""JSON as Meta writes it, and its signature."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

_WRITER: Final = json.JSONEncoder(separators=(",", ":"))  # non-ASCII leaves as \uXXXX in lower-case hex


def to_json(value: Mapping[str, Any]) -> bytes:
    return _WRITER.encode(value).encode("ascii")


def sign(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def proof(token: str, secret: str) -> str:
    """The `appsecret_proof` of a call with this token."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
