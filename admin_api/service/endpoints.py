"""What waits for people, over HTTP: drafts to send, effects to approve, conversations to take."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query

from admin_api.auth import Needs
from admin_api.paging import Page, PagingOfRequest
from admin_api.principals import Principal
from admin_api.resources import Session, Words, resources
from admin_api.service.schemas import DraftOut, EffectOut, HandoffOut, Refuse, SendEdited
from core.models.people import Role
from core.models.service import Approver, DraftState, EffectState, HandoffState
from graphs import drafts as drafting
from graphs import effects as doing
from graphs.stores import drafts as draft_rows
from graphs.stores import effects as effect_rows
from graphs.stores import handoffs as handoff_rows
from graphs.stores.drafts import DraftListing
from graphs.stores.effects import EffectListing
from graphs.stores.handoffs import HandoffListing

drafts: Final = resources("drafts")
effects: Final = resources("effects")
handoffs: Final = resources("handoffs")

Agent = Annotated[Principal, Needs(Role.AGENT)]


@dataclass(frozen=True, kw_only=True)
class DraftFilters:
    state: Annotated[DraftState | None, Query(description="`proposed`: those that wait.")] = None
    conversation_id: Annotated[UUID | None, Query()] = None


@drafts.get("", dependencies=[Needs(Role.VIEWER)])
async def list_drafts(
    session: Session, paging: PagingOfRequest, filters: Annotated[DraftFilters, Depends()]
) -> Page[DraftOut]:
    """The newest first."""
    wanted = DraftListing(
        most=paging.most, after=paging.moment, state=filters.state, conversation=filters.conversation_id
    )
    shown = await draft_rows.list_drafts(session, wanted)
    return paging.page(shown, lambda one: (one.row.created_at, one.row.id), DraftOut.of)


@drafts.get("/{draft_id}", dependencies=[Needs(Role.VIEWER)])
async def get_draft(session: Session, draft_id: UUID) -> DraftOut:
    return DraftOut.of(await draft_rows.get(session, draft_id))


@drafts.post("/{draft_id}/accept")
async def accept_draft(session: Session, actor: Agent, draft_id: UUID) -> DraftOut:
    """Sent as it is, once. 409 where the conversation has gone on, or somebody else has decided."""
    return DraftOut.of(await drafting.accept(session, draft_id, by=actor.actor))


@drafts.post("/{draft_id}/edit")
async def edit_draft(session: Session, actor: Agent, draft_id: UUID, body: SendEdited) -> DraftOut:
    """Sent as you write it, once; what was drafted is kept beside it."""
    return DraftOut.of(await drafting.send_edited(session, draft_id, body.bubbles, by=actor.actor))


@drafts.post("/{draft_id}/reject")
async def reject_draft(session: Session, actor: Agent, draft_id: UUID, body: Refuse) -> DraftOut:
    """Not sent, and why."""
    return DraftOut.of(await drafting.reject(session, draft_id, by=actor.actor, reason=body.reason))


@dataclass(frozen=True, kw_only=True)
class EffectFilters:
    state: Annotated[EffectState | None, Query(description="`proposed`: those that wait, and still may.")] = None
    approver: Annotated[Approver | None, Query(description="`staff`: those that are for you.")] = None
    conversation_id: Annotated[UUID | None, Query()] = None
    tool: Annotated[Words | None, Query()] = None


@effects.get("", dependencies=[Needs(Role.VIEWER)])
async def list_effects(
    session: Session, paging: PagingOfRequest, filters: Annotated[EffectFilters, Depends()]
) -> Page[EffectOut]:
    """The newest first."""
    wanted = EffectListing(
        most=paging.most,
        after=paging.moment,
        state=filters.state,
        approver=filters.approver,
        conversation=filters.conversation_id,
        tool=filters.tool,
    )
    rows = await effect_rows.list_effects(session, wanted)
    return paging.page(rows, lambda row: (row.created_at, row.id), EffectOut.of)


@effects.get("/{effect_id}", dependencies=[Needs(Role.VIEWER)])
async def get_effect(session: Session, effect_id: UUID) -> EffectOut:
    return EffectOut.of(await effect_rows.get(session, effect_id))


@effects.post("/{effect_id}/approve")
async def approve_effect(session: Session, actor: Agent, effect_id: UUID) -> EffectOut:
    """It is done next, once. 409 where its time is over, or it was decided already."""
    await doing.approve(session, effect_id, by=actor.actor)
    return EffectOut.of(await effect_rows.get(session, effect_id))


@effects.post("/{effect_id}/reject")
async def reject_effect(session: Session, actor: Agent, effect_id: UUID, body: Refuse) -> EffectOut:
    """It is not done, and the customer hears so."""
    await doing.reject(session, effect_id, by=actor.actor, reason=body.reason)
    return EffectOut.of(await effect_rows.get(session, effect_id))


@dataclass(frozen=True, kw_only=True)
class HandoffFilters:
    state: Annotated[HandoffState | None, Query(description="`queued`: those that nobody has taken.")] = None
    queue: Annotated[Words | None, Query()] = None
    conversation_id: Annotated[UUID | None, Query()] = None


@handoffs.get("", dependencies=[Needs(Role.VIEWER)])
async def list_handoffs(
    session: Session, paging: PagingOfRequest, filters: Annotated[HandoffFilters, Depends()]
) -> Page[HandoffOut]:
    """The one that has waited longest comes first. Who takes one changes the `control` of its conversation."""
    wanted = HandoffListing(
        most=paging.most,
        after=paging.moment,
        state=filters.state,
        queue=filters.queue,
        conversation=filters.conversation_id,
    )
    rows = await handoff_rows.list_handoffs(session, wanted)
    return paging.page(rows, lambda row: (row.created_at, row.id), HandoffOut.of)


@handoffs.get("/{handoff_id}", dependencies=[Needs(Role.VIEWER)])
async def get_handoff(session: Session, handoff_id: UUID) -> HandoffOut:
    return HandoffOut.of(await handoff_rows.get(session, handoff_id))
