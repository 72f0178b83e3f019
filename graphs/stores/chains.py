"""Why a message was sent, or a customer's was not answered: the chain from what was heard to the provider's ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Select, select, text

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.models.outbox import Outbound, OutboundAttempt
from core.models.personas import LeadStageEvent, PersonaVersion
from core.models.service import Effect
from core.models.stream import Direction, Message, Turn

Row = TypeVar("Row")

_MOST_HEARD: Final = 100  # as many as a turn takes in


@dataclass(frozen=True, kw_only=True, slots=True)
class Thought:
    """The turn behind a message: what it heard, and what else came of it."""

    turn: Turn
    version: PersonaVersion | None
    heard: Sequence[Message]
    moves: Sequence[LeadStageEvent]
    effects: Sequence[Effect]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """`thought` is missing where a person wrote it, or no turn has come to it yet."""

    message: Message
    thought: Thought | None
    outbound: Outbound | None
    attempts: Sequence[OutboundAttempt]


async def of_message(session: TenantSession, message: UUID) -> Chain:
    row = await session.get(Message, (session.tenant_id, message))
    if row is None:
        raise NotFound("Esta mensagem não existe.", "This message does not exist.")
    outbound = await session.scalar(select(Outbound).where(Outbound.message_id == message))
    attempts = await _all(session, _attempts(outbound.id)) if outbound else ()
    turn = await _turn_of(session, row)
    thought = await _thought(session, turn) if turn else None
    return Chain(message=row, thought=thought, outbound=outbound, attempts=attempts)


async def _turn_of(session: TenantSession, message: Message) -> Turn | None:
    """What a customer wrote was taken up by the first turn that heard so far."""
    turn = message.turn_id
    if turn is None and message.direction is Direction.IN:
        turn = await session.scalar(_HEARD_BY, {"conversation": message.conversation_id, "seq": message.seq})
    return await session.get(Turn, (session.tenant_id, turn)) if turn else None


async def _thought(session: TenantSession, turn: Turn) -> Thought:
    version = turn.persona_version_id
    bound = {"conversation": turn.conversation_id, "turn": turn.id, "most": _MOST_HEARD}
    heard = (await session.scalars(_HEARD, bound)).all()
    moves = select(LeadStageEvent).where(LeadStageEvent.turn_id == turn.id).order_by(LeadStageEvent.seq)
    effects = select(Effect).where(Effect.turn_id == turn.id).order_by(Effect.created_at, Effect.id)
    return Thought(
        turn=turn,
        version=await session.get(PersonaVersion, (session.tenant_id, version)) if version else None,
        heard=await _all(session, select(Message).where(Message.id.in_(heard)).order_by(Message.seq)),
        moves=await _all(session, moves),
        effects=await _all(session, effects),
    )


async def _all(session: TenantSession, wanted: "Select[Row]") -> Sequence[Row]:
    return (await session.scalars(wanted)).all()


def _attempts(outbound: UUID) -> "Select[OutboundAttempt]":
    return select(OutboundAttempt).where(OutboundAttempt.outbound_id == outbound).order_by(OutboundAttempt.number)


_HEARD_BY: Final = text("""
    SELECT id FROM turns
    WHERE conversation_id = :conversation AND state = 'done'
      AND CAST(dialogue_after ->> 'heard' AS bigint) >= :seq
    ORDER BY ended_at, id LIMIT 1
""")

# What the customer wrote between where the turn before it had come to and where this one came to.
_HEARD: Final = text("""
    SELECT m.id FROM messages m, turns t
    WHERE t.id = :turn AND m.conversation_id = :conversation AND m.direction = 'in'
      AND m.seq <= CAST(t.dialogue_after ->> 'heard' AS bigint)
      AND m.seq > coalesce((
          SELECT CAST(b.dialogue_after ->> 'heard' AS bigint) FROM turns b
          WHERE b.conversation_id = :conversation AND b.state = 'done' AND b.ended_at < t.ended_at
            AND b.dialogue_after IS NOT NULL
          ORDER BY b.ended_at DESC, b.id DESC LIMIT 1), 0)
    ORDER BY m.seq LIMIT :most
""")
