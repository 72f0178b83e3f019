"""What follows from results: they are written down, with the breakers; and the gates are shut that they speak of.

A gate waits for calls that are on their way, whose results wait to be written: so it is shut by a task of its own, in
a transaction of its own.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from channels import batches, consent
from channels.consent import Evidence
from channels.envelope import Person
from channels.errors import AccountBlocked, CredentialRefused, OptedOut, ProviderTrouble, SendError
from channels.identities import identities_of
from channels.lines import Lines
from channels.pacing import Pacing
from channels.policy import Reason
from channels.stores import breakers, people
from channels.stores.connections import set_state
from channels.stores.people import Sighting
from channels.stores.results import BUG, NotTaken, Result, Taken, Unconfirmed, record
from core import clock, telemetry
from core.crashpoints import CrashPoint, crashpoint
from core.db.away import AWAY
from core.db.sessions import TenantSession
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.models.outbox import OutboundState
from core.models.people import ConnectionState, ConsentSource
from core.telemetry import OutboundOutcome

AWAY_SECONDS: Final = 0.5
_MOST: Final = 100
_TRIES: Final = 5
_GATHER_SECONDS: Final = 0.005  # what comes at the same time is written together
_OUR_FAULT: Final = ("22", "23", "42")  # SQLSTATE: about the data or the statement, and no better the next time

_STATES: Final[Mapping[type[SendError], ConnectionState]] = {
    CredentialRefused: ConnectionState.CREDENTIAL_REFUSED,
    AccountBlocked: ConnectionState.ACCOUNT_BLOCKED,
}
_OUTCOMES: Final = {
    OutboundState.QUEUED: OutboundOutcome.REQUEUED,
    OutboundState.FAILED: OutboundOutcome.FAILED,
}

log = get_logger(__name__)


@dataclass(slots=True)
class Recorder:
    """Writes down what calls came to. What cannot be written yet is kept, and the slot of its call with it."""

    floor: Floor
    lines: Lines
    pacing: Pacing
    release: Callable[[Sequence[Result]], None]
    _results: "asyncio.Queue[Result]" = field(default_factory=asyncio.Queue)
    _speaking: "asyncio.Queue[Result]" = field(default_factory=asyncio.Queue)
    _waiting: dict[CompanyId, list[Result]] = field(default_factory=dict)
    _sound: set[ConnectionId] = field(default_factory=set)  # without a failure since the last success

    def put(self, result: Result) -> None:
        self._results.put_nowait(result)

    async def write_down(self) -> None:
        """For ever: each company by itself, so that one whose rows somebody holds keeps no other waiting."""
        async with asyncio.TaskGroup() as writers:
            while True:
                result = await self._results.get()
                company = result.claim.company
                if company in self._waiting:
                    self._waiting[company].append(result)
                else:
                    self._waiting[company] = [result]
                    writers.create_task(self._write_all_of(company))

    async def _write_all_of(self, company: CompanyId) -> None:
        """In batches, and in the order in which they came, until nothing waits."""
        waiting = self._waiting[company]
        try:
            while waiting:
                await asyncio.sleep(_GATHER_SECONDS)
                results = waiting[:_MOST]
                await self._write(company, results)
                del waiting[: len(results)]
                self.release(results)
        finally:
            del self._waiting[company]

    async def _write(self, company: CompanyId, results: list[Result]) -> None:
        while True:
            try:
                async with self.floor.database.tenant_session(company) as session:
                    await self._draw_conclusions(session, results)
            except AWAY as error:
                if is_our_fault(error):
                    return await self._write_one_by_one(company, results)
                log.warning("outbox.record_waits", reason=type(error).__name__, results=len(results))
                await asyncio.sleep(AWAY_SECONDS)
            else:
                return await self._follow_up(results)

    async def _write_one_by_one(self, company: CompanyId, results: list[Result]) -> None:
        """One that cannot be written must not keep the others from it: its lease ends, and it is unknown."""
        if len(results) == 1:
            log.error("outbox.record_refused", outbound=str(results[0].claim.outbound))
            return
        for result in results:
            await self._write(company, [result])

    async def _draw_conclusions(self, session: TenantSession, results: Sequence[Result]) -> None:
        await record(session, results)
        failures, answered = _in_a_row(results)
        trials = {result.claim.connection for result in results if result.claim.is_trial}
        if restored := answered - (self._sound - trials):
            await breakers.note_successes(session, restored, trials=trials)
        if failures:
            await breakers.note_failures(session, failures, trials=trials)
        session.after_commit(lambda: self._note_sound(answered, but=failures.keys()))

    def _note_sound(self, answered: Collection[ConnectionId], *, but: Collection[ConnectionId]) -> None:
        self._sound |= set(answered)
        self._sound -= set(but)

    async def _follow_up(self, results: Sequence[Result]) -> None:
        crashpoint(CrashPoint.SEND_POST_COMMIT)
        for result in results:
            _tell(result)
            if _speaks_for_more(result):
                self._speaking.put_nowait(result)
        await self.pacing.note(results)

    async def shut_gates(self) -> None:
        """For ever. What is lost with the process is learned again from the next message of the same kind."""
        while True:
            result = await self._speaking.get()
            for tried in range(1, _TRIES + 1):
                try:
                    async with self.floor.database.tenant_session(result.claim.company) as session:
                        await shut_gate(session, result)
                except (AppError, *AWAY) as error:
                    level = log.error if tried == _TRIES else log.warning
                    level("outbox.gate_waits", reason=type(error).__name__, tried=tried)
                    await asyncio.sleep(AWAY_SECONDS * tried)
                else:
                    break
            self.lines.forget(str(result.claim.company))
            self._speaking.task_done()

    async def all_gates_shut(self) -> None:
        await self._speaking.join()


def is_our_fault(error: BaseException) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return str(state).startswith(_OUR_FAULT)


def _in_a_row(results: Sequence[Result]) -> tuple[Counter[ConnectionId], set[ConnectionId]]:
    """How many failures there are of each line since its last answer, and which lines have answered."""
    failures: Counter[ConnectionId] = Counter()
    answered: set[ConnectionId] = set()
    for result in results:
        if _is_failure(result):
            failures[result.claim.connection] += 1
        elif _is_answer(result):
            answered.add(result.claim.connection)
            del failures[result.claim.connection]
    return failures, answered


def _is_failure(result: Result) -> bool:
    """The provider, or the line to it, is in trouble; a refusal that it spelled out is an answer."""
    match result:
        case NotTaken(reason=reason, error=error):
            return reason == Reason.UNREACHABLE or isinstance(error, ProviderTrouble)
        case Unconfirmed(reason=reason):
            return reason != BUG
    return False


def _is_answer(result: Result) -> bool:
    """The provider spoke: not so where the call never began, or only a file was given to it."""
    return isinstance(result, Taken) or (isinstance(result, NotTaken) and result.error is not None)


def _tell(result: Result) -> None:
    """Every outcome is counted; those that a person may have to look into are logged."""
    telemetry.outbound(channel=result.claim.kind, outcome=_outcome(result)).inc()
    match result:
        case NotTaken(state=OutboundState.FAILED, reason=reason, error=error):
            log.warning("outbox.failed", outbound=str(result.claim.outbound), reason=reason, code=error and error.code)
        case Unconfirmed(reason=reason):
            log.warning("outbox.unconfirmed", outbound=str(result.claim.outbound), reason=reason)


def _outcome(result: Result) -> OutboundOutcome:
    match result:
        case Taken():
            return OutboundOutcome.ACCEPTED
        case NotTaken(state=state):
            return _OUTCOMES[state]
        case Unconfirmed():
            return OutboundOutcome.UNKNOWN


def _speaks_for_more(result: Result) -> bool:
    if isinstance(result, NotTaken):
        return type(result.error) in {*_STATES, OptedOut}
    return isinstance(result, Taken) and _news_of(result) is not None


def _news_of(result: Taken) -> Person | None:
    """The address as the provider spells it, where we know the person by another one only.

    What merely follows from an address that we know, such as the phone number of an id of WhatsApp, is no news.
    """
    told, known = result.accepted.recipient, result.claim.to
    if told is None or set(told.identities) <= set(known):
        return None
    if set(told.identities) <= set(identities_of(Person(identities=known))):
        return None
    return Person(identities=(*result.claim.to, *told.identities))


async def shut_gate(session: TenantSession, result: Result) -> None:
    """What says more than what became of its own message."""
    if isinstance(result, Taken) and (person := _news_of(result)):
        await people.resolve(session, [Sighting(person=person, at=clock.now())])
    error = result.error if isinstance(result, NotTaken) else None
    if isinstance(error, OptedOut):
        evidence = Evidence(source=ConsentSource.PROVIDER, quote=error.code)
        await consent.opt_out(session, result.claim.contact, evidence)
    elif error is not None:
        await block(session, result.claim.connection, error)


async def block(session: TenantSession, connection: ConnectionId, error: SendError) -> None:
    """A refusal of the connection itself: what waits for it waits until a person has mended it."""
    if state := _STATES.get(type(error)):
        await set_state(session, connection, state, error.name)
        await batches.pause_all_of(session, connection, error.name)
