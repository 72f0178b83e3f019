"""Leads and boards over HTTP: where each stands and why, and how people move them."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from admin_api.auth import Needs
from admin_api.crm.leads_schemas import BoardOut, LeadDetailOut, LeadOut, LoseLead, MoveLead, StageKey, UndoMove
from admin_api.etags import refuse_stale, tag_of
from admin_api.paging import Page, PagingOfRequest
from admin_api.principals import Principal
from admin_api.resources import Session, Words, resources
from core.models.people import Role
from core.models.personas import Lead
from graphs import leads as moving
from graphs.stores import lead_cards
from graphs.stores import leads as store
from graphs.stores.lead_cards import LeadListing
from graphs.stores.leads import HeldLead

leads: Final = resources("leads")
boards: Final = resources("boards")

Agent = Annotated[Principal, Needs(Role.AGENT)]


@dataclass(frozen=True, kw_only=True)
class LeadFilters:
    board: Annotated[Words | None, Query(description="The key of a board.")] = None
    stage: Annotated[StageKey | None, Query(description="The key of a stage.")] = None
    contact_id: Annotated[UUID | None, Query()] = None
    conversation_id: Annotated[UUID | None, Query(description="The latest in which it moved.")] = None
    q: Annotated[Words | None, Query(description="Somewhere in the contact's name, number or address.")] = None


@boards.get("", dependencies=[Needs(Role.VIEWER)])
async def list_boards(session: Session, paging: PagingOfRequest) -> Page[BoardOut]:
    """By name, each with its stages from left to right."""
    after = paging.after and (str(paging.after[0]), UUID(paging.after[1]))
    rows = await lead_cards.list_boards(session, most=paging.most, after=after)
    columns = await lead_cards.columns_of(session, [row.id for row in rows])
    return paging.page(rows, lambda row: (row.name, row.id), lambda row: BoardOut.of(row, columns.get(row.id, ())))


@leads.get("", dependencies=[Needs(Role.VIEWER)])
async def list_leads(
    session: Session, paging: PagingOfRequest, filters: Annotated[LeadFilters, Depends()]
) -> Page[LeadOut]:
    """The one that changed last comes first."""
    wanted = LeadListing(
        most=paging.most,
        after=paging.moment,
        board=filters.board,
        stage=filters.stage,
        words=filters.q,
        contact=filters.contact_id,
        conversation=filters.conversation_id,
    )
    cards = await lead_cards.list_leads(session, wanted)
    return paging.page(cards, lambda card: (card.lead.updated_at, card.lead.id), LeadOut.of)


@leads.get("/{lead_id}", dependencies=[Needs(Role.VIEWER)])
async def get_lead(session: Session, lead_id: UUID, response: Response) -> LeadDetailOut:
    """With all its moves: what satisfied each criterion, in the customer's own words, or which person decided."""
    return await _show(session, lead_id, response)


@leads.post("/{lead_id}/move")
async def move_lead(
    session: Session, actor: Agent, lead_id: UUID, body: MoveLead, request: Request, response: Response
) -> LeadDetailOut:
    """A person decides, whatever the criteria say. `If-Match` counts here, too."""
    refuse_stale(request, _tag(await store.hold(session, lead_id)))
    await moving.move(session, lead_id, to=body.stage, by=actor.actor, reason=body.reason)
    return await _show(session, lead_id, response)


@leads.post("/{lead_id}/lost")
async def lose_lead(
    session: Session, actor: Agent, lead_id: UUID, body: LoseLead, request: Request, response: Response
) -> LeadDetailOut:
    """Given up, from wherever it stands. `If-Match` counts here, too."""
    refuse_stale(request, _tag(await store.hold(session, lead_id)))
    await moving.mark_lost(session, lead_id, by=actor.actor, reason=body.reason)
    return await _show(session, lead_id, response)


@leads.post("/{lead_id}/undo")
async def undo_move(
    session: Session, actor: Agent, lead_id: UUID, body: UndoMove, request: Request, response: Response
) -> LeadDetailOut:
    """Stage and slots are again as they were before the move. `If-Match` counts here, too."""
    refuse_stale(request, _tag(await store.hold(session, lead_id)))
    await moving.undo(session, lead_id, seq=body.seq, by=actor.actor, reason=body.reason)
    return await _show(session, lead_id, response)


async def _show(session: Session, lead: UUID, response: Response) -> LeadDetailOut:
    card = await lead_cards.get_card(session, lead)
    response.headers["ETag"] = _tag(card.lead)
    return LeadDetailOut.with_events(card, await store.events_of(session, lead))


def _tag(row: Lead | HeldLead) -> str:
    return tag_of(row.id, row.seq)
