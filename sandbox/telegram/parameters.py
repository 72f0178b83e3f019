"""What a bot asks with: a form, a multipart body, JSON or the query; all of them read alike, as texts and files."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from aiohttp import BodyPartReader, web

from sandbox.telegram.errors import bad_request, too_large
from sandbox.telegram.wire import packed

LARGEST_UPLOAD: Final = 50 * 1024 * 1024
_CHUNK: Final = 256 * 1024
_NUMBER: Final = re.compile(r"\s*(-?\d{1,19})")
_TRUE: Final = frozenset({"true", "yes", "1"})


@dataclass(frozen=True)
class Upload:
    data: bytes = field(repr=False)
    name: str = ""
    mime_type: str = ""

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """Telegram is lenient: what is no number counts as none, and what is not told as empty."""

    values: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def whole(self, name: str, default: int = 0) -> int:
        return whole(self.values.get(name), default)

    def number(self, name: str) -> float | None:
        try:
            return float(self.values[name])
        except (KeyError, ValueError):
            return None

    def flag(self, name: str) -> bool:
        return self.values.get(name, "").lower() in _TRUE

    def json(self, name: str, what: str) -> Any:
        """None where nothing is told; `what` names it in the refusal."""
        if not (told := self.values.get(name)):
            return None
        try:
            return json.loads(told)
        except (ValueError, RecursionError):
            raise bad_request(f"can't parse {what} JSON object") from None


def whole(told: str | None, default: int = 0) -> int:
    """As far as it begins with one."""
    found = _NUMBER.match(told or "")
    return int(found.group(1)) if found else default


async def read(request: web.Request) -> Parameters:
    values = dict(request.query)
    if request.content_type == "multipart/form-data":
        told, files = await _parts(request)
        return Parameters(values=values | told, files=files)
    if request.content_type == "application/json":
        return Parameters(values=values | _object(await _whole_body(request)))
    if request.content_type == "application/x-www-form-urlencoded":
        form = await _form(request)
        return Parameters(values=values | form)
    return Parameters(values=values)


async def _whole_body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None


async def _form(request: web.Request) -> dict[str, str]:
    try:
        told = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise too_large() from None
    except (UnicodeDecodeError, ValueError):
        raise bad_request("strings must be encoded in UTF-8") from None
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _object(body: bytes) -> dict[str, str]:
    if not body:
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("can't parse JSON object") from None
    if not isinstance(told, dict):
        raise bad_request("can't parse JSON object")
    return {name: packed(value) for name, value in told.items() if value is not None}


async def _parts(request: web.Request) -> tuple[dict[str, str], dict[str, Upload]]:
    values: dict[str, str] = {}
    files: dict[str, Upload] = {}
    try:
        reader = await request.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            data = await _data(part)
            if part.filename is None:
                values[part.name] = data.decode()
            else:
                files[part.name] = Upload(data, part.filename, part.headers.get("Content-Type", ""))
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except ValueError:
        raise bad_request("can't parse the multipart body") from None
    return values, files


async def _data(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk
        if len(data) > LARGEST_UPLOAD:
            raise too_large()
    return bytes(data)
