"""Consent as rows: the moment on the contact, the record of what was said, and the hashes that outlive both."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, func, insert, select, text, update

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ContactId, ConversationId, MessageId, new_id
from core.models.installation import Company
from core.models.people import ConsentEvent, ConsentKind, ConsentSource, Contact
from core.models.stream import Conversation, Message

_MOMENT: Final = timedelta(microseconds=1)
# What follows from another opt-out was not said at the time at which it is recorded.
_DERIVED: Final = (ConsentSource.MERGE, ConsentSource.IMPORT)
_BY_THE_PERSON: Final = (ConsentSource.KEYWORD, ConsentSource.BUTTON, ConsentSource.PROVIDER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A contact whose row is locked until the commit."""

    id: ContactId
    opted_out_at: datetime | None
    locale: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What somebody wants, where we know it from, and when they said so, as far as we were told."""

    kind: ConsentKind
    source: ConsentSource
    quote: str | None = None
    message: MessageId | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    id: ConversationId
    last_inbound_at: datetime | None
    now: datetime  # of the business


async def hold(session: TenantSession, contact: ContactId) -> Held:
    """Lock the contact, or the one it was merged into: nobody is claimed for a send until the commit."""
    while True:
        contact = await _merged_into(session, contact)
        found = (await session.execute(_HELD.where(Contact.id == contact))).one_or_none()
        if found is None:
            raise _unknown()
        if found.merged_into is None:
            return Held(id=contact, opted_out_at=found.opted_out_at, locale=found.locale)


async def hold_all(session: TenantSession, contacts: Collection[ContactId]) -> dict[ContactId, datetime | None]:
    """Lock these very contacts, in order of id; since when each of them is opted out."""
    statement = select(Contact.id, Contact.opted_out_at).where(Contact.id.in_(contacts)).order_by(Contact.id)
    rows = await session.execute(statement.with_for_update(key_share=True))
    held = {ContactId(row.id): row.opted_out_at for row in rows}
    if held.keys() != set(contacts):
        raise _unknown()
    return held


async def moment_of(session: TenantSession, said: Said) -> datetime:
    """When it was said: as we were told, else as the provider dated the message, and never in the future."""
    of_message = select(Message.provider_at).where(Message.id == said.message).scalar_subquery()
    told = func.coalesce(said.at, of_message, func.app_now())
    moment: datetime | None = await session.scalar(select(func.least(told, func.app_now())))
    if moment is None:
        raise AssertionError("the database has no time")
    return moment


async def before(session: TenantSession, message: MessageId) -> datetime | None:
    """The last moment at which we had not got it yet."""
    got: datetime | None = await session.scalar(select(Message.created_at).where(Message.id == message))
    return None if got is None else got - _MOMENT


async def is_outdated(session: TenantSession, contact: ContactId, said: Said, at: datetime) -> bool:
    """Whether the opposite was said later. Providers count in seconds: within one, what comes later holds.

    An opt-out is outdated by the person alone, an opt-in by whoever recorded an opt-out.
    """
    is_opt_out = said.kind is ConsentKind.OPTED_OUT
    opposite = ConsentKind.OPTED_IN if is_opt_out else ConsentKind.OPTED_OUT
    counts: ColumnElement[bool] = (
        ConsentEvent.source.in_(_BY_THE_PERSON) if is_opt_out else ConsentEvent.source.not_in(_DERIVED)
    )
    later = func.date_trunc("second", ConsentEvent.created_at) > func.date_trunc("second", at)
    found = select(ConsentEvent.id).where(
        ConsentEvent.contact_id == contact, ConsentEvent.kind == opposite, counts, later
    )
    return await session.scalar(found.limit(1)) is not None


async def record(session: TenantSession, contact: ContactId, said: Said, at: datetime) -> UUID:
    """On record, at the time at which it was said. Gives the event's id."""
    event = new_id()
    await session.execute(
        insert(ConsentEvent).values(
            tenant_id=session.tenant_id,
            id=event,
            contact_id=contact,
            kind=said.kind,
            source=said.source,
            quote=said.quote,
            message_id=said.message,
            created_at=at,
        )
    )
    return event


async def opt_out(session: TenantSession, contacts: Collection[ContactId], *, at: datetime | None = None) -> None:
    """Contacts and all that they are known by, from now on where no moment is given: a later one on record stays."""
    moment = func.greatest(Contact.opted_out_at, at if at is not None else func.app_now())
    await session.execute(
        update(Contact).where(Contact.id.in_(contacts)).values(opted_out_at=moment, updated_at=func.app_now())
    )
    await session.execute(_SUPPRESS, {"contacts": list(contacts)})


async def opt_in(session: TenantSession, contact: ContactId) -> None:
    await session.execute(
        update(Contact).where(Contact.id == contact).values(opted_out_at=None, updated_at=func.app_now())
    )
    await session.execute(_LIFT, {"contact": contact})


