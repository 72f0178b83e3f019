"""How a company's part of the installation is: what waits, since when, and which lines are in trouble."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db.sessions import TenantSession
from core.models.people import ConnectionKind, ConnectionState


@dataclass(frozen=True, kw_only=True, slots=True)
class Vitals:
    """Counts, and how long the oldest of each has waited beyond its time."""

    incoming: int
    turns: int
    turns_late: float
    outbox: int
    outbox_late: float
    unconfirmed: int
    quarantined: int
    failed_turns: int
    notes: int
    notes_late: float
    waiting_people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LineVitals:
    id: UUID
    name: str
    kind: ConnectionKind
    state: ConnectionState
    reason: str | None
    persona: str | None
    paused_at: datetime | None
    checked_at: datetime | None
    open_until: datetime | None  # its provider is in trouble
    queued: int
    last_in: datetime | None
    health: dict[str, Any]  # what the provider says of the account


async def vitals(session: TenantSession) -> Vitals:
    row = (await session.execute(_VITALS)).one()
    return Vitals(**row._mapping)  # noqa: SLF001 - the public name of a row's columns begins so


async def lines(session: TenantSession) -> list[LineVitals]:
    rows = await session.execute(_LINES)
    return [
        LineVitals(
            id=row.id,
            name=row.name,
            kind=ConnectionKind(row.kind),
            state=ConnectionState(row.state),
            reason=row.state_reason,
            persona=row.persona,
            paused_at=row.bot_paused_at,
            checked_at=row.checked_at,
            open_until=row.open_until,
            queued=row.queued,
            last_in=row.last_in,
            health=row.health,
        )
        for row in rows
    ]


_VITALS: Final = text("""
    SELECT
        (SELECT count(*) FROM incoming_events WHERE state = 'new') AS incoming,
        (SELECT count(*) FROM turns WHERE state IN ('open', 'running')) AS turns,
        (SELECT coalesce(CAST(extract(epoch FROM app_now() - min(due_at)) AS double precision), 0) FROM turns
            WHERE state = 'open' AND due_at < app_now()) AS turns_late,
        (SELECT count(*) FROM outbound WHERE state IN ('queued', 'sending')) AS outbox,
        (SELECT coalesce(CAST(extract(epoch FROM app_now() - min(not_before)) AS double precision), 0) FROM outbound
            WHERE state = 'queued' AND not_before < app_now()) AS outbox_late,
        (SELECT count(*) FROM outbound WHERE state IN ('unknown', 'ambiguous')) AS unconfirmed,
        (SELECT count(*) FROM incoming_events WHERE state = 'quarantined') AS quarantined,
        (SELECT count(*) FROM turns WHERE state = 'failed' AND ended_at > app_now() - interval '1 day')
            AS failed_turns,
        (SELECT count(*) FROM staff_notes WHERE state = 'queued' AND not_before <= app_now()) AS notes,
        (SELECT coalesce(CAST(extract(epoch FROM app_now() - min(not_before)) AS double precision), 0) FROM staff_notes
            WHERE state = 'queued' AND not_before < app_now()) AS notes_late,
        (SELECT count(*) FROM handoffs WHERE state = 'queued') AS waiting_people
""")

_LINES: Final = text("""
    SELECT c.id, c.name, c.kind, c.state, c.state_reason, c.persona, c.bot_paused_at, c.checked_at, c.health,
        b.open_until,
        (SELECT count(*) FROM outbound o WHERE o.connection_id = c.id AND o.state = 'queued') AS queued,
        (SELECT max(v.last_inbound_at) FROM conversations v WHERE v.connection_id = c.id) AS last_in
    FROM connections c LEFT JOIN send_breakers b ON b.connection_id = c.id AND b.open_until > now()
    ORDER BY c.name, c.id
""")
