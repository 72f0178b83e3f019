"""The commit of a turn: all that it leaves in one transaction, or nothing of it.

Fenced three times: the turn must still be ours, nobody else may have taken over, and the customer must not have written
since, unless the turn has been run again often enough.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from agents.commands import Quote
from channels import consent
from channels.consent import Evidence
from channels.contents import Text
from channels.stores import outbox, pacing
from channels.stores.outbox import NewOutbound
from core.db.sessions import TenantSession
from core.errors import AppError
from core.events import Event, EventKind, emit
from core.models.outbox import Purpose
from core.models.people import ConsentSource
from core.models.stream import Control, TurnOutcome
from graphs import handoff, leads
from graphs.conversation.rules import Rule
from graphs.conversation.state import Bubble, Committed, Decision, Handover, Outcome, bundle
from graphs.stores import commits, effects, facts, handoffs, timers
from graphs.stores.snapshots import Begun

_NEW_TOPIC: Final = f"{Rule.GOAL_SWITCHED}:"


class Unfenced(AppError):
    """Nothing of the turn counts; why, is in `committed`."""

    def __init__(self, committed: Committed) -> None:
        super().__init__("O turno não vale mais.", "The turn does not count any more.")
        self.committed = committed


async def commit(session: TenantSession, begun: Begun, outcome: Outcome) -> None:
    """Raises `Unfenced`, so that the transaction is rolled back with all that was written before it was known."""
    decision = outcome.decision
    if decision.opt_out is not None:  # first, for contacts are locked before conversations
        await _opt_out(session, begun, decision.opt_out)
    closed = await commits.close(session, begun, outcome)
    if closed is not Committed.DONE:
        raise Unfenced(closed)
    await leads.apply(session, begun, decision)
    await facts.remember(session, begun, decision)
    await effects.propose(session, begun, decision.effects)
    await timers.of_turn(session, begun, decision)
    if decision.handover is not None:
        await _hand_over(session, begun, decision, decision.handover)
    if outcome.outcome is TurnOutcome.DRAFTED:
        await commits.draft(session, begun, outcome.bubbles)
        emit(session, Event(kind=EventKind.DRAFT_PROPOSED, subject_id=begun.snapshot.conversation))
    else:
        await _queue(session, begun, outcome)
    _tell(session, begun, outcome)


async def _opt_out(session: TenantSession, begun: Begun, quote: Quote) -> None:
    message = await commits.message_at(session, begun.snapshot.conversation, quote.message)
    evidence = Evidence(source=ConsentSource.KEYWORD, quote=quote.text, message=message)
    await consent.opt_out(session, begun.snapshot.contact, evidence)


async def _hand_over(session: TenantSession, begun: Begun, decision: Decision, handover: Handover) -> None:
    """Under a new epoch; what this turn still says is queued after it, and belongs to it."""
    snapshot = begun.snapshot
    epoch = await handoff.set_control(
        session, snapshot.conversation, seen=snapshot.epoch, to=Control.QUEUED, reason=handover.reason
    )
    if epoch is None:
        raise Unfenced(Committed.TAKEN)
    await handoffs.open_one(session, begun, decision, epoch=epoch)


async def _queue(session: TenantSession, begun: Begun, outcome: Outcome) -> None:
    """After what is still being typed in this conversation, unless the customer has gone on to something else."""
    conversation, decision = begun.snapshot.conversation, outcome.decision
    if any(rule.startswith(_NEW_TOPIC) for rule in decision.rules):
        await pacing.withdraw(session, conversation)
    if outcome.bubbles:
        starts = await pacing.done_at(session, conversation, since=begun.snapshot.now)
        await outbox.queue_many(session, _news(begun, outcome.bubbles, starts=starts, purpose=_purpose(decision)))


def _news(begun: Begun, bubbles: Sequence[Bubble], *, starts: datetime, purpose: Purpose) -> list[NewOutbound]:
    return [
        NewOutbound(
            conversation=begun.snapshot.conversation,
            intent=bundle(begun.claim.turn, number),
            content=Text(body=bubble.text),
            purpose=purpose,
            not_before=starts + timedelta(seconds=bubble.delay_seconds),
            turn=begun.claim.turn,
        )
        for number, bubble in enumerate(bubbles)
    ]


def _purpose(decision: Decision) -> Purpose:
    """Whom to call in a crisis is told to somebody, too, who wants to hear no more of us."""
    is_last_word = decision.opt_out is not None and Rule.CRISIS in decision.rules
    return Purpose.NOTICE if is_last_word else Purpose.REPLY


def _tell(session: TenantSession, begun: Begun, outcome: Outcome) -> None:
    told = {
        "conversation": str(begun.snapshot.conversation),
        "outcome": outcome.outcome.value,
        "stage": outcome.decision.stage,
    }
    emit(session, Event(kind=EventKind.TURN_ENDED, subject_id=begun.claim.turn, payload=told))
