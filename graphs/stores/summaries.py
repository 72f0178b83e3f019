"""Summaries of conversations: what of the past they say already, and the messages that they do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from core.db.sessions import TenantSession
from core.ids import ConversationId, new_id
from graphs.conversation.state import Line
from graphs.stores.snapshots import lines_after


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The newest summary, the last message that it covers, and what was said after it."""

    summary: str | None
    covered: int
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSummary:
    body: str
    covered: int  # by the one that it takes up
    until: int
    model: str


async def past(session: TenantSession, conversation: ConversationId, *, most: int) -> Past:
    """From the oldest on: at most so many messages."""
    row = (await session.execute(_NEWEST, {"conversation": conversation})).one_or_none()
    covered = row.to_seq if row else 0
    lines = await lines_after(session, conversation, after=covered, most=most)
    return Past(summary=row.body if row else None, covered=covered, lines=lines)


async def add(session: TenantSession, conversation: ConversationId, summary: NewSummary) -> bool:
    """Behind the one that it takes up. False: somebody else has gone on from there."""
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "body": summary.body,
        "covered": summary.covered,
        "until": summary.until,
        "model": summary.model,
    }
    return (await session.execute(_ADD, bound)).first() is not None


async def forget(session: TenantSession, conversation: ConversationId) -> None:
    """They are made anew from the messages, a few with each turn: what was taken back meanwhile is not in them."""
    await session.execute(_FORGET, {"conversation": conversation})


_NEWEST: Final = text("""
    SELECT body, to_seq FROM conversation_summaries WHERE conversation_id = :conversation ORDER BY to_seq DESC LIMIT 1
""")

_ADD: Final = text("""
    INSERT INTO conversation_summaries (tenant_id, id, conversation_id, body, from_seq, to_seq, model)
    SELECT current_tenant(), :id, :conversation, :body, CAST(:covered AS bigint) + 1, :until, :model
    WHERE :covered = coalesce(
        (SELECT max(to_seq) FROM conversation_summaries WHERE conversation_id = :conversation), 0)
    ON CONFLICT (tenant_id, conversation_id, to_seq) DO NOTHING
    RETURNING id
""")

_FORGET: Final = text("DELETE FROM conversation_summaries WHERE conversation_id = :conversation")
