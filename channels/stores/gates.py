"""The gates of a send: whom, where and how, under the locks that opt-out, takeover and pause must take too."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Uuid, bindparam, text

from channels.envelope import Identity
from channels.policy import Candidate, QuietHours, Reason, Ruling, Verdict, judge
from core.db.sessions import TenantSession
from core.ids import ConnectionId, ContactId, ConversationId
from core.models.outbox import BatchState, Purpose
from core.models.people import ConnectionKind, ConnectionState, IdentityKind
from core.models.stream import Control

_IDS: Final = bindparam("ids", type_=ARRAY(Uuid))
_ANYWHERE: Final = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True, slots=True)
class Gates:
    """What was found under the locks. Whoever is being decided about is not in it."""

    contacts: Mapping[UUID, Any]
    threads: Mapping[UUID, Any]
    batches: Mapping[UUID, Any]
    lines: Mapping[UUID, Any]
    windows: frozenset[ConnectionId]  # on these free text needs the customer's window

    def let_in(self, contact: ContactId, conversation: ConversationId) -> bool:
        return contact in self.contacts and conversation in self.threads

    def know(self, row: Any) -> bool:
        """Not a batch that somebody is pausing right now, nor a person who has just been merged into another one."""
        is_held = row.contact_id in self.contacts and row.conversation_id in self.threads
        return is_held and row.connection_id in self.lines and (row.batch_id is None or row.batch_id in self.batches)

    def addresses(self, contact: UUID) -> tuple[Identity, ...]:
        """The one to write to comes first."""
        known = self.contacts[contact].identities
        return tuple(Identity(kind=IdentityKind(kind), value=value) for kind, value in known)

    def kind_of(self, connection: UUID) -> ConnectionKind:
        return ConnectionKind(self.lines[connection].kind)

    def is_closed(self, connection: ConnectionId) -> bool:
        """The breaker is open; a trial may be due."""
        return self.lines[connection].open_until is not None

    def on_trial(self, rows: Iterable[Any]) -> set[ConnectionId]:
        """Whose breaker has been open for long enough."""
        found = {ConnectionId(row.connection_id) for row in rows}
        return {one for one in found if self.is_closed(one) and self.lines[one].may_be_tried}

    def judge(self, row: Any) -> Verdict:
        contact, thread = self.contacts[row.contact_id], self.threads[row.conversation_id]
        line, batch = self.lines[row.connection_id], self.batches.get(row.batch_id)
        if not contact.identities:
            return Verdict(ruling=Ruling.SUPPRESS, reason=Reason.NO_ADDRESS)
        return judge(
            Candidate(
                purpose=Purpose(row.purpose),
                is_template=row.content.get("type") == "template",
                control_epoch=row.control_epoch,
                answers_at=row.answers_at,
                expires_at=row.expires_at,
                conversation_epoch=thread.control_epoch,
                control=Control(thread.control),
                last_inbound_at=thread.last_inbound_at,
                opted_out_at=contact.opted_out_at,
                zone=_zone(contact.time_zone) or _zone(line.time_zone) or _ANYWHERE,
                connection=ConnectionState(line.state),
                has_window=row.connection_id in self.windows,
                batch=None if batch is None else BatchState(batch.state),
                quiet=QuietHours(start=line.quiet_from, end=line.quiet_until),
                now=line.now,
                is_bot_paused=line.bot_paused_at is not None,
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where the messages to be judged belong, as hints."""

    contacts: Collection[ContactId]
    conversations: Collection[ConversationId]
    messages: Collection[UUID]
    connections: Collection[ConnectionId]


async def hold(session: TenantSession, places: Places, *, windows: Collection[ConnectionId]) -> Gates:
    """Contacts, then conversations, then batches: the order in which everybody locks."""
    return Gates(
        contacts=await _by_id(session, _CONTACTS, places.contacts),
        threads=await _by_id(session, _THREADS, places.conversations),
        batches=await _by_id(session, _BATCHES, places.messages),
        lines=await _by_id(session, _LINES, places.connections),
        windows=frozenset(windows),
    )


async def _by_id(session: TenantSession, statement: Any, ids: Collection[UUID]) -> dict[UUID, Any]:
    return {row.id: row for row in await session.execute(statement, {"ids": sorted(set(ids))})}


@lru_cache(maxsize=512)
def _zone(name: str | None) -> ZoneInfo | None:
    """A name that this machine does not know must not stop the sender."""
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, KeyError, OSError):
        return None


# Share locks that nobody waits for: who is just being opted out, taken over or paused is looked at the next time.
_CONTACTS: Final = text("""
    SELECT c.id, c.opted_out_at, c.time_zone, coalesce((
        SELECT array_agg(ARRAY[i.kind, i.value] ORDER BY
            array_position(ARRAY['wa_id', 'phone', 'bsuid', 'lid', 'email'], i.kind), i.created_at DESC)
        FROM contact_identities i
        WHERE i.tenant_id = c.tenant_id AND i.contact_id = c.id AND i.kind <> 'username'), '{}') AS identities
    FROM contacts c WHERE c.id = ANY (:ids) ORDER BY c.id FOR SHARE OF c SKIP LOCKED
""").bindparams(_IDS)

_THREADS: Final = text("""
    SELECT id, control, control_epoch, last_inbound_at FROM conversations
    WHERE id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
""").bindparams(_IDS)

_BATCHES: Final = text("""
    SELECT b.id, b.state FROM send_batches b
    WHERE b.id IN (SELECT o.batch_id FROM outbound o WHERE o.id = ANY (:ids) AND o.batch_id IS NOT NULL)
    ORDER BY b.id FOR SHARE SKIP LOCKED
""").bindparams(_IDS)

# The clock of the database judges: a process whose own is wrong sends nothing too early, too late or at night.
_LINES: Final = text("""
    SELECT c.id, c.kind, c.state, c.bot_paused_at, b.open_until, b.open_until <= now() AS may_be_tried,
        k.time_zone, k.quiet_from, k.quiet_until, app_now() AS now
    FROM connections c CROSS JOIN companies k
    LEFT JOIN send_breakers b ON b.tenant_id = c.tenant_id AND b.connection_id = c.id
    WHERE c.id = ANY (:ids) ORDER BY c.id FOR SHARE OF c SKIP LOCKED
""").bindparams(_IDS)
