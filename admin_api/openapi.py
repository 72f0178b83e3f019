"""The API's own description: FastAPI's, with what every resource does alike said once, for all of them."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from typing_extensions import override

from admin_api.idempotency import HEADER
from admin_api.problems import CHALLENGE, MEDIA_TYPE
from admin_api.resources import PREFIX

_PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `title`, `detail` and the messages are in the language of Accept-Language (pt-BR, en).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was refused, and what to do."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_ALWAYS: Final = {
    "401": "No credential, or a bad one: WWW-Authenticate names the header in which an API key is sent.",
    "403": "The credential's role is too weak.",
    "422": "Malformed: unknown or wrong fields, a cursor of another list.",
    "429": "Too many requests: see Retry-After.",
    "503": "Something of ours is away: see Retry-After.",
}
_WITH_IDS: Final = {"404": "It does not exist; another company's answers alike."}
_BY_METHOD: Final = {
    "post": {"409": "A conflict with what is there, or the same request is under way."},
    "patch": {"409": "A conflict with what is there.", "412": "Changed since it was read: If-Match is out of date."},
}
_HEADERS: Final = {
    "post": (HEADER, "Sent again within a day, the request is done once and answered alike."),
    "patch": ("If-Match", "The ETag that was read: without it a change made meanwhile is overwritten."),
}
_OF_FASTAPI: Final = ("HTTPValidationError", "ValidationError")  # not what we answer


class DescribedApi(FastAPI):
    @override
    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        if "Problem" in schemas:  # FastAPI keeps what it made, and what we made of it
            return described
        schemas["Problem"] = _PROBLEM
        for name in _OF_FASTAPI:
            schemas.pop(name, None)
        for path, method, operation in _operations(described):
            operation["responses"].pop("422", None)
            operation["responses"] |= _problems(path, method)
            if method in _HEADERS:
                name, about = _HEADERS[method]
                others = [one for one in operation.get("parameters", []) if one["name"] != name]
                operation["parameters"] = [*others, _header(name, about)]
        return described


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described["paths"].items():
        if path.startswith(f"{PREFIX}/"):
            for method, operation in item.items():
                yield path, method, operation


def _problems(path: str, method: str) -> dict[str, Any]:
    texts: dict[str, str] = _ALWAYS | (_WITH_IDS if "{" in path else {}) | _BY_METHOD.get(method, {})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    problems: dict[str, Any] = {
        status: {"description": text, "content": content} for status, text in sorted(texts.items())
    }
    problems["401"]["headers"] = {"WWW-Authenticate": {"schema": {"type": "string", "const": CHALLENGE}}}
    return problems


def _header(name: str, about: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
