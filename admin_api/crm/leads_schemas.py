"""Leads and boards over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from admin_api.resources import Body
from core.models.personas import Board, Cause, LeadStageEvent, StageKind
from graphs.leads import LONGEST_REASON
from graphs.stores.lead_cards import Card, Column

StageKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")]
EventNumber = Annotated[int, Field(ge=1, le=2**31)]


class MoveLead(Body):
    stage: StageKey = Field(description="Any column of the lead's board.")
    reason: Reason = Field(description="Why: it is kept with the move.")


class LoseLead(Body):
    reason: Reason = Field(description="Why: it is kept with the move.")


class UndoMove(Body):
    seq: EventNumber = Field(description="The number of the move: the newest that still stands.")
    reason: Reason | None = None


class StageOut(BaseModel):
    key: str
    name: str
    position: int
    kind: StageKind
    leads: int = Field(description="How many stand there.")

    @classmethod
    def of(cls, column: Column) -> "StageOut":
        row = column.stage
        return cls(key=row.key, name=row.name, position=row.position, kind=row.kind, leads=column.leads)


class BoardOut(BaseModel):
    id: UUID
    key: str = Field(description="The name of the persona that fills it.")
    name: str
    stages: list[StageOut]

    @classmethod
    def of(cls, row: Board, columns: Sequence[Column]) -> "BoardOut":
        return cls(id=row.id, key=row.key, name=row.name, stages=[StageOut.of(column) for column in columns])


class CriterionOut(BaseModel):
    """One condition of a stage, and what satisfied it: the customer's own words where there are any."""

    id: str
    satisfied: bool
    source: str | None = None
    quote: str | None = None
    message: int | None = Field(None, description="The number of the message in its conversation.")
    message_id: UUID | None = None


class LeadWhyOut(BaseModel):
    """What led a lead where it stands."""

    cause: Cause
    rule: str | None
    reason: str | None = Field(description="What a person wrote down.")
    criteria: list[CriterionOut]
    at: datetime

    @classmethod
    def of(cls, row: LeadStageEvent) -> "LeadWhyOut":
        criteria = [CriterionOut.model_validate(criterion) for criterion in row.criteria]
        return cls(cause=row.cause, rule=row.rule_id, reason=row.reason, criteria=criteria, at=row.created_at)


class LeadOut(BaseModel):
    id: UUID
    board: str
    contact_id: UUID
    contact_name: str | None
    conversation_id: UUID | None = Field(description="The latest in which it moved.")
    stage: str
    seq: int = Field(description="The number of its newest event.")
    slots: dict[str, Any] = Field(description="What the customer told, by slot, in the shape of the slot's type.")
    why: LeadWhyOut | None = Field(description="What moved it last: the customer's own words, or a person's reason.")
    value_cents: int | None
    owner_id: UUID | None
    stage_since: datetime
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, card: Card) -> "LeadOut":
        return cls(**_fields(card))


class LeadEventOut(BaseModel):
    id: UUID
    seq: int
    from_stage: str | None
    to_stage: str
    cause: Cause
    rule: str | None
    criteria: list[CriterionOut]
    reason: str | None = Field(description="What a person wrote down.")
    is_forced: bool
    is_undone: bool
    undo_of: UUID | None
    actor_id: UUID | None
    turn_id: UUID | None
    persona_version_id: UUID | None
    created_at: datetime

    @classmethod
    def of(cls, row: LeadStageEvent, *, is_undone: bool) -> "LeadEventOut":
        return cls(
            id=row.id,
            seq=row.seq,
            from_stage=row.from_stage,
            to_stage=row.to_stage,
            cause=row.cause,
            rule=row.rule_id,
            criteria=[CriterionOut.model_validate(criterion) for criterion in row.criteria],
            reason=row.reason,
            is_forced=row.is_forced,
            is_undone=is_undone,
            undo_of=row.undo_of,
            actor_id=row.actor_id,
            turn_id=row.turn_id,
            persona_version_id=row.persona_version_id,
            created_at=row.created_at,
        )


class LeadDetailOut(LeadOut):
    events: list[LeadEventOut] = Field(description="Why it stands where it does, the newest first.")

    @classmethod
    def with_events(cls, card: Card, events: Sequence[LeadStageEvent]) -> "LeadDetailOut":
        undone = {event.undo_of for event in events}
        shown = [LeadEventOut.of(event, is_undone=event.id in undone) for event in events]
        return cls(**_fields(card), events=shown)


def _fields(card: Card) -> Mapping[str, Any]:
    row = card.lead
    return {
        "id": row.id,
        "board": card.board,
        "contact_id": row.contact_id,
        "contact_name": card.contact_name,
        "conversation_id": row.conversation_id,
        "stage": row.stage,
        "seq": row.seq,
        "slots": row.slots,
        "why": LeadWhyOut.of(card.newest) if card.newest else None,
        "value_cents": row.value_cents,
        "owner_id": row.owner_id,
        "stage_since": row.stage_since,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
