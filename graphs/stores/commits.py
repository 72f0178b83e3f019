"""What the commit of a turn writes about the turn itself: its conversation's fence, its own end, and a draft."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from core.db.sessions import TenantSession
from core.ids import ConversationId, MessageId, new_id
from graphs.conversation import memory
from graphs.conversation.state import Bubble, Committed, Outcome
from graphs.stores.snapshots import Begun

MOST_RESTARTS: Final = 2


async def close(session: TenantSession, begun: Begun, outcome: Outcome) -> Committed:
    """Moves the conversation on and ends the turn, if both are still as the turn saw them; else says what happened."""
    ended = (await session.execute(_END, _columns(begun, outcome))).one()
    if ended.closed:
        return Committed.DONE
    if ended.passed:
        return Committed.LOST
    snapshot = begun.snapshot
    row = (await session.execute(_NOW, {"conversation": snapshot.conversation})).one()
    is_same = (row.turn_seq, row.control_epoch) == (snapshot.turn_seq, snapshot.epoch)
    return Committed.OVERTAKEN if is_same else Committed.TAKEN


def _columns(begun: Begun, outcome: Outcome) -> dict[str, Any]:
    snapshot, usage = begun.snapshot, outcome.usage
    return {
        "conversation": snapshot.conversation,
        "turn_seq": snapshot.turn_seq,
        "epoch": snapshot.epoch,
        "seen": snapshot.last_inbound_seq,
        "may_be_late": snapshot.restarts >= MOST_RESTARTS,
        "turn": begun.claim.turn,
        "fence": begun.claim.fence,
        "outcome": outcome.outcome.value,
        "dialogue": memory.to_json(outcome.decision.dialogue),
        "trace": dict(outcome.trace),
        "version": begun.version.id,
        "calls": usage.calls,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cached": usage.cached_tokens,
        "cost": usage.cost_micros,
    }


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


# The conversation is locked first, as everybody does it; a turn that is not ours any more takes all of it back. What
# runs cost that were cut off stands there already.
_END: Final = text("""
    WITH passed AS (
        UPDATE conversations SET turn_seq = turn_seq + 1, dialogue = :dialogue, persona_version_id = :version
        WHERE id = :conversation AND turn_seq = :turn_seq AND control_epoch = :epoch
          AND (last_inbound_seq = :seen OR :may_be_late)
        RETURNING id),
    closed AS (
        UPDATE turns SET state = 'done', outcome = :outcome, dialogue_after = :dialogue, trace = :trace,
            persona_version_id = :version, model_calls = model_calls + :calls, input_tokens = input_tokens + :input,
            output_tokens = output_tokens + :output, cached_tokens = cached_tokens + :cached,
            cost_micros = CASE WHEN model_calls = 0 THEN CAST(:cost AS bigint) WHEN :calls = 0 THEN cost_micros
                ELSE cost_micros + CAST(:cost AS bigint) END,
            ended_at = app_now(), lease_until = NULL
        WHERE id = :turn AND fence = :fence AND state = 'running' AND EXISTS (SELECT FROM passed) RETURNING id)
    SELECT EXISTS (SELECT FROM passed) AS passed, EXISTS (SELECT FROM closed) AS closed
""").bindparams(bindparam("dialogue", type_=JSONB), bindparam("trace", type_=JSONB))

_NOW: Final = text("SELECT turn_seq, control_epoch, last_inbound_seq FROM conversations WHERE id = :conversation")

_MESSAGE: Final = text("SELECT id FROM messages WHERE conversation_id = :conversation AND seq = :seq")

_SUPERSEDE: Final = text("""
    UPDATE drafts SET state = 'superseded', decided_at = app_now()
    WHERE conversation_id = :conversation AND state = 'proposed'
""")

_DRAFT: Final = text("""
    INSERT INTO drafts (tenant_id, id, conversation_id, turn_id, epoch, turn_seq, bubbles)
    VALUES (current_tenant(), :id, :conversation, :turn, :epoch, :turn_seq, :bubbles)
""").bindparams(bindparam("bubbles", type_=JSONB))
