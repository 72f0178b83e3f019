"""Contacts over HTTP."""

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Query, Request, Response

from admin_api.auth import Needs
from admin_api.crm import queries
from admin_api.crm.queries import ContactListing
from admin_api.crm.schemas import ContactChange, ContactIn, ContactOut, ErasureOut
from admin_api.etags import refuse_stale, tag_of
from admin_api.paging import Page, PagingOfRequest
from admin_api.principals import Principal
from admin_api.resources import Session, Words, resources
from channels.envelope import Person
from channels.stores import people
from channels.stores.contact_details import describe, hold
from channels.stores.people import Sighting
from core import audit, clock
from core.errors import Conflict
from core.ids import ContactId
from core.models.people import Contact, Role
from graphs.erasure import erase, remove_files

contacts: Final = resources("contacts")

Agent = Annotated[Principal, Needs(Role.AGENT)]
Admin = Annotated[Principal, Needs(Role.ADMIN)]


@dataclass(frozen=True, kw_only=True)
class ContactFilters:
    q: Annotated[Words | None, Query(description="Somewhere in the name, a number or an address.")] = None
    opted_out: Annotated[bool | None, Query()] = None


@contacts.get("", dependencies=[Needs(Role.VIEWER)])
async def list_contacts(
    session: Session, paging: PagingOfRequest, filters: Annotated[ContactFilters, Depends()]
) -> Page[ContactOut]:
    """Newest first, without those that were merged into others."""
    wanted = ContactListing(most=paging.most, after=paging.moment, words=filters.q, is_opted_out=filters.opted_out)
    rows = await queries.list_contacts(session, wanted)
    return paging.page(rows, lambda known: (known.row.created_at, known.row.id), ContactOut.of)


@contacts.get("/{contact_id}", dependencies=[Needs(Role.VIEWER)])
async def get_contact(session: Session, contact_id: UUID, response: Response) -> ContactOut:
    return await _show(session, ContactId(contact_id), response)


@contacts.post("", status_code=201)
async def create_contact(session: Session, actor: Agent, body: ContactIn, response: Response) -> ContactOut:
    """Who is known already answers 409 with the contact's id: nothing of it is changed."""
    identities = body.identities()
    await people.hold(session)
    known = await queries.owner_of(session, identities)
    if known is not None:
        raise Conflict(f"Este contato já existe: {known}.", f"This contact is there already: {known}.")
    resolved = await people.resolve(session, [Sighting(person=Person(identities=identities), at=clock.now())])
    contact = resolved.contacts[0]
    if contact is None:
        raise AssertionError("somebody with an identity was not kept")
    audit.record(session, actor.actor, "contact.created", subject=contact)
    await describe(session, await hold(session, contact), body.details(), actor.actor)
    response.headers["Location"] = f"{contacts.prefix}/{contact}"
    return await _show(session, contact, response)


@contacts.patch("/{contact_id}")
async def change_contact(
    session: Session, actor: Agent, contact_id: UUID, body: ContactChange, request: Request, response: Response
) -> ContactOut:
    row = await hold(session, ContactId(contact_id))
    refuse_stale(request, _tag(row))
    await describe(session, row, body.details(), actor.actor)
    return await _show(session, ContactId(contact_id), response)


@contacts.delete("/{contact_id}")
async def erase_contact(
    session: Session, actor: Admin, contact_id: UUID, request: Request, later: BackgroundTasks
) -> ErasureOut:
    """All that says something of this person goes for good, and they are never written to again."""
    receipt = await erase(session, ContactId(contact_id), actor.actor)
    later.add_task(remove_files, request.app.state.floor.database, request.app.state.storage, actor.company)
    return ErasureOut(id=receipt.id, contact_id=receipt.contact, stores=receipt.stores)


async def _show(session: Session, contact: ContactId, response: Response) -> ContactOut:
    known = await queries.get_contact(session, contact)
    response.headers["ETag"] = _tag(known.row)
    return ContactOut.of(known)


def _tag(row: Contact) -> str:
    return tag_of(row.id, row.updated_at)
