"""Reading a chat completion as OpenAI does: what is missing or wrong is refused in its words."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sandbox.openai.errors import OpenAiError, missing, too_long, wrong_type, wrong_value

Json = Mapping[str, Any]

_ROLES: Final = ("developer", "system", "user", "assistant", "tool", "function")
_FORMATS: Final = ("text", "json_object", "json_schema")
_SCHEMA_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_HOTTEST: Final = 2
_CHARACTERS_PER_TOKEN: Final = 4
_PICTURE_TOKENS: Final = 765  # of a square of a thousand points, looked at closely
_LARGEST_PICTURE: Final = 20 * 1024 * 1024
_DATA_URL: Final = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,(?P<content>.*)", re.DOTALL)
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatCall:
    """`body` is the request as it came, for whoever answers it."""

    model: str
    body: Json
    is_streamed: bool
    wants_usage: bool
    max_tokens: int | None
    prompt_tokens: int


def tokens_of(text: str) -> int:
    """Near enough for limits; nobody pays by it."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def cut_to(text: str, most: int) -> str:
    return text[: most * _CHARACTERS_PER_TOKEN]


def parsed(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        message = "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        raise OpenAiError(400, message + "HTTP library correctly.)") from None
    if not isinstance(value, dict):
        raise wrong_type("body", expected="an object")
    return value


def chat_call(body: Json, *, context: int) -> ChatCall:
    model = text_of(body, "model")
    prompt = sum(_size(message, number) for number, message in enumerate(_messages(body)))
    if prompt > context:
        raise too_long(context, asked=prompt)
    _check_temperature(body)
    _check_format(body.get("response_format"))
    options = body.get("stream_options") or {}
    return ChatCall(
        model=model,
        body=body,
        is_streamed=body.get("stream") is True,
        wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
        max_tokens=_limit(body),
        prompt_tokens=prompt,
    )


def text_of(body: Json, name: str) -> str:
    value = body.get(name)
    if value is None:
        raise missing(name)
    if not isinstance(value, str) or not value:
        raise wrong_type(name, expected="a string")
    return value


def _messages(body: Json) -> list[Json]:
    messages = body.get("messages")
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise wrong_type("messages", expected="an array of objects")
    if not messages:
        raise OpenAiError(400, "Invalid 'messages': empty array.", code="empty_array", param="messages")
    return messages


def _size(message: Json, number: int) -> int:
    if message.get("role") not in _ROLES:
        raise wrong_value(f"messages[{number}].role", expected="one of " + ", ".join(_ROLES))
    content, pictures = message.get("content"), 0
    if isinstance(content, list):
        pictures = sum(_picture_tokens(part) for part in content)
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if content is None and message["role"] in {"assistant", "function"}:
        content = ""
    if not isinstance(content, str):
        raise wrong_type(f"messages[{number}].content", expected="a string or an array of objects")
    return tokens_of(content) + pictures


def _picture_tokens(part: object) -> int:
    """Of a part that is a picture, which has to be one that a model can look at."""
    if not isinstance(part, dict) or part.get("type") != "image_url":
        return 0
    told = part.get("image_url")
    address = str(told.get("url", "")) if isinstance(told, dict) else ""
    if address.startswith(("http://", "https://")):
        return _PICTURE_TOKENS
    found = _DATA_URL.fullmatch(address)
    if found is None:
        raise OpenAiError(400, "Invalid image URL.", code="invalid_image_url")
    try:
        content = base64.b64decode(found["content"], validate=True)
    except binascii.Error:
        raise OpenAiError(400, "Invalid base64 image_url.", code="invalid_base64") from None
    if not content.startswith(_PICTURES) or len(content) > _LARGEST_PICTURE:
        formats = "['png', 'jpeg', 'gif', 'webp']"
        message = f"You uploaded an unsupported image. Please make sure your image is valid and one of {formats}."
        raise OpenAiError(400, message, code="invalid_image_format")
    return _PICTURE_TOKENS


def _check_temperature(body: Json) -> None:
    value = body.get("temperature")
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type("temperature", expected="a number")
    if not 0 <= value <= _HOTTEST:
        raise wrong_value("temperature", expected=f"a number from 0 to {_HOTTEST}")


def _limit(body: Json) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong_type(name, expected="an integer")
        if value < 1:
            raise wrong_value(name, expected="a value of at least 1")
        return value
    return None


def _check_format(told: object) -> None:
    if told is None:
        return
    if not isinstance(told, dict):
        raise wrong_type("response_format", expected="an object")
    if told.get("type") not in _FORMATS:
        raise wrong_value("response_format.type", expected="one of " + ", ".join(_FORMATS))
    if told["type"] == "json_schema":
        _check_named_schema(told.get("json_schema"))


def _check_named_schema(asked: object) -> None:
    if not isinstance(asked, dict) or "name" not in asked:
        raise missing("response_format.json_schema.name")
    if not _SCHEMA_NAME.fullmatch(str(asked["name"])):
        raise wrong_value("response_format.json_schema.name", expected=f"the pattern {_SCHEMA_NAME.pattern}")
    if not isinstance(asked.get("schema"), dict):
        raise missing("response_format.json_schema.schema")
    if asked.get("strict") is True:
        _check_strict(asked["schema"], str(asked["name"]))


def _check_strict(schema: Any, name: str) -> None:
    """Strict schemas name every property as required, and allow no other."""
    for part in _parts(schema):
        wrong = None
        if part.get("type") == "object" or "properties" in part:
            if part.get("additionalProperties") is not False:
                wrong = "'additionalProperties' is required to be supplied and to be false"
            elif sorted(part.get("required", [])) != sorted(part.get("properties", {})):
                wrong = "'required' is required to be supplied and to be an array including every key in properties"
        if wrong:
            message = f"Invalid schema for response_format '{name}': {wrong}."
            raise OpenAiError(400, message, param="response_format")


def _parts(value: Any) -> list[Json]:
    """Every schema inside a schema; what is an enum's value is no schema."""
    if isinstance(value, list):
        return [part for each in value for part in _parts(each)]
    if not isinstance(value, dict):
        return []
    inner = [*value.get("properties", {}).values(), *value.get("$defs", {}).values()]
    inner += [value[key] for key in ("items", "anyOf") if key in value]
    return [value, *_parts(inner)]
