"""What a provider posted, as events: read by the adapter of its channel, the same however often it is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.connection_forms import form_of
from channels.envelope import InboundEvent
from channels.registry import Registry
from core.errors import AppError
from core.models.people import ConnectionKind
from core.texts import Text

# Whatever a shape that nobody foresaw can do to a program. What ends the process is counted before it is read.
BROKEN: Final = (
    AppError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,  # also a nesting too deep
    TypeError,
    ValueError,  # also what is no JSON, and no text
)


class Unreadable(AppError):
    """It is kept as it came; a later release may read it."""

    title = Text("Evento ilegível", "Unreadable event")

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"O evento recebido não pôde ser lido ({cause}); ele fica guardado.",
            f"The event that came in could not be read ({cause}); it is kept.",
        )
        self.cause = cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """An event as it was kept: as JSON, or as bytes where the database could not hold it as JSON."""

    kind: ConnectionKind
    settings: Mapping[str, Any]  # of the connection: the address under which it is known outside is among them
    payload: Mapping[str, Any] | None = None
    body: bytes = b""


def read(posted: Posted, registry: Registry) -> list[InboundEvent]:
    try:
        payload = _parsed(posted.body) if posted.payload is None else posted.payload
        return registry.get(posted.kind).read(payload, address_of(posted.kind, posted.settings))
    except BROKEN as error:
        raise Unreadable(type(error).__name__) from error


def address_of(kind: ConnectionKind, settings: Mapping[str, Any]) -> str:
    """Its own name outside, by which an item of a post is told from those of its neighbours."""
    own = (address.setting for address in form_of(kind).addresses if address.is_own)
    return str(settings.get(next(own, ""), ""))


def _parsed(body: bytes) -> Mapping[str, Any]:
    """Bytes that are no text stand for a mark, and numbers that are none for nothing."""
    parsed = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_constant=lambda _: None)
    if not isinstance(parsed, dict):
        raise TypeError("a body that is no object")
    return parsed
