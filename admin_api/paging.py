"""Pages of a list: as many as asked for, and a signed cursor to the rest that fits this company's list and no other."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from core.crypto import KeyRing
from core.errors import FieldError, Malformed
from core.texts import Text

MOST: Final = 200
_USUAL: Final = 50
_LONGEST_CURSOR: Final = 500
_MAC_BYTES: Final = 16
_OUTSIDE_THE_LIST: Final = frozenset({"limit", "cursor"})

Row = TypeVar("Row")
Item = TypeVar("Item")
Position = tuple[Any, ...]  # what the list is sorted by, of the last row shown


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Paging:
    limit: int
    after: Position | None
    list_name: str
    ring: KeyRing

    @property
    def most(self) -> int:
        """One more than is shown tells whether there is more."""
        return self.limit + 1

    @property
    def moment(self) -> tuple[datetime, UUID] | None:
        """Where a list goes on that is sorted by a moment, and then by id."""
        return (datetime.fromisoformat(self.after[0]), UUID(self.after[1])) if self.after else None

    def page(self, rows: Sequence[Row], at: Callable[[Row], Position], show: Callable[[Row], Item]) -> Page[Item]:
        shown = rows[: self.limit]
        cursor = _sign(self.ring, self.list_name, at(shown[-1])) if len(rows) > self.limit else None
        return Page(items=[show(row) for row in shown], next=cursor)


async def _paging(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many at most.")] = _USUAL,
    cursor: Annotated[
        str | None, Query(max_length=_LONGEST_CURSOR, description="`next` of the page before, as it is.")
    ] = None,
) -> Paging:
    ring: KeyRing = request.app.state.floor.ring
    name = _list_name(request)
    return Paging(limit=limit, after=_read(ring, name, cursor), list_name=name, ring=ring)


PagingOfRequest = Annotated[Paging, Depends(_paging)]


def _list_name(request: Request) -> str:
    """Whose list, which one, and how it was filtered."""
    filters = sorted(item for item in request.query_params.multi_items() if item[0] not in _OUTSIDE_THE_LIST)
    return json.dumps([str(request.state.principal.company), request.url.path, filters])


def _sign(ring: KeyRing, name: str, position: Position) -> str:
    body = json.dumps([str(part) if part is not None else None for part in position]).encode()
    return base64.urlsafe_b64encode(_mac(ring.keys[0].derive("cursor"), name, body) + body).decode().rstrip("=")


def _read(ring: KeyRing, name: str, cursor: str | None) -> Position | None:
    if cursor is None:
        return None
    try:
        signed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _wrong_cursor() from None
    mac, body = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
    if not _is_ours(ring, name, mac, body):
        ring.reload()  # another process may sign with a key that was added a moment ago
        if not _is_ours(ring, name, mac, body):
            raise _wrong_cursor()
    return tuple(json.loads(body))


def _is_ours(ring: KeyRing, name: str, mac: bytes, body: bytes) -> bool:
    return any(hmac.compare_digest(mac, _mac(key.derive("cursor"), name, body)) for key in ring.keys)


def _mac(key: bytes, name: str, body: bytes) -> bytes:
    return hmac.digest(key, len(name).to_bytes(4) + name.encode() + body, hashlib.sha256)[:_MAC_BYTES]


def _wrong_cursor() -> Malformed:
    wrong = Text("não é desta lista", "not of this list")
    return Malformed(
        "Este cursor não é desta lista: comece de novo, sem cursor e com os mesmos filtros.",
        "This cursor is not of this list: start again, without a cursor and with the same filters.",
        errors=(FieldError(field="query.cursor", message=wrong),),
    )
