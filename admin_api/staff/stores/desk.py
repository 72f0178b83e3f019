"""A conversation as the people of the company see it from the group: who has it, what it is about, until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.policy import WINDOW
from channels.stores.templates import WITH_WINDOW
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConnectionId, ContactId, ConversationId, UserId
from core.models.installation import Company
from core.models.people import ConnectionKind, Role
from core.models.service import HandoffState
from core.models.stream import Control
from core.texts import Language

_QUOTES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """The handoff that is open, or the one that was open last."""

    id: UUID
    state: HandoffState
    queue: str
    reason: str
    brief: Mapping[str, Any]
    since: datetime
    told_at: datetime | None
    category: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """`zone` and `language` are the company's: everybody of the group reads the same."""

    conversation: ConversationId
    contact: ContactId
    connection: ConnectionId
    name: str | None
    digits: str  # the last ones of their number, to tell two of one name apart
    line: str
    kind: ConnectionKind
    control: Control
    epoch: int
    reason: str | None
    since: datetime
    assignee: UserId | None
    assignee_name: str | None
    stage: str | None
    quotes: Sequence[str]
    last_inbound_at: datetime | None
    answered_at: datetime | None  # when the customer's last message reached us
    opted_out_at: datetime | None
    waiting: Waiting | None
    zone: ZoneInfo
    language: Language
    now: datetime

    @property
    def title(self) -> str:
        """As their topic is called."""
        name = (self.name or "").strip() or ("Cliente" if self.language is Language.PT else "Customer")
        return f"{name} · {self.digits}" if self.digits else name

    @property
    def person(self) -> str:
        return (self.name or "").strip() or self.title

    @property
    def window_until(self) -> datetime | None:
        """None where the channel has none, or nobody has written yet."""
        if self.kind not in WITH_WINDOW or self.last_inbound_at is None:
            return None
        return self.last_inbound_at + WINDOW

    @property
    def is_window_closed(self) -> bool:
        return self.kind in WITH_WINDOW and (self.window_until is None or self.now >= self.window_until)

    @property
    def hears_nothing(self) -> bool:
        """They opted out, and have not written since: not even a person's answer is sent."""
        if self.opted_out_at is None:
            return False
        return self.answered_at is None or self.answered_at <= self.opted_out_at

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


async def view(session: TenantSession, conversation: ConversationId) -> View:
    row = (await session.execute(_VIEW, {"conversation": conversation, "most": _QUOTES})).one_or_none()
    if row is None:
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    return View(
        conversation=conversation,
        contact=ContactId(row.contact_id),
        connection=ConnectionId(row.connection_id),
        name=row.name,
        digits=(row.number or "")[-4:],
        line=row.line,
        kind=ConnectionKind(row.kind),
        control=Control(row.control),
        epoch=row.control_epoch,
        reason=row.control_reason,
        since=row.control_since,
        assignee=UserId(row.assignee_id) if row.assignee_id else None,
        assignee_name=row.assignee_name,
        stage=row.stage,
        quotes=tuple(row.quotes or ()),
        last_inbound_at=row.last_inbound_at,
        answered_at=row.answered_at,
        opted_out_at=row.opted_out_at,
        waiting=_waiting(row),
        zone=ZoneInfo(row.time_zone),
        language=_language(row.locale),
        now=row.now,
    )


async def language_of(session: TenantSession) -> Language:
    """The group's: its company's."""
    own = select(Company.locale).where(Company.id == session.tenant_id)
    return _language((await session.scalars(own)).one())


def _language(locale: str) -> Language:
    return Language.PT if locale.casefold().startswith("pt") else Language.EN


@dataclass(frozen=True, kw_only=True, slots=True)
class Colleague:
    """Somebody of the company who can be reached in Telegram."""

    person: UUID
    user: UserId
    name: str
    role: Role
    has_chat: bool


async def colleagues(session: TenantSession) -> list[Colleague]:
    """By name. Who is no member any more is none."""
    rows = await session.execute(_COLLEAGUES)
    return [
        Colleague(
            person=row.id,
            user=UserId(row.user_id),
            name=row.name,
            role=Role(row.role),
            has_chat=row.chat_id is not None,
        )
        for row in rows
    ]


async def queues(session: TenantSession) -> list[str]:
    """In which anybody ever waited."""
    return list(await session.scalars(text("SELECT DISTINCT queue FROM handoffs ORDER BY queue LIMIT 8")))


@dataclass(frozen=True, kw_only=True, slots=True)
class InLine:
    """Somebody who waits for a person of the company."""

    name: str | None
    since: datetime
    thread: int | None


