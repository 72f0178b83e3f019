"""`Idempotency-Key`: the same request sent twice is done once, and answered twice alike.

The answers live in Valkey for a day, sealed, for they hold what people wrote. A flush costs this: a repetition that
comes after it is done again, and may double only what the route's own unique keys let double. Who sends a key while
Valkey is away is refused, because the promise could not be kept; who sends none is served.
"""

import base64
import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import redis.asyncio as redis
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from admin_api.principals import Principal
from core.errors import AppError, Conflict, FieldError, Malformed, Misconfigured, Unavailable
from core.floor import Floor
from core.logging import get_logger
from core.spool import SpoolKey, Unopened
from core.texts import Text
from core.valkey import Script, named_failure, opaque

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_FORM: Final = re.compile(r"[!-~]{1,255}")
_PURPOSE: Final = "idempotency"  # a new word here, and no answer of the last day opens any more
_DAY_MS: Final = 24 * 60 * 60 * 1000
_RUNNING_MS: Final = 60 * 1000  # longer than any request takes: after it whoever was at work has died
_GOOD: Final = range(200, 300)

Handle = Callable[[Request], Awaitable[Response]]

log = get_logger(__name__)


async def once(request: Request, principal: Principal, handle: Handle) -> Response:
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return await handle(request)
    if _FORM.fullmatch(key) is None:
        wrong = Text("de 1 a 255 caracteres visíveis", "1 to 255 visible characters")
        error = FieldError(field=f"header.{HEADER}", message=wrong)
        raise Malformed(f"{HEADER} inválida.", f"Invalid {HEADER}.", errors=(error,))
    floor: Floor = request.app.state.floor
    slot = _Slot(f"idem:{opaque(str(principal.company), key, request.url.path)}", floor)
    digest = hashlib.sha256(await request.body()).hexdigest()
    mark = slot.seal({"of": digest})
    earlier = await _begin(floor.valkey, slot.name, mark)
    if earlier is not None:
        return _answer_of(slot.open(earlier), digest)
    return await _do(slot, lambda: handle(request), mark=mark, digest=digest)


class _Slot:
    """One key of Valkey, and the cipher of what lies there: the installation's, for this purpose and this name."""

    def __init__(self, name: str, floor: Floor) -> None:
        ring = floor.ring
        older = {key.name: key.derive(_PURPOSE) for key in ring.keys}
        self.name = name
        self.valkey = floor.valkey
        self._cipher = SpoolKey(ring.current.name, ring.current.derive(_PURPOSE), older=older)

    def seal(self, told: dict[str, Any]) -> str:
        sealed = self._cipher.seal(json.dumps(told).encode(), aad=self.name.encode())
        return base64.b64encode(sealed).decode()

    def open(self, kept: str) -> dict[str, Any]:
        try:
            sealed = base64.b64decode(kept, validate=True)
            told: dict[str, Any] = json.loads(self._cipher.open(sealed, aad=self.name.encode()))
        except (ValueError, Unopened) as error:
            log.warning("idempotency.unopened", error=type(error).__name__)
            raise Conflict(
                f"O que foi respondido a esta {HEADER} não pode mais ser lido: confira se foi feito e use uma nova.",
                f"What was answered to this {HEADER} cannot be read any more: see whether it was done, use a new one.",
            ) from None
        return told


async def _begin(valkey: redis.Redis, name: str, mark: str) -> str | None:
    """None: nobody began before us."""
    try:
        earlier: str | None = await _BEGIN.run(valkey, [name], [mark, _RUNNING_MS])
    except (Unavailable, Misconfigured):
        raise Unavailable(
            f"Sem Valkey não há como honrar {HEADER}: nada foi feito, envie de novo em instantes.",
            f"Without Valkey {HEADER} cannot be honoured: nothing was done, send it again in a moment.",
        ) from None
    return earlier


async def _do(slot: _Slot, handle: Callable[[], Awaitable[Response]], *, mark: str, digest: str) -> Response:
    """A refusal changed nothing, so a repetition may try again. Of any other end nobody knows: the mark runs out."""
    try:
        response = await handle()
    except (AppError, HTTPException, RequestValidationError):
        await _forget(slot, mark)
        raise
    if response.status_code in _GOOD:
        await _keep(slot, digest, response)
    else:
        await _forget(slot, mark)
    return response


async def _keep(slot: _Slot, digest: str, response: Response) -> None:
    answer = {
        "of": digest,
        "status": response.status_code,
        "headers": {key: value for key, value in response.headers.items() if key != "content-length"},
        "body": bytes(response.body).decode(),
    }
    try:
        async with named_failure(slot.valkey):
            await slot.valkey.set(slot.name, slot.seal(answer), px=_DAY_MS)
    except (Unavailable, Misconfigured) as error:
        log.warning("idempotency.not_kept", error=type(error).__name__)


async def _forget(slot: _Slot, mark: str) -> None:
    """The mark is sealed with a nonce of its own: only whoever made it takes it away."""
    try:
        await _FORGET.run(slot.valkey, [slot.name], [mark])
    except (Unavailable, Misconfigured) as error:  # it runs out by itself
        log.warning("idempotency.not_forgotten", error=type(error).__name__)


def _answer_of(earlier: dict[str, Any], digest: str) -> Response:
    if earlier["of"] != digest:
        used = Text("já usada com outro conteúdo", "already used with another content")
        raise Malformed(
            f"Esta {HEADER} já foi usada com outro conteúdo: use uma nova.",
            f"This {HEADER} was used with another content already: use a new one.",
            errors=(FieldError(field=f"header.{HEADER}", message=used),),
        )
    if "status" not in earlier:
        raise Conflict(
            "O mesmo pedido ainda está em andamento: espere e repita.",
            "The same request is still under way: wait and repeat it.",
        )
    return Response(earlier["body"], earlier["status"], {**earlier["headers"], REPLAYED: "true"})


_BEGIN: Final = Script("""
local earlier = redis.call('GET', KEYS[1])
if earlier then
  return earlier
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
""")

_FORGET: Final = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
""")
