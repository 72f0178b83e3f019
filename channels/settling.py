"""What became of sends that nobody confirmed: leases that ended, and silences that lasted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from channels.lines import Lines
from channels.policy import Patience, Settlement
from channels.registry import Registry
from channels.stores import statuses, unknowns
from channels.stores.connections import OpenedLine
from channels.stores.edits import Changed
from core import telemetry
from core.crashpoints import CrashPoint, crashpoint
from core.db.sessions import TenantSession
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger
from core.telemetry import OutboundOutcome

_OUTCOMES: Final = {Settlement.RESEND: OutboundOutcome.REQUEUED, Settlement.LIST: OutboundOutcome.AMBIGUOUS}

Heed = Callable[[TenantSession, Sequence[Changed]], Awaitable[None]]

log = get_logger(__name__)


async def mark_lapsed(floor: Floor) -> int:
    """Attempts of processes that died or hang become unknown: whether they arrived, only the provider knows."""
    done = 0
    for company, ids in (await unknowns.find_lapsed(floor.database)).items():
        async with floor.database.tenant_session(company) as session:
            lapsed = await unknowns.mark_lapsed(session, ids)
            crashpoint(CrashPoint.SETTLE_PRE_COMMIT)
        for kind, count in lapsed.items():
            telemetry.outbound(channel=kind, outcome=OutboundOutcome.UNKNOWN).inc(count)
            log.warning("outbox.lapsed", company=str(company), channel=kind, sends=count)
            done += count
    return done


async def join_parked(floor: Floor, heed: Heed) -> None:
    """News that came before what it is about. Whoever made something of these messages hears what changed."""
    for company in await unknowns.find_parked(floor.database):
        async with floor.database.tenant_session(company) as session:
            joined = await statuses.join_parked(session)
            await heed(session, joined.changed)


async def _opened(lines: Lines, registry: Registry, company: CompanyId) -> dict[ConnectionId, OpenedLine]:
    """A company whose keys are gone has no lines that would tell us anything."""
    try:
        opened = await lines.of(company)
    except AppError as error:
        log.warning("outbox.company_closed", company=str(company), reason=type(error).__name__)
        return {}
    return {one: line for one, line in opened.items() if line.kind in registry.kinds}


async def settle_silence(floor: Floor, registry: Registry, lines: Lines, patience: Patience) -> int:
    """Sent again where silence is proof that it never arrived, listed by name where it is not."""
    done = 0
    for company, ids in (await unknowns.find_old(floor.database, patience.silence)).items():
        opened = await _opened(lines, registry, company)
        echoing = {one for one, line in opened.items() if registry.get(line.kind).capabilities.echoes_tag}
        async with floor.database.tenant_session(company) as session:
            settled = await unknowns.settle_old(session, ids, echoing=echoing, news=patience.news)
            crashpoint(CrashPoint.RECONCILE_PRE_COMMIT)
        for one in settled:
            telemetry.outbound(channel=one.kind, outcome=_OUTCOMES[one.settlement]).inc()
        listed = sum(one.settlement is Settlement.LIST for one in settled)
        log.info("outbox.silence_settled", company=str(company), resent=len(settled) - listed, listed=listed)
        done += len(settled)
    return done
