"""Looks after connections ahead of trouble: is the token good, and for how long; which templates may be sent."""

from datetime import datetime, timedelta
from typing import Final

from channels.aftermath import block
from channels.base import Health
from channels.errors import SendError, Unproven
from channels.lines import Lines
from channels.registry import Registry
from channels.stores import templates
from channels.stores.connections import OpenedLine, get, note_health, set_state
from core import clock
from core.clock import Deadline
from core.db.sessions import Database, TenantSession
from core.errors import Refused
from core.events import Event, EventKind, emit
from core.http import CallFailed
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.models.people import ConnectionState

WARN_DAYS: Final = (14, 7, 1)
_SECONDS: Final = 20.0

log = get_logger(__name__)


async def look_after(database: Database, registry: Registry, lines: Lines, company: CompanyId) -> int:
    """All connections of a company that are not switched off; gives how many answered."""
    answered = 0
    for connection, opened in (await lines.of(company)).items():
        if opened.state is not ConnectionState.DISABLED and opened.kind in registry.kinds:
            answered += await _look_at(database, registry, company, connection, opened)
    return answered


async def _look_at(
    database: Database, registry: Registry, company: CompanyId, connection: ConnectionId, opened: OpenedLine
) -> bool:
    adapter = registry.get(opened.kind)
    try:
        health = await adapter.check(opened.line, Deadline.after(_SECONDS))
        known = await adapter.list_templates(opened.line, Deadline.after(_SECONDS))
    except SendError as error:
        if error.blocks_connection:  # a provider in trouble says nothing about ours
            async with database.tenant_session(company) as session:
                await block(session, connection, error)
        return False
    except (CallFailed, Unproven, Refused) as error:
        log.warning("watch.no_answer", connection=str(connection), reason=type(error).__name__)
        return False
    async with database.tenant_session(company) as session:
        await _note(session, connection, health)
        await templates.replace_all(session, connection, known)
    return True


async def _note(session: TenantSession, connection: ConnectionId, health: Health) -> None:
    """A token that opens the door again mends what it had shut; a blocked account can be read, and stays blocked."""
    row = await get(session, connection)
    days = _days_to_warn_of(health, row.checked_at, row.health.get("token_expires_at"))
    await note_health(session, connection, health)
    if row.state is ConnectionState.CREDENTIAL_REFUSED:
        await set_state(session, connection, ConnectionState.ACTIVE, None)
    if days is not None:
        expiring = EventKind.CONNECTION_EXPIRING
        emit(session, Event(kind=expiring, subject_id=connection, payload={"days": days}))


def _days_to_warn_of(health: Health, checked_at: datetime | None, before: str | None) -> int | None:
    """Each threshold is told once: when it lies between the last look and this one, or the token is another."""
    expires_at = health.token_expires_at
    if expires_at is None:
        return None
    is_same = before == expires_at.isoformat() and checked_at is not None
    left = expires_at - clock.now()
    left_before = expires_at - checked_at if is_same and checked_at is not None else timedelta.max
    crossed = [days for days in WARN_DAYS if left <= timedelta(days=days) < left_before]
    return min(crossed, default=None)
