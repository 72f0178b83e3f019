"""Contacts as people look for them: newest first, found by name or by a piece of a number."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, text, tuple_

from channels.envelope import Identity
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ContactId
from core.models.people import Contact, ContactIdentity, IdentityKind

_FEW_DIGITS: Final = 3  # of a number; fewer would find everybody


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactListing:
    most: int
    after: tuple[datetime, UUID] | None = None
    words: str | None = None
    is_opted_out: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A contact with all that it is known by. `survivor`: who it is now, where it was merged away."""

    row: Contact
    identities: tuple[Identity, ...]
    survivor: ContactId | None = None


async def list_contacts(session: TenantSession, wanted: ContactListing) -> list[Known]:
    """Without those that were merged away."""
    rules: list[ColumnElement[bool]] = [Contact.merged_into.is_(None)]
    if wanted.after is not None:
        rules.append(tuple_(Contact.created_at, Contact.id) < wanted.after)
    if wanted.is_opted_out is not None:
        rules.append(Contact.opted_out_at.is_not(None) == wanted.is_opted_out)
    if wanted.words:
        rules.append(_found_by(wanted.words))
    newest = select(Contact).where(*rules).order_by(Contact.created_at.desc(), Contact.id.desc()).limit(wanted.most)
    rows = list(await session.scalars(newest))
    identities = await _identities(session, [row.id for row in rows])
    return [Known(row=row, identities=identities.get(row.id, ())) for row in rows]


async def get_contact(session: TenantSession, contact: ContactId) -> Known:
    row = await session.scalar(select(Contact).where(Contact.id == contact))
    if row is None:
        raise NotFound("Este contato não existe.", "There is no such contact.")
    survivor = None if row.merged_into is None else await session.scalar(_SURVIVOR, {"contact": contact})
    identities = await _identities(session, [contact])
    return Known(row=row, identities=identities.get(contact, ()), survivor=survivor)


async def owner_of(session: TenantSession, identities: Collection[Identity]) -> ContactId | None:
    """A contact that one of these leads to already."""
    any_of = or_(*((ContactIdentity.kind == one.kind) & (ContactIdentity.value == one.value) for one in identities))
    found = await session.scalar(select(ContactIdentity.contact_id).where(any_of).limit(1))
    return None if found is None else ContactId(found)


def _found_by(words: str) -> ColumnElement[bool]:
    values = [ContactIdentity.value.icontains(words, autoescape=True)]
    digits = re.sub(r"\D", "", words)
    if len(digits) >= _FEW_DIGITS and not re.search(r"[^\W\d_]", words):
        values.append(ContactIdentity.value.contains(digits, autoescape=True))
    known = select(ContactIdentity.contact_id).where(or_(*values))
    return or_(Contact.name.icontains(words, autoescape=True), Contact.id.in_(known))


async def _identities(session: TenantSession, contacts: Sequence[UUID]) -> dict[UUID, tuple[Identity, ...]]:
    """Phone numbers first, each kind in the order in which we learned of it."""
    rows = await session.scalars(
        select(ContactIdentity).where(ContactIdentity.contact_id.in_(contacts)).order_by(ContactIdentity.created_at)
    )
    order = list(IdentityKind)
    found: dict[UUID, list[Identity]] = {}
    for row in sorted(rows, key=lambda row: order.index(row.kind)):
        found.setdefault(row.contact_id, []).append(Identity(kind=row.kind, value=row.value))
    return {contact: tuple(identities) for contact, identities in found.items()}


_SURVIVOR: Final = text("""
    WITH RECURSIVE line AS (
        SELECT id, merged_into FROM contacts WHERE id = :contact
        UNION SELECT c.id, c.merged_into FROM contacts c JOIN line ON c.id = line.merged_into
    ) SELECT id FROM line WHERE merged_into IS NULL
""")