async def in_line(session: TenantSession, group: UUID, *, most: int) -> list[InLine]:
    """Whoever has waited longest comes first."""
    rows = await session.execute(_IN_LINE, {"group": group, "most": most})
    return [InLine(name=row.name, since=row.created_at, thread=row.thread_id) for row in rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class LastHeard:
    """The last message of a customer, as their channel calls it."""

    connection: ConnectionId
    kind: ConnectionKind
    provider_id: str


async def last_heard(session: TenantSession, conversations: Sequence[ConversationId]) -> list[LastHeard]:
    rows = await session.execute(_LAST_HEARD, {"conversations": list(conversations)})
    return [
        LastHeard(
            connection=ConnectionId(row.connection_id), kind=ConnectionKind(row.kind), provider_id=row.provider_id
        )
        for row in rows
    ]


async def uses_of(session: TenantSession, conversation: ConversationId, epoch: int) -> int:
    """How many buttons of this conversation were pressed under this epoch: with it the next card has fresh ones."""
    bound = {"conversation": conversation, "epoch": epoch}
    return int(await session.scalar(_USES, bound) or 0)


def _waiting(row: Any) -> Waiting | None:
    if row.handoff is None:
        return None
    return Waiting(
        id=row.handoff,
        state=HandoffState(row.handoff_state),
        queue=row.queue,
        reason=row.handoff_reason,
        brief=row.brief,
        since=row.handoff_at,
        told_at=row.told_at,
        category=row.category,
        note=row.closing_note,
    )


_VIEW: Final = text("""
    SELECT c.contact_id, c.connection_id, c.control, c.control_epoch, c.control_reason, c.control_since,
        c.assignee_id, c.last_inbound_at, p.name, p.opted_out_at, l.name AS line, l.kind, k.time_zone, k.locale,
        app_now() AS now,
        (SELECT s.name FROM staff_people s WHERE s.user_id = c.assignee_id) AS assignee_name,
        (SELECT i.value FROM contact_identities i WHERE i.contact_id = c.contact_id AND i.kind IN ('phone', 'wa_id')
            ORDER BY i.kind, i.created_at LIMIT 1) AS number,
        (SELECT s.name FROM persona_versions v JOIN boards b ON b.key = v.name
            JOIN leads d ON d.board_id = b.id AND d.contact_id = c.contact_id
            JOIN board_stages s ON s.board_id = b.id AND s.key = d.stage
            WHERE v.id = c.persona_version_id) AS stage,
        (SELECT m.created_at FROM messages m WHERE m.conversation_id = c.id AND m.seq = c.last_inbound_seq)
            AS answered_at,
        (SELECT array_agg(q.said ORDER BY q.seq) FROM (
            SELECT m.seq, coalesce(nullif(m.text, ''), f.words) AS said
            FROM messages m LEFT JOIN media_files f ON f.message_id = m.id AND m.kind IN ('voice', 'audio')
            WHERE m.conversation_id = c.id AND m.author = 'customer' AND m.deleted_at IS NULL
                AND m.kind NOT IN ('reaction', 'system') AND coalesce(nullif(m.text, ''), f.words) <> ''
            ORDER BY m.seq DESC LIMIT :most) AS q) AS quotes,
        h.id AS handoff, h.state AS handoff_state, h.queue, h.reason AS handoff_reason, h.brief,
        h.created_at AS handoff_at, h.told_at, h.category, h.closing_note
    FROM conversations c JOIN contacts p ON p.id = c.contact_id JOIN connections l ON l.id = c.connection_id
        JOIN companies k ON k.id = c.tenant_id
        LEFT JOIN LATERAL (
            SELECT * FROM handoffs o WHERE o.conversation_id = c.id
            ORDER BY o.state <> 'ended' DESC, o.created_at DESC LIMIT 1) h ON true
    WHERE c.id = :conversation
""").columns(brief=JSONB, quotes=ARRAY(Text))

_COLLEAGUES: Final = text("""
    SELECT s.id, s.user_id, s.name, s.chat_id, m.role FROM staff_people s JOIN memberships m ON m.user_id = s.user_id
    WHERE s.telegram_id > 0
    ORDER BY lower(s.name), s.id
""")

_IN_LINE: Final = text("""
    SELECT h.created_at, p.name, t.thread_id FROM handoffs h
    JOIN conversations c ON c.id = h.conversation_id JOIN contacts p ON p.id = c.contact_id
    LEFT JOIN staff_topics t ON t.group_id = :group AND t.contact_id = c.contact_id
        AND t.connection_id = c.connection_id
    WHERE h.state = 'queued' ORDER BY h.created_at, h.id LIMIT :most
""").bindparams(bindparam("group"))

_LAST_HEARD: Final = text("""
    SELECT c.connection_id, l.kind, m.provider_id
    FROM conversations c JOIN connections l ON l.id = c.connection_id
    JOIN messages m ON m.conversation_id = c.id AND m.seq = c.last_inbound_seq
    WHERE c.id = ANY (CAST(:conversations AS uuid[])) AND c.control = 'human' AND m.provider_id IS NOT NULL
""")

_USES: Final = text("""
    SELECT count(*) FROM staff_buttons
    WHERE expires_at > app_now() AND conversation_id = :conversation AND epoch = :epoch AND used_at IS NOT NULL
""")
