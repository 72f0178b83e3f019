"""What a turn says of a company's knowledge: a question that nothing answered, an approved answer that was told.

Noted after the commit, so that nobody waits for it, and only of what was really said.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from core.db.away import AWAY
from core.db.sessions import Database, TenantSession
from core.errors import AppError
from core.logging import get_logger
from core.models.stream import Trigger
from graphs.conversation.nodes import FALLBACK, SEARCH_FAILED
from graphs.conversation.state import Outcome, Route
from graphs.stores.endings import Ended
from knowledge import approved, gaps

_OF_CUSTOMERS: Final = frozenset({Trigger.INBOUND, Trigger.VOICE_UTTERANCE})

log = get_logger(__name__)


async def learn(database: Database, ended: Ended) -> None:
    """A turn that is committed fails no more: what cannot be noted is left."""
    told, missed = told_answers(ended.outcome), missed_question(ended)
    if not told and missed is None:
        return
    snapshot = ended.begun.snapshot
    try:
        async with database.tenant_session(snapshot.company) as session:
            await _note(session, ended, told=told, missed=missed)
    except (AppError, *AWAY) as error:
        log.warning("knowledge.not_noted", turn=str(ended.begun.claim.turn), reason=type(error).__name__)


def missed_question(ended: Ended) -> str | None:
    """Asked of the company's knowledge, and answered from nowhere: no passage, no tool, no approved text.

    Where we could not search, or had no words that may be said, the gap is ours and not the company's.
    """
    decision, trace = ended.outcome.decision, ended.outcome.trace
    is_asked = decision.route is Route.STAGE and ended.begun.snapshot.trigger in _OF_CUSTOMERS
    is_answered = bool(trace.get("cited")) or bool(decision.reads)
    is_ours = FALLBACK in trace or SEARCH_FAILED in trace
    return decision.query if is_asked and not is_answered and not is_ours else None


def told_answers(outcome: Outcome) -> tuple[UUID, ...]:
    cited = set(outcome.trace.get("cited", ()))
    passages: list[Mapping[str, Any]] = list(outcome.trace.get("passages", ()))
    return tuple(UUID(one["source"]) for one in passages if one.get("approved") and one["id"] in cited)


async def _note(session: TenantSession, ended: Ended, *, told: tuple[UUID, ...], missed: str | None) -> None:
    for answer in told:
        await approved.count_hit(session, answer)
    if missed is not None:
        await gaps.note(session, missed, persona=ended.begun.version.persona.persona)
