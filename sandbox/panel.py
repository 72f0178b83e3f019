"""The manners of the control plane: only this machine comes in, bodies are checked, refusals say what to do."""

import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final, Literal, TypeVar, cast
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

Body = TypeVar("Body")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST_BODY: Final = 160 * 1024 * 1024  # a file of 100 MB in base64
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
_UNKNOWN: Final = {
    "type": ("Tipo desconhecido", "Unknown type"),
    "name": ("Falha desconhecida", "Unknown fault"),
}


class Refusal(Exception):
    """What was wrong with a request to the control plane; `pt` and `en` are for people."""

    def __init__(self, status: int, pt: str, en: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(en)
        self.status = status
        self._told = {"pt": pt, "en": en, **({"fields": dict(fields)} if fields else {})}

    def response(self) -> web.Response:
        return answer({"error": self._told}, status=self.status)


def answer(value: Mapping[str, Any], *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(value, ensure_ascii=True).encode(), headers=_JSON)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A name that resolves to this machine is not enough: a page on the web can have one (DNS rebinding)."""
    try:
        _refuse_strangers(request)
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except web.HTTPRequestEntityTooLarge as error:
        most = LARGEST_BODY // 1024**2
        return Refusal(error.status, f"Corpo acima de {most} MB.", f"A body of more than {most} MB.").response()
    except web.HTTPException as error:
        pt, en = "O painel do sandbox não tem este endereço.", "The sandbox's control plane has no such path."
        return Refusal(error.status, pt, en).response()


def _refuse_strangers(request: web.Request) -> None:
    origin = request.headers.get("Origin")
    hosts = [f"//{request.host}", *([] if origin is None else [origin])]
    if not is_loopback(request.remote or "") or not all(is_loopback(_hostname(host)) for host in hosts):
        raise Refusal(
            403,
            "O painel do sandbox só atende esta máquina: use http://127.0.0.1.",
            "The sandbox's control plane serves this machine only: use http://127.0.0.1.",
        )


def is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


async def read(request: web.Request, kind: type[Body]) -> Body:
    """The body as a value of this kind; an absent one is an empty object."""
    return checked(kind, await request.read() or b"{}")


def checked(kind: type[Body], told: bytes | Mapping[str, Any]) -> Body:
    try:
        adapter = _adapter(cast("Any", kind))
        value = adapter.validate_json(told) if isinstance(told, bytes) else adapter.validate_python(told)
    except ValidationError as error:
        raise _invalid(error) from error
    return value  # type: ignore[no-any-return] # the adapter is cached for every kind


def variant(kinds: Mapping[str, type[Body]], told: Mapping[str, Any], *, key: Literal["type", "name"]) -> Body:
    """The kind of value that stands under this key, made of all the rest."""
    if (kind := kinds.get(str(told.get(key)))) is None:
        known, (pt, en) = ", ".join(kinds), _UNKNOWN[key]
        raise Refusal(422, f"{pt}. Existem: {known}.", f"{en}. There are: {known}.")
    return checked(kind, {name: value for name, value in told.items() if name != key})


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _invalid(error: ValidationError) -> Refusal:
    places = {".".join(map(str, each["loc"])) or "body": each["msg"] for each in error.errors(include_input=False)}
    return Refusal(422, "Corpo inválido: veja os campos.", "Invalid body: see the fields.", places)


def whole_number(request: web.Request, name: str, *, default: int, most: int) -> int:
    told = request.query.get(name, str(default))
    if not told.isdecimal() or int(told) > most:
        raise Refusal(
            422,
            f"{name} é um número inteiro de 0 a {most}.",
            f"{name} is a whole number from 0 to {most}.",
        )
    return int(told)


def not_there(name: str) -> Refusal:
    return Refusal(404, f"Não existe no sandbox: {name}.", f"Not in the sandbox: {name}.")
