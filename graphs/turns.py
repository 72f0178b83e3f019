"""Turns: when one is owed to a conversation, and what becomes of those whose time has come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core import clock
from core.crashpoints import CrashPoint, crashpoint
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import CompanyId, ConversationId
from core.models.people import ConnectionKind
from core.models.stream import TurnState
from graphs import store
from graphs.debounce import Arrival, due_at
from graphs.stores import turns
from graphs.stores.turns import Claim

NO_PERSONA: Final = "no_persona"
_MOST: Final = 200
_LEASE: Final = timedelta(seconds=8)  # closing is one transaction; of who died over it nobody knows before
_LOOK_SECONDS: Final = 0.5
# Much longer than any wait for more: of a turn that is older only its age matters, and not what was said since.
_COLLECTING: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was said just now in a conversation, and asks for an answer."""

    channel: ConnectionKind
    arrivals: list[Arrival] = field(default_factory=list)


async def owe(session: TenantSession, asked: Mapping[ConversationId, Asked]) -> None:
    """A turn to each of these, due when there has been silence for long enough."""
    if not asked:
        return
    earlier = await turns.waiting(session, asked.keys(), since=clock.now() - _COLLECTING)
    dues = {
        conversation: due_at([*earlier.get(conversation, ()), *new.arrivals], new.channel)
        for conversation, new in asked.items()
    }
    await turns.open_turns(session, dues)


async def run_due(floor: Floor) -> int:
    """How many were claimed. Nothing can run without a persona: a turn is closed, and says so."""
    claims = await store.claim_turns(floor.database, most=_MOST, lease=_LEASE)
    if claims:
        crashpoint(CrashPoint.TURN_PRE_START)
    for company, own in by_company(claims).items():
        async with floor.database.tenant_session(company) as session:
            await turns.close(session, own, state=TurnState.IGNORED, reason=NO_PERSONA)
    return len(claims)


async def seconds_to_next(_: Floor) -> float:
    """Whoever opens a turn says so, but not when it is due: one looks again, at the first row of an index."""
    return _LOOK_SECONDS


def by_company(claims: Iterable[Claim]) -> dict[CompanyId, list[Claim]]:
    grouped: dict[CompanyId, list[Claim]] = {}
    for claim in claims:
        grouped.setdefault(claim.company, []).append(claim)
    return grouped
