"""The chain behind a message, as it is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from admin_api.rows import OfRow
from core.models.outbox import Outbound, OutboundState, Outcome
from core.models.service import EffectState
from core.models.stream import Author, Direction, Message, Trigger, TurnOutcome, TurnState
from graphs.stores.chains import Chain, Thought


class HeardOut(BaseModel):
    id: UUID
    seq: int
    text: str | None
    provider_id: str | None
    created_at: datetime

    @classmethod
    def of(cls, row: Message) -> "HeardOut":
        text = None if row.deleted_at else row.text
        return cls(id=row.id, seq=row.seq, text=text, provider_id=row.provider_id, created_at=row.created_at)


class PersonaOut(OfRow):
    version_id: UUID = Field(validation_alias="id")
    name: str
    number: int
    sha256: str


class MoveOut(OfRow):
    from_stage: str | None
    to_stage: str
    rule: str | None = Field(validation_alias="rule_id")
    criteria: list[dict[str, Any]] = Field(description="Each with the customer's own words, where there are any.")


class ActionOut(OfRow):
    id: UUID
    tool: str
    arguments: dict[str, Any]
    state: EffectState
    reason: str | None


class CostOut(OfRow):
    model_calls: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    usd_micros: int | None = Field(
        validation_alias="cost_micros", description="Millionths of a US dollar; unknown is not zero."
    )


class TurnOut(BaseModel):
    """How it was thought of: by which persona, from which words, under which rules, and what was checked."""

    id: UUID
    trigger: Trigger
    state: TurnState
    outcome: TurnOutcome | None
    restarts: int = Field(description="How often it began again, because the customer wrote meanwhile.")
    persona: PersonaOut | None
    heard: list[HeardOut]
    rules: list[str] = Field(description="The ids of the rules that decided, in order.")
    route: str | None
    commands: list[dict[str, Any]] = Field(description="What was understood, each with its quote.")
    rejected: list[str] = Field(description="What was claimed and not believed.")
    passages: list[dict[str, Any]] = Field(description="What was found in the knowledge, with scores.")
    cited: list[str]
    violations: list[str] = Field(description="What the checks found wrong with the last draft.")
    seconds: dict[str, float] = Field(description="How long each step took.")
    moves: list[MoveOut]
    actions: list[ActionOut]
    cost: CostOut
    created_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, thought: Thought) -> "TurnOut":
        turn, trace = thought.turn, thought.turn.trace
        return cls(
            id=turn.id,
            trigger=turn.trigger,
            state=turn.state,
            outcome=turn.outcome,
            restarts=turn.restarts,
            persona=PersonaOut.of(thought.version) if thought.version else None,
            heard=[HeardOut.of(row) for row in thought.heard],
            **_traced(trace),
            moves=[MoveOut.of(row) for row in thought.moves],
            actions=[ActionOut.of(row) for row in thought.effects],
            cost=CostOut.of(turn),
            created_at=turn.created_at,
            ended_at=turn.ended_at,
        )


class AttemptOut(OfRow):
    number: int
    tag: str = Field(description="What the provider gets to echo, so that an unknown send can be settled.")
    outcome: Outcome | None
    started_at: datetime
    done_at: datetime | None


class SentOut(BaseModel):
    """Its way out, up to the provider's ticks."""

    intent: str
    state: OutboundState
    reason: str | None
    provider_id: str | None
    attempts: list[AttemptOut]
    accepted_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None

    @classmethod
    def of(cls, row: Outbound, chain: Chain) -> "SentOut":
        return cls(
            intent=row.intent_key,
            state=row.state,
            reason=row.reason,
            provider_id=row.provider_id,
            attempts=[AttemptOut.of(attempt) for attempt in chain.attempts],
            accepted_at=row.accepted_at,
            sent_at=row.sent_at,
            delivered_at=row.delivered_at,
            read_at=row.read_at,
            failed_at=row.failed_at,
        )


class WhyOut(BaseModel):
    message_id: UUID
    conversation_id: UUID
    direction: Direction
    author: Author
    text: str | None
    turn: TurnOut | None = Field(description="Null where a person wrote it, or no turn has come to it yet.")
    sent: SentOut | None

    @classmethod
    def of(cls, chain: Chain) -> "WhyOut":
        row = chain.message
        return cls(
            message_id=row.id,
            conversation_id=row.conversation_id,
            direction=row.direction,
            author=row.author,
            text=None if row.deleted_at else row.text,
            turn=TurnOut.of(chain.thought) if chain.thought else None,
            sent=SentOut.of(chain.outbound, chain) if chain.outbound else None,
        )


def _traced(trace: Mapping[str, Any]) -> dict[str, Any]:
    """A turn that came to no end has left no trace."""
    lists = ("rules", "commands", "rejected", "passages", "cited", "violations")
    return {
        "route": trace.get("route"),
        "seconds": trace.get("seconds", {}),
        **{name: trace.get(name, []) for name in lists},
    }
