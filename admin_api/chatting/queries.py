"""What a customer in a terminal gets to see: replies with their ticks, and what the persona made of what was said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from agents.personas.definition import Persona
from core.db.sessions import TenantSession
from core.ids import ConnectionId
from core.models.people import Connection, ConnectionKind
from core.models.personas import PersonaVersion, VersionState
from graphs.stores import personas as versions


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A connection whose provider is the sandbox."""

    id: ConnectionId
    phone_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    seq: int
    author: str
    body: str
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a turn came to: the rules that spoke, what it set, and where the lead moved."""

    turn: UUID
    persona: Persona | None
    rules: Sequence[str]
    commands: Sequence[Mapping[str, Any]]
    moves: Sequence[Mapping[str, Any]]
    is_rehearsal: bool


async def sandbox_line(session: TenantSession, persona: str | None) -> Line | None:
    """The one of this persona; the oldest, of the company's default persona, where none is named."""
    wanted = Connection.settings["is_sandbox"].as_boolean().is_(True) & (Connection.kind == ConnectionKind.WHATSAPP)
    of_persona = Connection.persona == persona if persona else Connection.persona.is_(None)
    rows = select(Connection).where(wanted, of_persona).order_by(Connection.created_at).limit(1)
    found = await session.scalar(rows)
    return Line(id=ConnectionId(found.id), phone_id=str(found.settings["phone_number_id"])) if found else None


async def personas(session: TenantSession) -> list[str]:
    """Those that answer."""
    active = select(PersonaVersion.name).where(PersonaVersion.state == VersionState.ACTIVE)
    return list(await session.scalars(active.order_by(PersonaVersion.name)))


async def conversation(session: TenantSession, line: ConnectionId, phone: str) -> UUID | None:
    found: UUID | None = await session.scalar(_CONVERSATION, {"line": line, "phone": phone})
    return found


async def replies(session: TenantSession, conversation: UUID, *, after: int) -> list[Reply]:
    rows = await session.execute(_REPLIES, {"conversation": conversation, "after": after})
    return [Reply(seq=row.seq, author=row.author, body=row.body or "", state=row.state) for row in rows]


async def notes(session: TenantSession, conversation: UUID, known: Sequence[UUID]) -> list[Note]:
    rows = await session.execute(_NOTES, {"conversation": conversation, "known": list(known)})
    return [
        Note(
            turn=row.id,
            persona=(await versions.get(session, row.version)).persona if row.version else None,
            rules=row.trace.get("rules", []),
            commands=row.trace.get("commands", []),
            moves=row.moves or [],
            is_rehearsal=bool(row.trace.get("rehearsal")),
        )
        for row in rows
    ]


async def staff_is_quiet(session: TenantSession, bot: ConnectionId) -> bool:
    """All that was done in the group was acted on, and all there is to say about it is said."""
    return not await session.scalar(_STAFF_BUSY, {"bot": bot})


async def is_played(session: TenantSession, connection: ConnectionId) -> bool:
    """By the sandbox."""
    wanted = Connection.settings["is_sandbox"].as_boolean().is_(True) & (Connection.id == connection)
    return await session.scalar(select(Connection.id).where(wanted)) is not None


async def is_quiet(session: TenantSession, conversation: UUID, said: str) -> bool:
    """What was said has come in, and nobody owes anything: no turn waits or runs, and no message is on its way."""
    return not await session.scalar(_BUSY, {"conversation": conversation, "said": said})


_CONVERSATION: Final = text("""
    SELECT c.id FROM conversations c
    JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id
    WHERE c.connection_id = :line AND i.kind = 'phone' AND i.value = :phone
    ORDER BY c.created_at DESC LIMIT 1
""")

_REPLIES: Final = text("""
    SELECT m.seq, m.author, m.text AS body, coalesce(o.state, 'sent') AS state
    FROM messages m LEFT JOIN outbound o ON o.tenant_id = m.tenant_id AND o.message_id = m.id
    WHERE m.conversation_id = :conversation AND m.seq > :after AND m.direction = 'out'
      AND coalesce(o.state, 'sent') NOT IN ('queued', 'sending', 'draft')
    ORDER BY m.seq
""")

_NOTES: Final = text("""
    SELECT t.id, t.trace, t.persona_version_id AS version, (
        SELECT jsonb_agg(jsonb_build_object('from', e.from_stage, 'to', e.to_stage, 'criteria', e.criteria)
            ORDER BY e.seq)
        FROM lead_stage_events e WHERE e.turn_id = t.id) AS moves
    FROM turns t
    WHERE t.conversation_id = :conversation AND t.state = 'done' AND NOT t.id = ANY (CAST(:known AS uuid[]))
    ORDER BY t.ended_at
""")

_BUSY: Final = text("""
    SELECT NOT EXISTS (SELECT FROM messages WHERE conversation_id = :conversation AND provider_id = :said)
        OR EXISTS (SELECT FROM turns WHERE conversation_id = :conversation AND state IN ('open', 'running'))
        OR EXISTS (SELECT FROM outbound WHERE conversation_id = :conversation AND state IN ('queued', 'sending'))
        OR EXISTS (SELECT FROM effects WHERE conversation_id = :conversation AND state IN ('approved', 'running'))
""")

_STAFF_BUSY: Final = text("""
    SELECT EXISTS (SELECT FROM incoming_events
                   WHERE consumer = 'staff' AND connection_id = :bot AND state = 'new')
        OR EXISTS (SELECT FROM staff_notes WHERE state IN ('queued', 'sending') AND not_before <= app_now())
""")
