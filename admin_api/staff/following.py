"""What happens in a company becomes notes in its group: by how things stand, and by what was told since.

How things stand is looked at each time, so that a group that is bound late, or a topic that somebody deleted, is made
up for. Events say where to look, and tell what leaves no trace in how things stand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from admin_api.staff import news, showing, ticks, waiting
from admin_api.staff.buttons import Buttons
from admin_api.staff.presence import Presence
from admin_api.staff.spots import Spot
from admin_api.staff.stores import desk, groups, lines, scheduled, topics
from admin_api.staff.stores.topics import Attended
from admin_api.staff.topics import Topics
from channels.inbound import BROKEN
from core.db.away import is_trouble
from core.db.sessions import TenantSession
from core.events import EventKind, mark_read, read_new
from core.floor import Floor
from core.ids import CompanyId, ConversationId
from core.logging import get_logger
from core.models.record import DomainEvent
from core.models.staff import StaffGroup
from graphs.handoff import Source

CONSUMER: Final = "staff"
_MOST_EVENTS: Final = 200
_MOST_OPENED: Final = 20  # of one pass
_GATHER_SECONDS: Final = 0.03  # what happens at the same time is looked at together
_AT_ONCE: Final = 0.0
_SOON: Final = 0.5  # something is still to come of what was said
_WATCHED: Final = 1.0  # a message of staff is on its way, and its fate is told by nobody
_CALM: Final = 5.0
_MOST_LOGGED: Final = 1000
_FAILED: Final = (*BROKEN, DBAPIError)
_OF_CONVERSATION: Final = frozenset(
    {
        EventKind.CONVERSATION_OPENED,
        EventKind.CONVERSATION_TAKEN_OVER,
        EventKind.CONVERSATION_GIVEN_BACK,
        EventKind.CONVERSATION_COPILOT,
        EventKind.CONVERSATION_CLOSED,
        EventKind.DRAFT_PROPOSED,
        EventKind.DRAFT_DECIDED,
        EventKind.HANDOFF_LATE,
        EventKind.PROMISE_DUE,
        EventKind.MESSAGE_CHANGED,
    }
)


log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """What there is to do in a company that has a group."""

    group: StaffGroup
    events: Sequence[DomainEvent]
    missing: Sequence[ConversationId]


@dataclass(slots=True)
class Following:
    """One per process, for all companies whose bots it holds."""

    floor: Floor
    presence: Presence | None = None
    topics: Topics = field(init=False)
    _untold: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.topics = Topics(Buttons(self.floor.ring))

    async def follow(self, company: CompanyId) -> float:
        """One look. After so many seconds another is due, without anybody telling."""
        await asyncio.sleep(_GATHER_SECONDS)
        async with self._session(company) as session:
            events = await read_new(session, CONSUMER, _MOST_EVENTS)
            seen = await self._see(session, events)
            self._log_untold(company, await waiting.raise_alarm(session))
        pause = await self._show(company, seen) if seen is not None else _CALM
        if self.presence is not None and (taken := _taken(events)):
            await self.presence.show(company, taken)
        if events:
            async with self._session(company) as session:
                await mark_read(session, CONSUMER, events[-1].seq)
        return _AT_ONCE if len(events) == _MOST_EVENTS else pause

    def _log_untold(self, company: CompanyId, untold: Iterable[UUID]) -> None:
        for handoff in set(untold) - self._untold:
            log.error("staff.handoff_untold", company=str(company), handoff=str(handoff))
            self._untold.add(handoff)
        while len(self._untold) > _MOST_LOGGED:
            self._untold.pop()

    async def _see(self, session: TenantSession, events: Sequence[DomainEvent]) -> _Seen | None:
        group = await groups.bound(session)
        if group is None:
            return None
        await waiting.note_told(session, group)
        missing = await topics.missing(session, group.id, most=_MOST_OPENED)
        return _Seen(group=group, events=events, missing=missing)

    async def _show(self, company: CompanyId, seen: _Seen) -> float:
        """Each customer and each piece of news by itself: one that cannot be shown keeps no other from it."""
        group = seen.group
        opened = {one for one in seen.missing if await self._apart(company, partial(self._open, group, one))}
        touched = {*_touched(seen.events), *opened}
        async with self._session(company) as session:
            attended = await topics.attended(session, group.id)
        is_behind, is_digest_due = False, bool(opened)
        for one in attended:
            is_touched = one.conversation in touched
            if is_touched:
                is_digest_due |= await self._apart(company, partial(_ring, group, one))
            if is_touched or one.last_seq > one.shown_seq or not one.needs_person or not self.topics.knows(one.topic):
                is_behind |= await self._apart(company, partial(self._tend, group, one, is_touched=is_touched))
        for event in seen.events:
            if news.concerns(event):
                await self._apart(company, partial(self._tell, group, event))
        is_watched = await self._apart(company, partial(_end, group, seen.events, is_digest_due=is_digest_due))
        return _SOON if is_behind else _WATCHED if is_watched or opened else _CALM

    async def _apart(self, company: CompanyId, act: Callable[[TenantSession], Awaitable[bool]]) -> bool:
        """False where it failed for a reason of its own; trouble of ours is for whoever called."""
        try:
            async with self._session(company) as session:
                return await act(session)
        except _FAILED as error:
            if is_trouble(error):
                raise
            reason = type(error).__name__  # never its text, which may quote what people wrote
        log.error("staff.not_shown", company=str(company), reason=reason)
        return False

    async def _open(self, group: StaffGroup, conversation: ConversationId, session: TenantSession) -> bool:
        await self.topics.open(session, group.id, conversation)
        return True

    async def _tend(self, group: StaffGroup, one: Attended, session: TenantSession, *, is_touched: bool) -> bool:
        spot = Spot(session=session, group=group.id, topic=one.topic)
        return await self.topics.tend(spot, one, is_touched=is_touched)

    async def _tell(self, group: StaffGroup, event: DomainEvent, session: TenantSession) -> bool:
        await news.tell(session, group, event, self.topics.buttons)
        return True

    def _session(self, company: CompanyId) -> AbstractAsyncContextManager[TenantSession]:
        return self.floor.database.tenant_session(company)


async def _ring(group: StaffGroup, one: Attended, session: TenantSession) -> bool:
    """True where it has to be said with the others who wait."""
    spot = Spot(session=session, group=group.id, topic=one.topic)
    return await waiting.ring(spot, group, one.conversation)


async def _end(
    group: StaffGroup, events: Sequence[DomainEvent], session: TenantSession, *, is_digest_due: bool
) -> bool:
    """True while something is on its way of which nobody will tell."""
    await _show_late(session, group)
    await _show_put_by(session, group)
    if is_digest_due and await waiting.is_crowded(session, group):
        await waiting.digest(session, group, await desk.language_of(session))
    return await ticks.show(session, group.id, _messages(events))


async def _show_late(session: TenantSession, group: StaffGroup) -> None:
    """Files, and what recordings say, that came after their line."""
    language = await desk.language_of(session)
    for late in await lines.late_files(session, group.id):
        line = await lines.one(session, group.id, late.conversation, seq=late.seq)
        if line is not None:
            spot = Spot(session=session, group=group.id, topic=late.topic)
            await spot.post(showing.body_of(line, language), key=f"file:{line.id}:{late.topic}")
    for late in await lines.late_words(session, group.id):
        line = await lines.one(session, group.id, late.conversation, seq=late.seq)
        if line is not None:
            spot = Spot(session=session, group=group.id, topic=late.topic)
            reply_to = await lines.shown_as(session, group.id, line.id)
            await spot.post(showing.spoken(line, reply_to=reply_to), key=f"words:{line.id}:{late.topic}")


async def _show_put_by(session: TenantSession, group: StaffGroup) -> None:
    """What a person had put by for a customer, when its time has come: its line was passed over until then."""
    language = await desk.language_of(session)
    for ended in await scheduled.ended(session, group.id):
        line = await lines.one(session, group.id, ended.conversation, seq=ended.seq)
        if line is not None:
            spot = Spot(session=session, group=group.id, topic=ended.topic)
            why = ticks.why_unsent(ended.state, ended.reason, ended.error, language)
            await spot.post(showing.put_by(line, language, why=why), key=ended.key)


def _touched(events: Iterable[DomainEvent]) -> Iterable[ConversationId]:
    for event in events:
        named = event.payload.get("conversation") or (event.subject_id if event.kind in _OF_CONVERSATION else None)
        if (conversation := _id(named)) is not None:
            yield ConversationId(conversation)


def _taken(events: Iterable[DomainEvent]) -> set[ConversationId]:
    """By somebody in the group, just now."""
    return {
        ConversationId(event.subject_id)
        for event in events
        if event.kind == EventKind.CONVERSATION_TAKEN_OVER
        and event.subject_id is not None
        and event.payload.get("source") == Source.STAFF
    }


def _messages(events: Iterable[DomainEvent]) -> list[UUID]:
    told: list[UUID] = []
    for event in events:
        if event.kind == EventKind.MESSAGE_STATUS:
            told += [known for named in event.payload.get("messages", ()) if (known := _id(named)) is not None]
    return told


def _id(named: Any) -> UUID | None:
    if named is None or isinstance(named, UUID):
        return named
    try:
        return UUID(str(named))
    except ValueError:
        return None
