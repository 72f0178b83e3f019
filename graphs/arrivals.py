"""What came in becomes what we know: people, conversations, messages, statuses and owed turns, in one transaction.

Told twice, in another order or cut differently, it becomes the same: nothing here goes by when it came, where the
provider says when it was.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from channels.contents import Unsupported
from channels.envelope import (
    AccountNews,
    Deleted,
    Echoed,
    Edited,
    IdentityChanged,
    InboundEvent,
    PreferenceChanged,
    Received,
    StatusChanged,
)
from channels.stores import edits, news, people, statuses
from channels.stores.edits import Edit
from channels.stores.statuses import Told
from core import clock
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import ConversationId
from core.models.people import ConnectionKind
from core.telemetry import InboundOutcome
from graphs import handoff, meeting, said, turns, wishes
from graphs.handoff import Source, Taker
from graphs.meeting import Seen
from graphs.said import Kept, Said
from graphs.stores import summaries
from graphs.stores.incoming import Wire
from graphs.turns import Asked
from graphs.wishes import Wished

Tally = Counter[tuple[ConnectionKind, InboundOutcome]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One of the things that an event told, and where it came in."""

    wire: Wire
    event: InboundEvent


@dataclass(slots=True)
class _Batch:
    """The same, sorted by what is to be done with it."""

    said: list[Said] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    preferences: list[PreferenceChanged] = field(default_factory=list)
    renumbered: list[tuple[Wire, IdentityChanged]] = field(default_factory=list)
    news: list[tuple[Wire, AccountNews]] = field(default_factory=list)
    tally: Tally = field(default_factory=Counter)

    def add(self, wire: Wire, event: InboundEvent) -> None:
        match event:
            case Received(group=None) | Echoed():
                self.said.append(Said(wire=wire, event=event))
                return
            case Edited(content=content) if not isinstance(content, Unsupported):
                self.edits.append(Edit(connection=wire.id, target=event.target, at=event.at, content=content))
            case Deleted():
                self.edits.append(Edit(connection=wire.id, target=event.target, at=event.at))
            case StatusChanged():
                self.told.append(Told(connection=wire.id, change=event))
            case PreferenceChanged():
                self.preferences.append(event)
            case IdentityChanged():
                self.renumbered.append((wire, event))
            case AccountNews():
                self.news.append((wire, event))
            case _:  # groups are not supported yet; the rest is kept in the event that told it
                self.tally[wire.kind, InboundOutcome.IGNORED] += 1
                return
        self.tally[wire.kind, InboundOutcome.STORED] += 1

    def count_said(self, fresh: Iterable[Said], met: Iterable[Said]) -> None:
        """What was there already, and what nobody said, is not stored."""
        came, new, heard = (Counter(one.wire.kind for one in some) for some in (self.said, fresh, met))
        for kind, count in came.items():
            self.tally[kind, InboundOutcome.DUPLICATE] += count - new[kind]
            self.tally[kind, InboundOutcome.IGNORED] += new[kind] - heard[kind]
            self.tally[kind, InboundOutcome.STORED] += heard[kind]


async def take(session: TenantSession, items: Iterable[Item]) -> Tally:
    """How many of these were stored, known already, or of no use, by channel."""
    batch = _Batch()
    for item in items:
        batch.add(item.wire, item.event)
    if batch.said:  # whoever tells the same at the same time waits here, and then finds that it is known
        await people.hold(session)
    fresh = await said.unknown(session, batch.said)
    found = await statuses.find(session, batch.told)
    told = list(zip(batch.told, found, strict=True))
    seen = Seen(said=fresh, preferences=batch.preferences, told=told, renumbered=batch.renumbered)
    met = await meeting.meet(session, seen)
    kept = await said.keep(session, met.said)
    await summaries.forget(session, await edits.apply(session, batch.edits))
    taken_over = await _hand_over(session, kept)
    await wishes.grant(session, [*met.wished, *_wished(kept)])
    # After the gates: whoever waits there for a call that is on its way must not hold the row of its result.
    await statuses.apply(session, batch.told, found)
    await turns.owe(session, _asked(kept, taken_over))
    await _note(session, batch.news)
    batch.count_said(fresh, [one for one, _ in met.said])
    return +batch.tally


async def _hand_over(session: TenantSession, kept: Sequence[Kept]) -> set[ConversationId]:
    """Somebody of the company wrote on its own phone: the bot is silent from now on."""
    now = clock.now()
    taken_over = {one.row.conversation for one in kept if one.is_echo and one.said.is_current(now)}
    for conversation in sorted(taken_over):
        await handoff.take_over(session, conversation, Taker(source=Source.ECHO))
    return taken_over


def _wished(kept: Sequence[Kept]) -> list[Wished]:
    return [
        Wished(
            contact=one.contact,
            wish=one.said.wish,
            at=one.said.event.at,
            message=one.row.id,
            conversation=one.row.conversation,
        )
        for one in kept
        if one.said.wish
    ]


def _asked(kept: Sequence[Kept], taken_over: Collection[ConversationId]) -> dict[ConversationId, Asked]:
    """What came too late to be answered is shown, and no more: yesterday's outage is not made up for at dawn."""
    asked: dict[ConversationId, Asked] = {}
    current = set()
    now = clock.now()
    for one in (one for one in kept if one.asks_for_answer and one.row.conversation not in taken_over):
        asked.setdefault(one.row.conversation, Asked(channel=one.channel)).arrivals.append(one.arrival)
        if one.said.is_current(now):
            current.add(one.row.conversation)
    return {conversation: new for conversation, new in asked.items() if conversation in current}


async def _note(session: TenantSession, told: Sequence[tuple[Wire, AccountNews]]) -> None:
    for wire, one in told:
        await news.note(session, wire.id, one)
        payload = {"kind": one.kind.value, "event": one.event}
        emit(session, Event(kind=EventKind.CONNECTION_NEWS, subject_id=wire.id, payload=payload))
