"""A person is erased, in one transaction: what says something of them goes everywhere, and that it happened stays.

Who asked not to be known is not to be written to either: the hashes of what they were known by are suppressed first, so
that a new import of them stays opted out. Their files are nobody's from the commit on, and a sealed one has lost its
key; `remove_files` takes the bytes away right after, and the hourly upkeep what that did not reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from channels import consent
from channels.consent import Evidence
from channels.telegram_staff.notes import DeleteTopic, Say, Unsay
from channels.telegram_staff.rich import Rich
from core import audit
from core.audit import Actor
from core.db.sessions import Database, TenantSession
from core.errors import Conflict, NotFound
from core.events import Event, EventKind, emit
from core.ids import CompanyId, ContactId
from core.models.people import ConsentSource
from core.models.record import ActorKind
from core.objects import ObjectKey
from core.storage import Storage
from core.texts import Text
from graphs import handoff
from graphs.personal import said_of
from graphs.stores import erasing, erasing_events, erasing_files, personal
from graphs.stores.erasing import Spoken, Topic, Traces
from knowledge import approved, gaps

_BATCH: Final = 100
_BY_HAND: Final = Text(
    "⚠️ Apaguem à mão o que o bot disse aqui, há mais de dois dias, sobre uma pessoa que foi apagada: ele não pode.",
    "⚠️ Delete by hand what the bot said here, over two days ago, about a person who was erased: it cannot.",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """Per store, of how many rows something was erased; never what it said."""

    id: UUID
    contact: ContactId
    stores: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.stores.values())


async def erase(session: TenantSession, contact: ContactId, by: Actor) -> Receipt:
    """Asked again, it erases what has come since."""
    await erasing.take_time(session)
    family = await erasing.family_of(session, contact)
    if not family:
        raise NotFound("Este contato não existe.", "This contact does not exist.")
    await _silence(session, contact, family)
    traces = await erasing.traces_of(session, family)
    topics, spoken = await erasing.topics_of(session, traces), await erasing.spoken_of(session, traces)
    questions = [gaps.masked(question) for question in await erasing.questions_of(session, traces)]
    taught = await _untaught(session, traces, family)
    stores = {
        "taught_answers": taught,
        "incoming_events": await erasing_events.blank_events(session, traces, topics),
        "knowledge_gaps": await erasing.forget_gaps(session, questions),
        **await erasing.blank(session, traces),
        **await _unsay(session, topics, spoken),
    }
    user = by.id if by.kind is ActorKind.USER else None
    receipt = Receipt(id=erasing.keep_receipt(session, contact, user, stores), contact=contact, stores=stores)
    audit.record(session, by, "contact.erased", subject=contact, detail={"receipt": str(receipt.id)})
    emit(session, Event(kind=EventKind.CONTACT_ERASED, subject_id=contact))
    return receipt


async def remove_files(database: Database, storage: Storage, company: CompanyId) -> int:
    """The bytes of erased files, some at a time: deleted twice is deleted, so that nothing is lost in between."""
    removed = 0
    while True:
        async with database.tenant_session(company) as session:
            files = await erasing_files.erased(session, most=_BATCH)
        if not files:
            return removed
        for file in files:
            for key in file.keys:
                await storage.delete(ObjectKey.parse(key))
        async with database.tenant_session(company) as session:
            await erasing_files.removed(session, [file.id for file in files])
        removed += len(files)


async def _untaught(session: TenantSession, traces: Traces, family: Sequence[UUID]) -> int:
    """What the bot learned from their conversations and names them is withdrawn: nobody hears it any more."""
    person = await personal.of(session, family)
    named = [one for one in await erasing.taught_by(session, traces) if said_of(person, one.words)]
    for one in named:
        await approved.withdraw(session, one.id)
        await erasing.forget_taught(session, one.id)
    return len(named)


async def _silence(session: TenantSession, contact: ContactId, family: Sequence[UUID]) -> None:
    """Nothing more is sent, thought or awaited; contacts are locked before conversations."""
    await consent.opt_out(session, contact, Evidence(source=ConsentSource.STAFF))
    if await erasing.is_sending(session, family):
        raise Conflict(
            "Uma mensagem para esta pessoa está saindo agora: tente de novo em um minuto.",
            "A message to this person is on its way right now: try again in a minute.",
        )
    for conversation in await erasing.threads_of(session, family):
        await handoff.close(session, conversation, erasing.REASON)


async def _unsay(session: TenantSession, topics: Sequence[Topic], spoken: Sequence[Spoken]) -> dict[str, int]:
    """In the staff group, too: their topic with all that is in it, and what was said of them elsewhere.

    What Telegram does not let the bot take back is named to those who can, and counted apart.
    """
    for topic in topics:
        if topic.thread is not None:
            await erasing.post(session, DeleteTopic(), topic)
    late = [one for one in spoken if one.is_too_late]
    for one in spoken:
        body = _by_hand(one) if one.is_too_late else Unsay(message_ids=tuple(one.messages))
        await erasing.post(session, body, one)
    left = sum(len(one.messages) for one in late)
    return {"staff_messages": sum(len(one.messages) for one in spoken) - left, "staff_messages_left": left}


def _by_hand(one: Spoken) -> Say:
    links = [f"https://t.me/c/{str(one.chat).removeprefix('-100')}/{message}" for message in one.messages]
    where = "\n".join(links) if one.chat is not None else ""
    return Say(text=Rich("\n".join(filter(None, (_BY_HAND.pt, _BY_HAND.en, where)))))
