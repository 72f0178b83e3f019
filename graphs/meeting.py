"""Who is who in what came in: contacts found or made, numbers moved, people who turn out to be one made one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from channels.envelope import IdentityChanged, Person, PreferenceChanged, Status
from channels.errors import OptedOut
from channels.stores import mergers, people
from channels.stores.mergers import Renumbering
from channels.stores.people import Sighting
from channels.stores.statuses import Found, Told
from core.db.sessions import TenantSession
from core.ids import ContactId
from core.models.people import ConsentSource
from graphs import unions
from graphs.said import Said
from graphs.stores.incoming import Wire
from graphs.wishes import Wish, Wished

Item = TypeVar("Item")

_NOBODY: Final = Person(identities=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """All in a batch that is about people."""

    said: Sequence[Said]
    preferences: Sequence[PreferenceChanged]
    told: Sequence[tuple[Told, Found | None]]
    renumbered: Sequence[tuple[Wire, IdentityChanged]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    said: list[tuple[Said, ContactId]]
    wished: list[Wished]  # at the provider, not in a message


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stop:
    """The provider says that somebody wants no more, or wants again."""

    person: Person
    at: datetime
    wish: Wish
    contact: ContactId | None = None  # where the message that was refused tells whom it was for


async def meet(session: TenantSession, seen: Seen) -> Met:
    """Whoever wished something is locked afterwards, before any conversation is."""
    stops = [*_preferences(seen), *_refusals(seen)]
    sightings = [
        *(Sighting(person=one.person, at=one.event.at) for one in seen.said),
        *(Sighting(person=one.person, at=one.at) for one in stops),
        *(Sighting(person=_both(change), at=change.at) for _, change in seen.renumbered),
    ]
    resolved = await people.resolve(session, sightings)
    contacts = iter(resolved.contacts)
    said = [(one, contact) for one, contact in _with(seen.said, contacts) if contact]
    wished = [
        Wished(contact=contact, wish=one.wish, at=one.at)
        for one, found in _with(stops, contacts)
        if (contact := one.contact or found)
    ]
    changes = [(change, contact) for change, contact in _with(seen.renumbered, contacts) if contact]
    await people.lock(
        session,
        {one.contact for one in wished}
        | {contact for one, contact in said if one.wish}
        | {contact for merger in resolved.mergers for contact in (merger.kept, merger.gone)},
    )
    await unions.unite(session, resolved.mergers)
    await mergers.renumber(session, [_renumbering(wire, change, contact) for (wire, change), contact in changes])
    return Met(said=said, wished=wished)


def _with(items: Sequence[Item], contacts: Iterator[ContactId | None]) -> list[tuple[Item, ContactId | None]]:
    """The next contacts are those of these."""
    return [(item, next(contacts)) for item in items]


def _preferences(seen: Seen) -> Iterator[_Stop]:
    for one in seen.preferences:
        wish = Wish(is_stop=one.is_stop, source=ConsentSource.PROVIDER, quote=one.detail)
        yield _Stop(person=one.person, at=one.at, wish=wish)


def _refusals(seen: Seen) -> Iterator[_Stop]:
    """A message was not delivered because the person had told the provider to stop."""
    for one, found in seen.told:
        change = one.change
        if change.status is Status.FAILED and change.error and change.error.kind == OptedOut.name:
            wish = Wish(is_stop=True, source=ConsentSource.PROVIDER, quote=change.error.title)
            person = _NOBODY if found else change.recipient or _NOBODY
            yield _Stop(person=person, at=change.at, wish=wish, contact=found.contact if found else None)


def _both(change: IdentityChanged) -> Person:
    return Person(identities=(*change.old.identities, *change.new.identities), name=change.new.name)


def _renumbering(wire: Wire, change: IdentityChanged, contact: ContactId) -> Renumbering:
    key = f"{wire.id}|{change.provider_id}"
    return Renumbering(contact=contact, old=change.old, new=change.new, at=change.at, key=key)
