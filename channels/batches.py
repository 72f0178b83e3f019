"""Bulk sends as a whole: started once, paused, resumed and ended at a word, and counted so that the figures add up."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from channels.policy import Reason
from channels.stores import batches as store
from channels.stores import outbox
from channels.stores.batches import Batch
from channels.stores.outbox import Scope
from core.db.sessions import TenantSession
from core.errors import Conflict, Malformed
from core.ids import ConnectionId
from core.models.outbox import BatchState, OutboundState

LONGEST_NAME: Final = 200
LONGEST_KEY: Final = 200
_LONGEST_REASON: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    in_flight: int  # calls that had begun before, and whose end is not known yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    withdrawn: int
    in_flight: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What became of all that was asked for. `accepted` counts those that went further as well."""

    requested: int
    queued: int
    sending: int
    unknown: int
    accepted: int
    failed: int
    suppressed: int
    expired: int
    ambiguous: int
    sent: int  # of the accepted, those that went at least this far
    delivered: int
    read: int


async def start(session: TenantSession, name: str, start_key: str) -> Batch:
    """The same key gives the same batch, whoever asks and however often; `is_new` says who made it."""
    return await store.start(
        session,
        name=_line(name, what="o nome", en="the name", longest=LONGEST_NAME),
        start_key=_line(start_key, what="a chave", en="the key", longest=LONGEST_KEY),
    )


async def pause(session: TenantSession, batch: UUID, reason: str) -> Paused:
    """No call to a provider for it starts after this transaction's commit; what is queued stays queued."""
    await _hold_open(session, batch)
    await store.write(session, batch, state=BatchState.PAUSED, reason=_short(reason))
    return Paused(in_flight=await outbox.wait_for_starts(session, Scope(batch=batch)))


async def resume(session: TenantSession, batch: UUID) -> bool:
    """True: it was paused."""
    held = await _hold_open(session, batch)
    if held.state is BatchState.RUNNING:
        return False
    await store.write(session, batch, state=BatchState.RUNNING, reason=None)
    await store.nudge(session)
    return True


async def end(session: TenantSession, batch: UUID, reason: str = "") -> Ended:
    """For good: what is queued is withdrawn, and nothing starts after the commit. Ended twice, it ends once."""
    held = await store.hold(session, batch)
    scope = Scope(batch=batch)
    if held.state is not BatchState.ENDED:
        await store.write(session, batch, state=BatchState.ENDED, reason=_short(reason) or None)
    withdrawn = await outbox.withdraw(session, scope, Reason.ENDED)
    return Ended(withdrawn=withdrawn, in_flight=await outbox.wait_for_starts(session, scope))


async def counts(session: TenantSession, batch: UUID) -> Counts:
    await store.find(session, batch)
    found = await outbox.counts(session, Scope(batch=batch))
    of = {state: found.get(state, 0) for state in OutboundState}
    read = of[OutboundState.READ]
    delivered = of[OutboundState.DELIVERED] + read
    sent = of[OutboundState.SENT] + delivered
    return Counts(
        requested=sum(count for state, count in of.items() if state is not OutboundState.DRAFT),
        queued=of[OutboundState.QUEUED],
        sending=of[OutboundState.SENDING],
        unknown=of[OutboundState.UNKNOWN],
        accepted=of[OutboundState.ACCEPTED] + sent,
        failed=of[OutboundState.FAILED],
        suppressed=of[OutboundState.SUPPRESSED],
        expired=of[OutboundState.EXPIRED],
        ambiguous=of[OutboundState.AMBIGUOUS],
        sent=sent,
        delivered=delivered,
        read=read,
    )


async def pause_all_of(session: TenantSession, connection: ConnectionId, reason: str) -> list[UUID]:
    """The connection is blocked: its running batches wait for a person, with their recipients still queued.

    Nobody is told "it is quiet now", so it does not wait for calls that have begun. Before any lock on a message.
    """
    return await store.pause_those_with_work(session, connection, reason=_short(reason))


async def _hold_open(session: TenantSession, batch: UUID) -> Batch:
    held = await store.hold(session, batch)
    if held.state is BatchState.ENDED:
        raise Conflict("Este lote de envios já terminou.", "This batch of messages has ended.")
    return held


def _line(text: str, *, what: str, en: str, longest: int) -> str:
    line = text.strip()
    if not 0 < len(line) <= longest or not line.isprintable():
        raise Malformed(
            f"Escreva {what} do lote em uma linha, com até {longest} caracteres.",
            f"Write {en} of the batch on one line, with {longest} characters at most.",
        )
    return line


def _short(reason: str) -> str:
    return reason.replace("\0", "").strip()[:_LONGEST_REASON]