async def opt_out_suppressed(session: TenantSession, contacts: Collection[ContactId]) -> list[ContactId]:
    """New contacts, or contacts that are newly known by something: who of them had opted out before, has still.

    What an opted-out contact is newly known by is suppressed along. Locks contacts in order of id.
    """
    rows = await session.execute(_OPT_OUT_SUPPRESSED, {"contacts": list(contacts)})
    found = [ContactId(row.id) for row in rows]
    await session.execute(_SUPPRESS, {"contacts": list(contacts)})
    if found:
        derived = {"tenant_id": session.tenant_id, "kind": ConsentKind.OPTED_OUT, "source": ConsentSource.IMPORT}
        await session.execute(
            insert(ConsentEvent), [{**derived, "id": new_id(), "contact_id": contact} for contact in found]
        )
    return found


async def thread_of(
    session: TenantSession, contact: ContactId, *, conversation: ConversationId | None, message: MessageId | None
) -> Thread | None:
    """Where the person said it, if that is a conversation of theirs."""
    of_message = select(Message.conversation_id).where(Message.id == message).scalar_subquery()
    found = await session.execute(
        select(Conversation.id, Conversation.last_inbound_at, func.app_now().label("now")).where(
            Conversation.id == func.coalesce(conversation, of_message), Conversation.contact_id == contact
        )
    )
    row = found.one_or_none()
    if row is None:
        return None
    return Thread(id=ConversationId(row.id), last_inbound_at=row.last_inbound_at, now=row.now)


def _unknown() -> NotFound:
    return NotFound("Este contato não existe.", "This contact does not exist.")


async def _merged_into(session: TenantSession, contact: ContactId) -> ContactId:
    """Looked up without a lock, so that contacts are never locked one after the other against the order of ids."""
    found = await session.scalar(_SURVIVOR, {"contact": contact})
    return ContactId(found) if found else contact


_HELD: Final = (
    select(
        Contact.merged_into,
        Contact.opted_out_at,
        func.coalesce(
            Contact.locale, select(Company.locale).where(Company.id == Contact.tenant_id).scalar_subquery()
        ).label("locale"),
    )
    .with_for_update(of=Contact, key_share=True)
    .execution_options(populate_existing=True)
)
_SURVIVOR: Final = text("""
    WITH RECURSIVE line AS (
        SELECT id, merged_into FROM contacts WHERE id = :contact
        UNION SELECT c.id, c.merged_into FROM contacts c JOIN line ON c.id = line.merged_into
    ) SELECT id FROM line WHERE merged_into IS NULL
""")
_CONTACTS: Final = bindparam("contacts", type_=ARRAY(Uuid))
# The same hash as `channels.stores.people.identity_hash`, for whole sets of people at once. A username tells nobody:
# it moves from one person to another.
_HASH: Final = "sha256(convert_to(i.tenant_id || '|' || i.kind || '|' || i.value, 'UTF8'))"
_SUPPRESS: Final = text(f"""
    INSERT INTO suppressions (tenant_id, identity_hash, opted_out_at)
    SELECT i.tenant_id, {_HASH} AS hash, max(c.opted_out_at)
    FROM contact_identities i JOIN contacts c ON c.tenant_id = i.tenant_id AND c.id = i.contact_id
    WHERE c.id = ANY (:contacts) AND c.opted_out_at IS NOT NULL AND i.kind <> 'username' GROUP BY 1, 2 ORDER BY 2
    ON CONFLICT (tenant_id, identity_hash)
        DO UPDATE SET opted_out_at = greatest(suppressions.opted_out_at, excluded.opted_out_at)
""").bindparams(_CONTACTS)  # noqa: S608 - a constant of ours
_LIFT: Final = text(f"""
    DELETE FROM suppressions s USING contact_identities i
    WHERE i.contact_id = :contact AND s.tenant_id = i.tenant_id AND s.identity_hash = {_HASH}
""")  # noqa: S608 - a constant of ours
_OPT_OUT_SUPPRESSED: Final = text(f"""
    WITH found AS (
        SELECT i.contact_id, max(s.opted_out_at) AS since FROM contact_identities i
        JOIN suppressions s ON s.tenant_id = i.tenant_id AND s.identity_hash = {_HASH}
        WHERE i.contact_id = ANY (:contacts) AND i.kind <> 'username' GROUP BY 1
    ), held AS (
        SELECT c.id, found.since FROM contacts c JOIN found ON found.contact_id = c.id
        WHERE c.opted_out_at IS NULL ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE contacts c SET opted_out_at = held.since, updated_at = app_now() FROM held WHERE c.id = held.id
    RETURNING c.id
""").bindparams(_CONTACTS)  # noqa: S608 - a constant of ours
