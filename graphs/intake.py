"""Intake: what providers posted is claimed, read and stored, in batches, and nothing of it is lost or done twice.

A batch that fails, or whose process dies, is tried again event by event: one that cannot be stored takes no neighbour
along. After three tries it is put in quarantine, where a person finds it and may have it tried again.
"""

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from channels import inbound
from channels.envelope import InboundEvent
from channels.inbound import BROKEN, Posted, Unreadable
from channels.registry import Registry
from core import telemetry
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY, is_trouble, state_of
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import CompanyId
from core.logging import get_logger
from core.telemetry import InboundOutcome
from graphs import arrivals, store
from graphs.arrivals import Item, Tally
from graphs.stores import incoming
from graphs.stores.incoming import Claim, Kept, Wire

MOST: Final = 500
LEASE: Final = timedelta(seconds=4)  # many times what a batch takes; what a dead engine had waits for that, and a look
SUSPECT_LEASE: Final = timedelta(seconds=15)  # who dies often may die of something else: three tries take their time
TRIES: Final = 3
_COMPANIES: Final = 4  # at once
_EVENTS: Final = 250  # of one transaction
_ITEMS: Final = 1000  # of one transaction, unless one event has more
_SUSPECTS: Final = 100  # of one pass
_RETRIES: Final = 5
_PAUSE_SECONDS: Final = 0.02
# Deadlock, serialization, a row that somebody else made meanwhile, a lock not got in time.
_TRANSIENT: Final = frozenset({"40P01", "40001", "23505", "55P03"})
_FAILED: Final = (*BROKEN, *AWAY)
_CRASHED: Final = "crashed"

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """An event as the things that it told, or why it could not be read."""

    claim: Claim
    wire: Wire | None
    events: Sequence[InboundEvent] = ()
    cause: str | None = None


async def take_in(floor: Floor, registry: Registry) -> int:
    """One pass: how many events were taken up. First those that nobody has tried, then the suspects one by one."""
    claims = await store.claim_incoming(floor.database, most=MOST, lease=LEASE)
    places = asyncio.Semaphore(_COMPANIES)
    async with asyncio.TaskGroup() as group:
        for company, own in _by_company(claims).items():
            group.create_task(_take_when_free(places, _Intake(floor, registry, company), own))
    return len(claims) + await _take_suspects(floor, registry)


async def replay(session: TenantSession, event: UUID) -> bool:
    """Try an event again that was put in quarantine. False: it is not there."""
    return await incoming.release(session, event)


async def _take_suspects(floor: Floor, registry: Registry) -> int:
    for count in range(_SUSPECTS):
        claims = await store.claim_incoming(floor.database, most=1, lease=SUSPECT_LEASE, suspects=True)
        if not claims:
            return count
        for claim in claims:
            intake = _Intake(floor, registry, claim.company)
            if claim.tries > TRIES:
                await intake.quarantine(claim, _CRASHED)
            else:
                await intake.take(claims)
    return _SUSPECTS


async def _take_when_free(places: asyncio.Semaphore, intake: "_Intake", claims: Sequence[Claim]) -> None:
    async with places:
        for start in range(0, len(claims), _EVENTS):
            await intake.take(claims[start : start + _EVENTS])


