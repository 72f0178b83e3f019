"""What the commit of turns writes about the turns themselves: the fence of each, its own end, and a draft."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.stores.outbox import Thread
from core.db.sessions import TenantSession
from core.ids import ConnectionId, ConversationId, MessageId, TurnId, new_id
from graphs.conversation import memory
from graphs.conversation.state import Bubble, Committed
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun

MOST_RESTARTS: Final = 2


class Patience(StrEnum):
    """With a conversation that somebody else holds at the moment."""

    WAIT = ""
    SKIP = "SKIP LOCKED"


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """What came of a turn; None where its conversation was skipped. The thread of one that is done is ours to go on."""

    committed: Committed | None
    thread: Thread | None


async def close(session: TenantSession, turns: Sequence[Ended], patience: Patience) -> Mapping[TurnId, Closed]:
    """Moves each conversation on and ends its turn, if both are still as the turn saw them; else says what happened.

    Contacts are locked before conversations, for new rows will refer to them, and both in the order of their ids.
    """
    rows = (await session.execute(_CLOSE[patience], _columns(turns))).all()
    done = await _done(session, turns) if any(row.is_held and not row.has_passed for row in rows) else set()
    return {TurnId(row.turn): Closed(committed=_committed(row, done), thread=_thread(row)) for row in rows}


async def _done(session: TenantSession, turns: Sequence[Ended]) -> set[UUID]:
    """By us, earlier. Asked after the lock: a commit of theirs that it waited for was not to be seen before."""
    bound = {"turns": [one.turn for one in turns], "fences": [one.begun.claim.fence for one in turns]}
    return set(await session.scalars(_DONE, bound))


def _committed(row: Any, done: Collection[UUID]) -> Committed | None:
    if not row.is_held:
        return None
    if row.is_closed:
        return Committed.DONE
    if row.has_passed or row.turn in done:
        return Committed.LOST
    return Committed.OVERTAKEN if row.is_same else Committed.TAKEN


def _thread(row: Any) -> Thread | None:
    return Thread(ConnectionId(row.connection_id), row.message_seq) if row.is_closed else None


def _columns(turns: Sequence[Ended]) -> dict[str, Any]:
    snapshots, usages = [one.begun.snapshot for one in turns], [one.outcome.usage for one in turns]
    return {
        "conversations": [one.conversation for one in turns],
        "turn_seqs": [snapshot.turn_seq for snapshot in snapshots],
        "epochs": [snapshot.epoch for snapshot in snapshots],
        "seen": [snapshot.last_inbound_seq for snapshot in snapshots],
        "may_be_late": [snapshot.restarts >= MOST_RESTARTS for snapshot in snapshots],
        "turns": [one.turn for one in turns],
        "fences": [one.begun.claim.fence for one in turns],
        "outcomes": [one.outcome.outcome.value for one in turns],
        "dialogues": [_to_json(memory.to_json(one.decision.dialogue)) for one in turns],
        "traces": [_to_json(one.outcome.trace) for one in turns],
        "versions": [one.begun.version.id for one in turns],
        "calls": [usage.calls for usage in usages],
        "inputs": [usage.input_tokens for usage in usages],
        "outputs": [usage.output_tokens for usage in usages],
        "cached": [usage.cached_tokens for usage in usages],
        "costs": [usage.cost_micros for usage in usages],
    }


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), allow_nan=False, ensure_ascii=False)


async def message_at(session: TenantSession, conversation: ConversationId, seq: int) -> MessageId | None:
    found: UUID | None = await session.scalar(_MESSAGE, {"conversation": conversation, "seq": seq})
    return MessageId(found) if found else None


async def draft(session: TenantSession, begun: Begun, bubbles: Sequence[Bubble]) -> None:
    """One at a time: a newer one takes the place of what nobody has decided about."""
    snapshot = begun.snapshot
    await session.execute(_SUPERSEDE, {"conversation": snapshot.conversation})
    bound = {
        "id": new_id(),
        "conversation": snapshot.conversation,
        "turn": begun.claim.turn,
        "epoch": snapshot.epoch,
        "turn_seq": snapshot.turn_seq + 1,
        "bubbles": [{"text": bubble.text} for bubble in bubbles],
    }
    await session.execute(_DRAFT, bound)


# Whether a conversation is still as it was is judged by what the lock shows, never by what was seen before it. What
# runs cost that were cut off stands in a turn already.
_CLOSING: Final = """
    WITH wanted AS MATERIALIZED (SELECT * FROM unnest(
            CAST(:turns AS uuid[]), CAST(:fences AS bigint[]), CAST(:conversations AS uuid[]),
            CAST(:turn_seqs AS bigint[]), CAST(:epochs AS bigint[]), CAST(:seen AS bigint[]),
            CAST(:may_be_late AS boolean[]), CAST(:outcomes AS text[]), CAST(:dialogues AS text[]),
            CAST(:traces AS text[]), CAST(:versions AS uuid[]), CAST(:calls AS integer[]), CAST(:inputs AS integer[]),
            CAST(:outputs AS integer[]), CAST(:cached AS integer[]), CAST(:costs AS bigint[])
        ) AS w (turn, fence, conversation, turn_seq, epoch, seen, may_be_late, outcome, dialogue, trace, version, calls,
            input, output, cached, cost)),
    people AS MATERIALIZED (
        SELECT FROM contacts WHERE id IN (
            SELECT contact_id FROM conversations WHERE id = ANY (CAST(:conversations AS uuid[])))
        ORDER BY id FOR KEY SHARE),
    held AS MATERIALIZED (
        SELECT id, turn_seq, control_epoch, last_inbound_seq, connection_id, message_seq FROM conversations
        WHERE id = ANY (CAST(:conversations AS uuid[])) AND (SELECT count(*) FROM people) >= 0
        ORDER BY id FOR NO KEY UPDATE {patience}),
    judged AS MATERIALIZED (
        SELECT w.*, c.id IS NOT NULL AS is_held, c.connection_id, c.message_seq,
            (c.turn_seq, c.control_epoch) = (w.turn_seq, w.epoch) AS is_same,
            (c.turn_seq, c.control_epoch) = (w.turn_seq, w.epoch) AND (c.last_inbound_seq = w.seen OR w.may_be_late)
                AS has_passed
        FROM wanted w LEFT JOIN held c ON c.id = w.conversation),
    closed AS (
        UPDATE turns t SET state = 'done', outcome = j.outcome, dialogue_after = CAST(j.dialogue AS jsonb),
            trace = CAST(j.trace AS jsonb), persona_version_id = j.version, model_calls = t.model_calls + j.calls,
            input_tokens = t.input_tokens + j.input, output_tokens = t.output_tokens + j.output,
            cached_tokens = t.cached_tokens + j.cached, cost_micros = CASE WHEN t.model_calls = 0 THEN j.cost
                WHEN j.calls = 0 THEN t.cost_micros ELSE t.cost_micros + j.cost END,
            ended_at = app_now(), lease_until = NULL
        FROM judged j WHERE t.id = j.turn AND j.has_passed AND t.fence = j.fence AND t.state = 'running'
        RETURNING t.id),
    moved AS (
        UPDATE conversations c SET turn_seq = c.turn_seq + 1, dialogue = CAST(j.dialogue AS jsonb),
            persona_version_id = j.version
        FROM judged j JOIN closed t ON t.id = j.turn WHERE c.id = j.conversation)
    SELECT j.turn, j.is_held, j.is_same, j.has_passed, t.id IS NOT NULL AS is_closed, j.connection_id, j.message_seq
    FROM judged j LEFT JOIN closed t ON t.id = j.turn
"""
_CLOSE: Final = {patience: text(_CLOSING.format(patience=patience)) for patience in Patience}

_DONE: Final = text("""
    SELECT t.id FROM turns t JOIN unnest(CAST(:turns AS uuid[]), CAST(:fences AS bigint[])) AS w (turn, fence)
        ON t.id = w.turn AND t.fence = w.fence
    WHERE t.state = 'done'
""")

_MESSAGE: Final = text("SELECT id FROM messages WHERE conversation_id = :conversation AND seq = :seq")

_SUPERSEDE: Final = text("""
    UPDATE drafts SET state = 'superseded', decided_at = app_now()
    WHERE conversation_id = :conversation AND state = 'proposed'
""")

_DRAFT: Final = text("""
    INSERT INTO drafts (tenant_id, id, conversation_id, turn_id, epoch, turn_seq, bubbles)
    VALUES (current_tenant(), :id, :conversation, :turn, :epoch, :turn_seq, :bubbles)
""").bindparams(bindparam("bubbles", type_=JSONB))
