"""What Meta says of a number and of the token that opens it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from channels.base import Health, Line
from channels.errors import CredentialRefused, SendError
from channels.whatsapp_cloud.errors_table import code_in
from channels.whatsapp_cloud.fields import items, kept, mapping, number, text, without_nothing
from channels.whatsapp_cloud.graph import Graph, phone_of, token_of
from channels.whatsapp_cloud.verdicts import settled
from core.clock import Deadline

_FIELDS: Final = (
    "display_phone_number,verified_name,quality_rating,status,name_status,throughput,"
    "whatsapp_business_manager_messaging_limit"
)
_NEEDED: Final = ("whatsapp_business_management", "whatsapp_business_messaging")
_TOKEN_INVALID: Final = 190
_LATEST: Final = 253402300799  # the last second that a datetime can tell


async def check(graph: Graph, *, line: Line, deadline: Deadline) -> Health:
    """Raises CredentialRefused for a token that opens nothing any more."""
    request = graph.get(line, phone_of(line), {"fields": _FIELDS})
    phone = settled(await graph.call(request, deadline=deadline))
    token = await _token(graph, line=line, deadline=deadline)
    if token.get("is_valid") is False:
        raise CredentialRefused(str(code_in(mapping(token.get("error"))) or _TOKEN_INVALID))
    scopes = [scope for scope in map(text, items(token.get("scopes"))) if scope]
    detail = without_nothing(
        {
            "phone": kept(phone),
            "quality": text(phone.get("quality_rating")),
            "status": text(phone.get("status")),
            "messaging_limit": text(phone.get("whatsapp_business_manager_messaging_limit")),
            "throughput": text(mapping(phone.get("throughput")).get("level")),
            "scopes": scopes or None,
            "missing_scopes": [scope for scope in _NEEDED if scope not in scopes] if scopes else None,
            "data_access_expires_at": _iso(_moment(token.get("data_access_expires_at"))),
        }
    )
    return Health(detail=detail, token_expires_at=_moment(token.get("expires_at")))


async def _token(graph: Graph, *, line: Line, deadline: Deadline) -> Mapping[str, Any]:
    """Empty where the token may not ask about itself: the number answered, so it is good."""
    request = graph.get(line, "debug_token", {"input_token": token_of(line)})
    try:
        return mapping(settled(await graph.call(request, deadline=deadline)).get("data"))
    except SendError:
        return {}


def _moment(value: object) -> datetime | None:
    """0: never."""
    seconds = number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds and 0 < seconds <= _LATEST else None


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
