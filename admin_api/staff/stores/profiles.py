"""What is kept about a customer: tags, notes, facts, consent, and what they owe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core.db.sessions import TenantSession
from core.ids import ContactId, ConversationId, UserId, new_id
from core.models.files import ContactNote, ContactTag
from core.models.people import ConsentEvent
from core.models.service import ContactFact
from core.models.staff import StaffPerson

MOST_FACTS: Final = 20
_MOST_CONSENTS: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    description: str
    method: str
    amount_cents: int
    currency: str
    due_on: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Noted:
    text: str
    author: str | None
    at: datetime


async def tags_of(session: TenantSession, contact: ContactId) -> list[str]:
    tags = select(ContactTag.tag).where(ContactTag.contact_id == contact).order_by(ContactTag.tag)
    return list(await session.scalars(tags))


async def tag(session: TenantSession, contact: ContactId, tags: Collection[str], *, by: UserId) -> list[str]:
    """Those that are new."""
    if not tags:
        return []
    common = {"tenant_id": session.tenant_id, "contact_id": contact, "added_by": by}
    rows = upsert(ContactTag).values([{**common, "tag": tag} for tag in sorted(tags)])
    return list(await session.scalars(rows.on_conflict_do_nothing().returning(ContactTag.tag)))


async def untag(session: TenantSession, contact: ContactId, tags: Collection[str]) -> list[str]:
    """Those that were there."""
    ours = (ContactTag.contact_id == contact) & ContactTag.tag.in_(tags)
    return list(await session.scalars(delete(ContactTag).where(ours).returning(ContactTag.tag)))


async def note(
    session: TenantSession, contact: ContactId, words: str, *, conversation: ConversationId | None, by: UserId
) -> UUID:
    row = ContactNote(
        tenant_id=session.tenant_id,
        id=new_id(),
        contact_id=contact,
        conversation_id=conversation,
        author_id=by,
        text=words,
    )
    session.add(row)
    await session.flush()
    return row.id


async def notes_of(session: TenantSession, contact: ContactId, *, most: int, skip: int = 0) -> list[Noted]:
    """The newest first."""
    wanted = (
        select(ContactNote.text, StaffPerson.name, ContactNote.created_at)
        .outerjoin(StaffPerson, StaffPerson.user_id == ContactNote.author_id)
        .where(ContactNote.contact_id == contact)
        .order_by(ContactNote.created_at.desc(), ContactNote.id.desc())
    )
    rows = await session.execute(wanted.limit(most).offset(skip))
    return [Noted(text=row.text, author=row.name, at=row.created_at) for row in rows]


async def facts_of(session: TenantSession, contact: ContactId) -> Sequence[ContactFact]:
    """Those that hold."""
    holding = (ContactFact.contact_id == contact) & ContactFact.valid_to.is_(None)
    return (await session.scalars(select(ContactFact).where(holding).order_by(ContactFact.key).limit(MOST_FACTS))).all()


async def consents_of(session: TenantSession, contact: ContactId) -> Sequence[ConsentEvent]:
    """The newest first."""
    said = select(ConsentEvent).where(ConsentEvent.contact_id == contact)
    newest = said.order_by(ConsentEvent.created_at.desc(), ConsentEvent.id.desc()).limit(_MOST_CONSENTS)
    return (await session.scalars(newest)).all()


async def owed_by(session: TenantSession, contact: ContactId, *, most: int) -> list[Owed]:
    rows: Sequence[Any] = (await session.execute(_OWED, {"contact": contact, "most": most})).all()
    return [
        Owed(
            description=row.description,
            method=row.method,
            amount_cents=row.amount_cents,
            currency=row.currency,
            due_on=row.due_on,
        )
        for row in rows
    ]


_OWED: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT h.description, h.method, h.amount_cents, h.currency, h.due_on
    FROM charges h JOIN mine ON mine.id = h.contact_id
    WHERE h.state = 'pending' ORDER BY h.due_on NULLS LAST, h.created_at, h.id LIMIT :most
""")
