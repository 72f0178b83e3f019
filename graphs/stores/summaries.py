"""Summaries of conversations: what of the past they say already, and the messages that they do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from channels.stores.edits import Changed
from core.db.locks import hold_each_until_commit, hold_until_commit
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
    edits: Mapping[int, datetime | None]  # of every message that is there: when it was last changed


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSummary:
    body: str
    past: Past  # that it sums up
    until: int
    model: str


async def past(session: TenantSession, conversation: ConversationId, *, most: int) -> Past:
    """From the oldest on: at most so many messages."""
    row = (await session.execute(_NEWEST, {"conversation": conversation})).one_or_none()
    covered = row.to_seq if row else 0
    there = await session.execute(_THERE, {"conversation": conversation, "covered": covered, "most": most})
    edits = {one.seq: one.edited_at for one in there}
    lines = await lines_after(session, conversation, after=covered, most=most)
    return Past(summary=row.body if row else None, covered=covered, lines=lines, edits=edits)


async def add(session: TenantSession, conversation: ConversationId, summary: NewSummary) -> bool:
    """Behind the one that it takes up. False: somebody else has gone on from there, or something was taken back."""
    if not await _still_stands(session, conversation, summary):
        return False
    await hold_until_commit(session, "summary", conversation)  # who forgets the one before it, has done so by now
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "body": summary.body,
        "covered": summary.past.covered,
        "until": summary.until,
        "model": summary.model,
    }
    return (await session.execute(_ADD, bound)).first() is not None


async def forget(session: TenantSession, changed: Sequence[Changed]) -> None:
    """Those that tell of a message as it was: they are made anew from the messages, with the turns that follow."""
    if changed:
        await hold_each_until_commit(session, {("summary", one.conversation) for one in changed})
        bound = {"conversations": [one.conversation for one in changed], "seqs": [one.seq for one in changed]}
        await session.execute(_FORGET, bound)


async def _still_stands(session: TenantSession, conversation: ConversationId, summary: NewSummary) -> bool:
    """Held until the commit: who takes a message back after this waits, and then forgets this summary too."""
    told = {seq: at for seq, at in summary.past.edits.items() if seq <= summary.until}
    rows = await session.execute(_HOLD, {"conversation": conversation, "seqs": list(told)})
    return {row.seq: row.edited_at for row in rows} == told


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

_THERE: Final = text("""
    SELECT seq, edited_at FROM messages WHERE conversation_id = :conversation AND seq > :covered AND deleted_at IS NULL
      AND kind NOT IN ('reaction', 'system')
    ORDER BY seq LIMIT :most
""")

_HOLD: Final = text("""
    SELECT seq, edited_at FROM messages
    WHERE conversation_id = :conversation AND seq = ANY (CAST(:seqs AS bigint[])) AND deleted_at IS NULL
    ORDER BY seq FOR SHARE
""")

# The newest takes up all before it: what stands in one stands in those that follow.
_FORGET: Final = text("""
    DELETE FROM conversation_summaries s
    USING unnest(CAST(:conversations AS uuid[]), CAST(:seqs AS bigint[])) AS w (conversation, seq)
    WHERE s.conversation_id = w.conversation AND s.to_seq >= w.seq
""")