class _Intake:
    """Of one company."""

    def __init__(self, floor: Floor, registry: Registry, company: CompanyId) -> None:
        self._database = floor.database
        self._registry = registry
        self._company = company

    async def take(self, claims: Sequence[Claim]) -> None:
        """What fails here is left to its lease, and tried again by itself."""
        try:
            events = await self._read(claims)
            for chunk in _chunks(one for one in events if one.cause is None):
                await self._store(chunk)
        except _FAILED as error:
            await (self._give_back if is_trouble(error) else self._left)(claims, _name_of(error))
            return
        for one in events:
            if one.cause is not None:
                await self._left([one.claim], one.cause, one.wire)

    async def quarantine(self, claim: Claim, reason: str, wire: Wire | None = None) -> None:
        async with self._database.tenant_session(self._company) as session:
            if not await incoming.quarantine(session, claim, reason):
                return
            known = wire or await incoming.wire_of(session, claim)
            _count(session, Tally({(known.kind, InboundOutcome.QUARANTINED): 1}) if known else Tally())
        log.error("intake.quarantined", company=str(self._company), incoming=str(claim.event), reason=reason)

    async def _read(self, claims: Sequence[Claim]) -> list[_Read]:
        """Outside of a transaction: reading takes nothing but time."""
        async with self._database.tenant_session(self._company) as session:
            kept = await incoming.load(session, claims)
            wires = await incoming.wires(session, {one.connection for one in kept if one.connection})
        return [_read(one, wires.get(one.connection) if one.connection else None, self._registry) for one in kept]

    async def _store(self, events: Sequence[_Read]) -> None:
        for rest in reversed(range(_RETRIES)):
            try:
                await self._store_once(events)
            except DBAPIError as error:
                if not rest or state_of(error) not in _TRANSIENT:
                    raise
            else:
                return
            await asyncio.sleep(random.uniform(1, 2) * _PAUSE_SECONDS * (_RETRIES - rest))  # noqa: S311 - only spread

    async def _store_once(self, events: Sequence[_Read]) -> None:
        async with self._database.tenant_session(self._company) as session:
            ours = await incoming.finish(session, [one.claim for one in events])
            tally = await arrivals.take(session, _items(one for one in events if one.claim.event in ours))
            _count(session, tally)
            crashpoint(CrashPoint.INTAKE_PRE_COMMIT)
        crashpoint(CrashPoint.INTAKE_POST_COMMIT)

    async def _give_back(self, claims: Sequence[Claim], cause: str) -> None:
        """Trouble of ours is no try of the event's: it may have come three times, and the event is sound."""
        log.warning("intake.waits", company=str(self._company), events=len(claims), cause=cause)
        with suppress(*AWAY):  # then the try stays counted, and its lease ends by itself
            async with self._database.tenant_session(self._company) as session:
                await incoming.give_back(session, claims)

    async def _left(self, claims: Sequence[Claim], cause: str, wire: Wire | None = None) -> None:
        """The last try of a single event is the end of its tries."""
        log.warning("intake.left", company=str(self._company), events=len(claims), cause=cause)
        if len(claims) == 1 and claims[0].tries >= TRIES:
            await self.quarantine(claims[0], cause, wire)


def _read(kept: Kept, wire: Wire | None, registry: Registry) -> _Read:
    if wire is None:
        return _Read(claim=kept.claim, wire=None, cause="no_connection")
    posted = Posted(kind=wire.kind, settings=wire.settings, payload=kept.payload, body=kept.body)
    try:
        return _Read(claim=kept.claim, wire=wire, events=inbound.read(posted, registry))
    except Unreadable as error:
        return _Read(claim=kept.claim, wire=wire, cause=error.cause)


def _chunks(events: Iterable[_Read]) -> Iterator[list[_Read]]:
    """A transaction is for so many things, and an event is never divided."""
    chunk: list[_Read] = []
    size = 0
    for one in events:
        if chunk and size + len(one.events) > _ITEMS:
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += len(one.events)
    if chunk:
        yield chunk


def _items(events: Iterable[_Read]) -> Iterator[Item]:
    return (Item(wire=one.wire, event=event) for one in events if one.wire for event in one.events)


def _count(session: TenantSession, tally: Tally) -> None:
    def count() -> None:
        for (kind, outcome), number in tally.items():
            telemetry.inbound(channel=kind, outcome=outcome).inc(number)

    session.after_commit(count)


def _by_company(claims: Iterable[Claim]) -> dict[CompanyId, list[Claim]]:
    grouped: dict[CompanyId, list[Claim]] = {}
    for claim in sorted(claims, key=lambda claim: (claim.received, claim.event)):
        grouped.setdefault(claim.company, []).append(claim)
    return grouped


def _name_of(error: BaseException) -> str:
    """Never its text, which may quote what people wrote."""
    state = state_of(error)
    return f"{type(error).__name__} {state}".strip()
