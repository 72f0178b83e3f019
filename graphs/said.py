"""Messages that came in, by customers and by people of the company on its own phone, become rows of conversations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from channels.contents import Json, Media, Notice, Reaction, words_of
from channels.envelope import Echoed, Person, Received
from channels.stores import conversations, edits, media, statuses, thread
from channels.stores.conversations import Party, Thread
from channels.stores.media import NewMedia
from channels.stores.thread import Appended, Entry
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ContactId
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, Direction
from graphs.debounce import Arrival
from graphs.stores.incoming import Wire
from graphs.stores.turns import BUTTON_FORMS
from graphs.wishes import Wish, wish_in

ANSWER_HOURS: Final = 12.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message as it came in on a connection."""

    wire: Wire
    event: Received | Echoed
    wish: Wish | None = None  # found once it is known to be new

    @property
    def name(self) -> tuple[UUID, str]:
        return self.wire.id, self.event.provider_id

    @property
    def person(self) -> Person:
        """The customer, whoever of the two wrote."""
        return self.event.recipient if isinstance(self.event, Echoed) else self.event.sender

    def is_current(self, now: datetime) -> bool:
        """Young enough to be answered, or to tell that a person answers."""
        hours = self.wire.settings.get("answer_hours")
        told = hours if isinstance(hours, int | float) else ANSWER_HOURS
        return now - self.event.at <= timedelta(hours=told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A message that was new, and is a row now."""

    said: Said
    contact: ContactId
    control: Control  # of the conversation, when it was kept
    entry: Entry
    row: Appended

    @property
    def channel(self) -> ConnectionKind:
        return self.said.wire.kind

    @property
    def is_echo(self) -> bool:
        return isinstance(self.said.event, Echoed)

    @property
    def asks_for_answer(self) -> bool:
        """Not where a person answers; who only wants to be let out is answered by the confirmation of that."""
        wish = self.said.wish
        is_only_stop = wish is not None and wish.is_stop
        return self.entry.is_customers and self.control is not Control.HUMAN and not is_only_stop

    @property
    def arrival(self) -> Arrival:
        file = _file(self)
        return Arrival(
            at=self.row.created_at,
            kind=self.entry.kind,
            text=words_of(self.entry.content),
            is_button=getattr(self.entry.content, "form", None) in BUTTON_FORMS,
            awaits_words=file is not None and file.kind in media.HEARABLE,
        )


async def unknown(session: TenantSession, said: Sequence[Said]) -> list[Said]:
    """Each once, and only those that we do not have: an echo of what we sent ourselves is nobody's message."""
    first = {one.name: one for one in reversed(said)}
    there = await thread.known(session, first)
    echoes = [name for name, one in first.items() if isinstance(one.event, Echoed) and name not in there]
    ours = await statuses.sent_by_us(session, echoes)
    fresh = [one for one in said if first[one.name] is one and one.name not in there and one.name not in ours]
    return [replace(one, wish=wish_in(one.event.content)) if isinstance(one.event, Received) else one for one in fresh]


async def keep(session: TenantSession, said: Sequence[tuple[Said, ContactId]]) -> list[Kept]:
    """In the conversation of each, opened where there is none; with their files, and with edits that came before."""
    if not said:
        return []
    parties = [Party(connection=one.wire.id, contact=contact) for one, contact in said]
    threads = await conversations.open_threads(session, parties)
    entries = [_entry(one, threads[party]) for (one, _), party in zip(said, parties, strict=True)]
    held = {opened.id: opened.message_seq for opened in threads.values()}
    rows = {row.id: row for row in await thread.add(session, entries, held)}
    kept = [
        Kept(said=one, contact=contact, control=threads[party].control, entry=entry, row=rows[entry.id])
        for (one, contact), party, entry in zip(said, parties, entries, strict=True)
        if entry.id in rows
    ]
    await media.note(session, [file for one in kept if (file := _file(one))])
    await edits.join_edits(session, [one.said.name for one in kept])
    _tell(session, threads, kept)
    return kept


def _entry(one: Said, of: Thread) -> Entry:
    event = one.event
    content = event.content
    is_echo, is_notice = isinstance(event, Echoed), isinstance(content, Notice)
    return Entry(
        conversation=of.id,
        connection=one.wire.id,
        direction=Direction.OUT if is_echo else Direction.IN,
        author=Author.STAFF if is_echo else Author.SYSTEM if is_notice else Author.CUSTOMER,
        content=content,
        provider_id=event.provider_id,
        provider_at=event.at,
        reply_to=content.target if isinstance(content, Reaction) else event.reply_to,
        context=_context(event),
    )


def _context(event: Received | Echoed) -> Json:
    if isinstance(event, Echoed):
        return {}
    told: dict[str, Any] = {"is_forwarded": event.is_forwarded, "referral": event.referral}
    return {name: value for name, value in told.items() if value}


def _file(one: Kept) -> NewMedia | None:
    content = one.entry.content
    if not isinstance(content, Media):
        return None
    source = content.provider_media_id or content.link
    if not source:
        return None
    return NewMedia(
        message=one.row.id,
        connection=one.said.wire.id,
        kind=one.entry.kind,
        provider_media_id=source,
        mime=content.mime,
        sha256=content.sha256,
        filename=content.filename,
        is_customers=one.entry.is_customers,
    )


def _tell(session: TenantSession, threads: dict[Party, Thread], kept: Sequence[Kept]) -> None:
    for party, opened in threads.items():
        if opened.is_new:
            payload = {"contact": str(party.contact), "connection": str(party.connection)}
            emit(session, Event(kind=EventKind.CONVERSATION_OPENED, subject_id=opened.id, payload=payload))
    for one in kept:
        kind = EventKind.MESSAGE_ECHOED if one.is_echo else EventKind.MESSAGE_RECEIVED
        payload = {"conversation": str(one.row.conversation), "contact": str(one.contact), "kind": one.entry.kind.value}
        emit(session, Event(kind=kind, subject_id=one.row.id, payload=payload))
