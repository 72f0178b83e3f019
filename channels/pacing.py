"""Rate tokens for the sender, and what to leave alone for a moment."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError

from channels.errors import RateLimited
from channels.policy import asked_for
from channels.rate_limits import Regulars, connection_limit, interval_of, limits_of, pair_limit, rate_of
from channels.registry import Registry
from channels.stores import breakers
from channels.stores.claims import Due
from channels.stores.connections import OpenedLine
from channels.stores.results import NotTaken, Result
from core import rate_limit, telemetry
from core.clock import Deadline
from core.errors import Misconfigured, Unavailable
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.models.outbox import Lane
from core.models.people import ConnectionState
from core.rate_limit import Granted, Limit, Wait

_CLOSED_SECONDS: Final = 1.0
_LEAST_SECONDS: Final = 0.02  # a few tokens at a time, instead of a look at the outbox for each
_LONGEST_PASSED_OVER: Final = 0.3
_REMEMBERED_SECONDS: Final = 1.0
_AWAY_SECONDS: Final = 2.0  # a Valkey that hangs is not asked for every message
_AWAY: Final = (Unavailable, Misconfigured, RedisError, OSError)
_SLOW_DOWN_SECONDS: Final = 1.0
_BROKEN_SECONDS: Final = 5.0  # a line that does not work; its backlog must not fill every look at the outbox

log = get_logger(__name__)

Opened = Mapping[ConnectionId, OpenedLine]


@dataclass(frozen=True, kw_only=True, slots=True)
class Paced:
    """What may go now; and what has to wait for the person it is for, with the seconds."""

    go: Sequence[Due] = ()
    has_rested: bool = False  # lines were found that do not work: the next round goes on without them
    waits: Mapping[Due, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Rest:
    until: Deadline
    is_new: bool = True  # not one round has gone by without it


@dataclass(frozen=True, slots=True)
class _PassedOver:
    seconds: float
    until: Deadline


@dataclass(slots=True)
class Pacing:
    floor: Floor
    registry: Registry
    _resting: dict[tuple[ConnectionId, Lane], _Rest] = field(default_factory=dict)
    _passed_over: dict[UUID, _PassedOver] = field(default_factory=dict)
    _looked: Deadline = field(default_factory=lambda: Deadline.after(0.0))
    _regulars: Regulars = field(default_factory=Regulars)
    _without_valkey: Deadline = field(default_factory=lambda: Deadline(0.0))

    def look_again(self) -> None:
        """A new round: what was left alone for long enough is asked for again.

        For one round at least, however long a round takes: else those of a slow line, who wait the longest, would keep
        everybody else from being found.
        """
        self._looked = Deadline.after(0.0)
        self._resting = {key: rest for key, rest in self._resting.items() if rest.is_new or not rest.until.passed}
        for rest in self._resting.values():
            rest.is_new = False
        forgotten = self._looked.at - _REMEMBERED_SECONDS
        self._passed_over = {key: one for key, one in self._passed_over.items() if one.until.at > forgotten}

    def resting(self, lane: Lane) -> set[ConnectionId]:
        """Those that are not asked for just now."""
        return {connection for connection, of in self._resting if of is lane}

    def next_end(self) -> float:
        """Seconds until there is a reason for a new round."""
        rests = [rest.until.remaining for rest in self._resting.values()]
        others = [one.until for one in self._passed_over.values() if one.until.at > self._looked.at]
        return min([*rests, *(until.remaining for until in others)], default=float("inf"))

    def leave_alone(
        self, connections: Iterable[ConnectionId], seconds: float = _CLOSED_SECONDS, lanes: Iterable[Lane] = Lane
    ) -> None:
        until = Deadline.after(max(seconds, _LEAST_SECONDS))
        for key in ((connection, lane) for connection in connections for lane in lanes):
            known = self._resting.get(key)
            if known is None or known.until.at < until.at:
                self._resting[key] = _Rest(until)

    def pass_over(self, messages: Iterable[UUID]) -> None:
        """Somebody has them, or is deciding about them: each time they are found so, they are left alone for longer."""
        for message in messages:
            known = self._passed_over.get(message)
            seconds = min(2 * known.seconds, _LONGEST_PASSED_OVER) if known else _LEAST_SECONDS
            self._passed_over[message] = _PassedOver(seconds, Deadline.after(seconds))

    def is_passed_over(self, message: UUID) -> bool:
        known = self._passed_over.get(message)
        return known is not None and known.until.at > self._looked.at

    async def take(self, company: CompanyId, due: Sequence[Due], opened: Opened, lane: Lane) -> Paced:
        """Those that may go now. A token that a gate then wastes is lost; one that waits would waste a claim."""
        lines = {head.connection: opened.get(head.connection) for head in due}
        working = {one: line for one, line in lines.items() if line is not None and self._works(line)}
        broken = lines.keys() - working.keys()
        self.leave_alone(broken, _BROKEN_SECONDS)
        waiting = {one: [head for head in due if head.connection == one] for one in working}
        if not self._without_valkey.passed:
            return await self._take_without_valkey(company, waiting, working)
        given = await asyncio.gather(
            *(self._take_for(heads, working[one], lane) for one, heads in waiting.items()), return_exceptions=True
        )
        paced, lost = Paced(has_rested=bool(broken)), {}
        for connection, one in zip(waiting, given, strict=True):
            if isinstance(one, Paced):
                paced = replace(paced, go=[*paced.go, *one.go], waits={**paced.waits, **one.waits})
            elif isinstance(one, _AWAY):
                self._do_without_valkey(one)
                lost[connection] = waiting[connection]
            else:
                raise one
        if not lost:
            return paced
        more = await self._take_without_valkey(company, lost, working)
        return replace(paced, go=[*paced.go, *more.go])

    def _works(self, opened: OpenedLine) -> bool:
        return opened.kind in self.registry.kinds and opened.state is ConnectionState.ACTIVE

    async def _take_for(self, heads: Sequence[Due], opened: OpenedLine, lane: Lane) -> Paced:
        capabilities = self.registry.get(opened.kind).capabilities
        limits = limits_of(opened.line, capabilities, lane)
        go, waits = [], {}
        for head in heads[: await self._tokens(limits, opened.line.connection, most=len(heads), lane=lane)]:
            limit = pair_limit(capabilities, head.contact)
            wait = await self._wait_of(head, limit) if limit else None
            if wait is None:
                go.append(head)
            else:
                waits[head] = wait.seconds
        return Paced(go=go, waits=waits)

    async def _tokens(self, limits: tuple[Limit, ...], connection: ConnectionId, *, most: int, lane: Lane) -> int:
        """As many as there are, up to so many: asked for all at once, then for half of what is refused."""
        taken, cost = 0, min(most, *(limit.burst for limit in limits))
        while cost and taken < most:
            answer = await rate_limit.take(self.floor.valkey, *limits, group=str(connection), cost=cost)
            if isinstance(answer, Granted):
                taken += cost
                cost = min(cost, most - taken)
                continue
            if cost == 1:
                self.leave_alone([connection], answer.seconds, [lane])
            cost //= 2
        return taken

    async def _wait_of(self, head: Due, limit: Limit) -> Wait | None:
        cost = self._regulars.cost(head.connection, head.contact, limit)
        if cost:
            answer = await rate_limit.take(self.floor.valkey, limit, group=str(head.connection), cost=cost)
            if isinstance(answer, Wait):
                return answer
        self._regulars.note(head.connection, head.contact, limit)
        return None

    def _do_without_valkey(self, error: BaseException) -> None:
        log.warning("outbox.limiter_away", reason=type(error).__name__)
        self._without_valkey = Deadline.after(_AWAY_SECONDS)

    async def _take_without_valkey(
        self, company: CompanyId, waiting: Mapping[ConnectionId, Sequence[Due]], opened: Opened
    ) -> Paced:
        """The rate as the database counts it, and no other limit: a provider that minds the others says so."""
        go: list[Due] = []
        async with self.floor.database.tenant_session(company) as session:
            for connection, heads in sorted(waiting.items()):
                capabilities = self.registry.get(opened[connection].kind).capabilities
                interval = interval_of(opened[connection].line, capabilities)
                chosen = heads[: connection_limit(rate_of(opened[connection].line, capabilities)).burst]
                if await breakers.pace(session, connection, interval=interval, count=len(chosen)):
                    go += chosen
                self.leave_alone([connection], interval.total_seconds() * len(chosen))
        return Paced(go=go)

    async def note(self, results: Collection[Result]) -> None:
        """A provider that asks to slow down is obeyed by every process."""
        asked: dict[ConnectionId, float] = {}
        for result in results:
            if isinstance(result, NotTaken) and isinstance(result.error, RateLimited):
                pause = asked_for(result.error.retry_after)
                seconds = pause.total_seconds() if pause else _SLOW_DOWN_SECONDS
                asked[result.claim.connection] = max(seconds, asked.get(result.claim.connection, 0.0))
        for connection, seconds in asked.items():
            await self._slow_down(connection, seconds)

    async def _slow_down(self, connection: ConnectionId, seconds: float) -> None:
        telemetry.rate_limited(connection=connection).inc()
        self.leave_alone([connection], seconds)
        try:
            limit = connection_limit(1)  # a push-back is known by its name alone
            await rate_limit.push_back(self.floor.valkey, limit, group=str(connection), seconds=seconds)
        except _AWAY as error:
            self._do_without_valkey(error)
