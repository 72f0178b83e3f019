"""Drafts, effects and handoffs over HTTP."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from admin_api.resources import Body
from admin_api.rows import OfRow
from core.models.service import Approver, Draft, DraftState, EffectState, HandoffState
from graphs.drafts import LONGEST_BUBBLE, LONGEST_REASON, MOST_BUBBLES
from graphs.stores.drafts import Shown

Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")]
Bubble = Annotated[str, Field(min_length=1, max_length=LONGEST_BUBBLE, pattern=r"^[^\x00]*$")]


class Refuse(Body):
    reason: Reason = Field(description="Why: it is kept.")


class SendEdited(Body):
    bubbles: list[Bubble] = Field(
        min_length=1, max_length=MOST_BUBBLES, description="What is sent, message by message."
    )


class DraftOut(BaseModel):
    id: UUID
    conversation_id: UUID
    turn_id: UUID
    state: DraftState
    is_stale: bool = Field(description="The conversation has gone on: it can be refused, and not be sent.")
    bubbles: list[str] = Field(description="Message by message.")
    sent_text: str | None
    distance: int | None = Field(description="How many characters the person changed.")
    reason: str | None
    decided_by: UUID | None
    created_at: datetime
    decided_at: datetime | None

    @classmethod
    def of(cls, shown: Shown) -> "DraftOut":
        row: Draft = shown.row
        return cls(
            id=row.id,
            conversation_id=row.conversation_id,
            turn_id=row.turn_id,
            state=row.state,
            is_stale=shown.is_stale,
            bubbles=list(shown.texts),
            sent_text=row.sent_text,
            distance=row.distance,
            reason=row.reason,
            decided_by=row.decided_by,
            created_at=row.created_at,
            decided_at=row.decided_at,
        )


class EffectOut(OfRow):
    id: UUID
    conversation_id: UUID
    contact_id: UUID
    turn_id: UUID | None
    tool: str
    arguments: dict[str, Any]
    approver: Approver = Field(description="Whose yes it waits for, or waited for.")
    state: EffectState
    result: dict[str, Any] | None
    reason: str | None
    decided_by: UUID | None = Field(validation_alias="approved_by")
    expires_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


class HandoffOut(OfRow):
    id: UUID
    conversation_id: UUID
    turn_id: UUID | None
    queue: str
    reason: str
    brief: dict[str, Any] = Field(description="What a person has to know; `shows` says what comes first.")
    state: HandoffState
    taken_by: UUID | None
    created_at: datetime
    told_at: datetime | None = Field(description="When people of the company were shown it; until then nobody knows.")
    taken_at: datetime | None
    ended_at: datetime | None
    category: str | None = Field(description="What it came to, as whoever ended it named it.")
    closing_note: str | None
