"""Two open conversations with one person, on one line, become one: what was said in both is in the one that stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.stores.people import Merger
from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId
from core.models.stream import Control

# Who answers where a person does already: people outrank the bot, also in what is folded.
_RANKS: Final = {Control.BOT: 0, Control.COPILOT: 1, Control.QUEUED: 2, Control.HUMAN: 3}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rivals:
    """Both are open and locked. `gone` is to be folded into `kept`, and closed."""

    kept: ConversationId
    gone: ConversationId
    control: Control  # of the one that stays
    is_same_control: bool
    gone_of: ContactId  # the contact through whose merging the two meet


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """What was done: the messages of `source` stand in `into`, their numbers raised by `offset`."""

    source: ConversationId
    into: ConversationId
    offset: int
    messages: tuple[UUID, ...]

    @property
    def detail(self) -> dict[str, Any]:
        return {
            "source": str(self.source),
            "into": str(self.into),
            "offset": self.offset,
            "messages": [str(message) for message in self.messages],
        }

    @classmethod
    def of(cls, detail: dict[str, Any]) -> "Fold":
        return cls(
            source=ConversationId(UUID(detail["source"])),
            into=ConversationId(UUID(detail["into"])),
            offset=detail["offset"],
            messages=tuple(UUID(message) for message in detail["messages"]),
        )


async def rivals(session: TenantSession, mergers: Iterable[Merger]) -> list[Rivals]:
    """Of the conversations that contacts about to be merged have open on one connection.

    The one that a person of the company holds stays, else the one the customer wrote in last.
    """
    roots = {contact: merger.kept for merger in mergers for contact in (merger.kept, merger.gone)}
    if not roots:
        return []
    open_ones: dict[tuple[UUID, UUID], list[Any]] = {}
    for row in await session.execute(_OPEN, {"contacts": list(roots)}):
        open_ones.setdefault((roots[row.contact_id], row.connection_id), []).append(row)
    return [pair for (root, _), rows in open_ones.items() for pair in _pairs(root, rows)]


async def fold(session: TenantSession, pair: Rivals) -> Fold:
    """What waits to be sent goes along: under the other's epoch where the same answers, else void if it is a bot's."""
    bound = {"into": pair.kept, "source": pair.gone}
    rows = (await session.execute(_FOLD, bound)).one()
    await session.execute(_FOLD_OUTBOUND, {**bound, "offset": rows.offset, "same": pair.is_same_control})
    return Fold(source=pair.gone, into=pair.kept, offset=rows.offset, messages=tuple(rows.messages or ()))


async def unfold(session: TenantSession, done: Fold) -> None:
    """Into a conversation that stays closed: history goes back, nothing is answered there any more."""
    bound = {"source": done.source, "into": done.into, "offset": done.offset, "messages": list(done.messages)}
    await session.execute(_UNFOLD, bound)


def _pairs(root: UUID, rows: Sequence[Any]) -> list[Rivals]:
    kept = max(rows, key=lambda row: (_RANKS[Control(row.control)], row.last_inbound_at or _NEVER, row.id))
    return [
        Rivals(
            kept=ConversationId(kept.id),
            gone=ConversationId(row.id),
            control=Control(kept.control),
            is_same_control=row.control == kept.control,
            gone_of=ContactId(row.contact_id if row.contact_id != root else kept.contact_id),
        )
        for row in rows
        if row is not kept
    ]


_OPEN: Final = text("""
    SELECT id, contact_id, connection_id, control, last_inbound_at FROM conversations
    WHERE contact_id = ANY (CAST(:contacts AS uuid[])) AND control <> 'closed' ORDER BY id FOR NO KEY UPDATE
""")

_FOLD: Final = text("""
    WITH k AS (SELECT message_seq FROM conversations WHERE id = :into),
    moved AS (
        UPDATE messages m SET conversation_id = :into, seq = m.seq + k.message_seq
        FROM k WHERE m.conversation_id = :source RETURNING m.id
    ), counted AS (
        UPDATE conversations c SET message_seq = k.message_seq + s.message_seq,
            last_inbound_seq = CASE WHEN s.last_inbound_seq > 0 THEN k.message_seq + s.last_inbound_seq
                ELSE c.last_inbound_seq END,
            last_inbound_at = greatest(c.last_inbound_at, s.last_inbound_at),
            last_message_at = greatest(c.last_message_at, s.last_message_at)
        FROM k, conversations s WHERE c.id = :into AND s.id = :source
    )
    SELECT k.message_seq AS offset, (SELECT array_agg(id) FROM moved) AS messages FROM k
""")

_FOLD_OUTBOUND: Final = text("""
    UPDATE outbound o SET conversation_id = k.id, contact_id = k.contact_id, seq = o.seq + :offset,
        control_epoch = CASE WHEN :same AND o.control_epoch = s.control_epoch THEN k.control_epoch ELSE -1 END
    FROM conversations k, conversations s
    WHERE k.id = :into AND s.id = :source AND o.conversation_id = :source
""")

_UNFOLD: Final = text("""
    WITH back AS (
        UPDATE messages SET conversation_id = :source, seq = seq - CAST(:offset AS bigint)
        WHERE id = ANY (CAST(:messages AS uuid[])) AND conversation_id = :into RETURNING id
    )
    UPDATE outbound o SET conversation_id = :source, seq = o.seq - CAST(:offset AS bigint)
    FROM back WHERE o.message_id = back.id AND o.conversation_id = :into
""")
