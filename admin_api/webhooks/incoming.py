"""An event as it is kept: in a row of the inbox, or in a record of the spool until there can be a row."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from core import clock
from core.errors import Malformed
from core.ids import CompanyId, ConnectionId, new_id
from core.models.stream import Consumer

_HEAD: Final = struct.Struct(">BI")
_VERSION: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One row. Its key is made at receipt, so that it is kept once however often it is written."""

    company: CompanyId
    connection: ConnectionId | None
    consumer: Consumer
    body: bytes
    digest: bytes  # of all that was posted, also where the body is this connection's part of it
    headers: Mapping[str, str]
    payload: str | None  # the body for a column of JSON; whoever finds none reads the body
    id: UUID = field(default_factory=new_id)
    received_at: datetime = field(default_factory=clock.now)

    @property
    def size(self) -> int:
        return len(self.body) + len(self.payload or "")


def pack(rows: Sequence[Incoming]) -> bytes:
    heads, parts = [], []
    for row in rows:
        payload = None if row.payload is None else row.payload.encode("utf-8", "surrogatepass")
        heads.append(_head_of(row, payload))
        parts += [row.body, payload or b""]
    table = json.dumps(heads, separators=(",", ":")).encode()
    return b"".join((_HEAD.pack(_VERSION, len(table)), table, *parts))


def unpack(record: bytes) -> list[Incoming]:
    """Whatever is wrong with it is said in one way: an error of another kind would end the process at each start."""
    try:
        return _unpacked(record)
    except (struct.error, ValueError, KeyError, TypeError, AttributeError):
        raise _unreadable() from None


def _unpacked(record: bytes) -> list[Incoming]:
    version, size = _HEAD.unpack_from(record)
    if version != _VERSION:
        raise _unreadable()
    rest = memoryview(record)[_HEAD.size + size :]
    rows = []
    for head in json.loads(record[_HEAD.size : _HEAD.size + size]):
        middle = head["body_size"]
        end = middle + (head["payload_size"] or 0)
        rows.append(_row_of(head, bytes(rest[:middle]), bytes(rest[middle:end])))
        rest = rest[end:]
    return rows


def _head_of(row: Incoming, payload: bytes | None) -> dict[str, Any]:
    return {
        "company": str(row.company),
        "connection": str(row.connection) if row.connection else None,
        "consumer": row.consumer,
        "digest": row.digest.hex(),
        "headers": dict(row.headers),
        "id": str(row.id),
        "received_at": row.received_at.isoformat(),
        "body_size": len(row.body),
        "payload_size": None if payload is None else len(payload),
    }


def _row_of(head: Mapping[str, Any], body: bytes, payload: bytes) -> Incoming:
    connection = head["connection"]
    return Incoming(
        company=CompanyId(UUID(head["company"])),
        connection=ConnectionId(UUID(connection)) if connection else None,
        consumer=Consumer(head["consumer"]),
        body=body,
        digest=bytes.fromhex(head["digest"]),
        headers=head["headers"],
        payload=None if head["payload_size"] is None else payload.decode("utf-8", "surrogatepass"),
        id=UUID(head["id"]),
        received_at=datetime.fromisoformat(head["received_at"]),
    )


def _unreadable() -> Malformed:
    return Malformed(
        "O registro do spool é de outra versão do programa: restaure-o com aquela versão.",
        "The spool record is of another version of the program: restore it with that version.",
    )
