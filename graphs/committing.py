"""The commit of turns: all that one leaves in one transaction, or nothing of it. Several of a company are one set.

Fenced three times: the turn must still be ours, nobody else may have taken over, and the customer must not have written
since, unless the turn has been run again often enough.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from agents.commands import Quote
from channels import consent
from channels.consent import Evidence
from channels.contents import Text
from channels.stores import outbox, pacing
from channels.stores.outbox import NewOutbound, Thread
from core.db.sessions import TenantSession
from core.errors import AppError
from core.events import Event, EventKind, emit
from core.ids import ConversationId, TurnId
from core.models.outbox import Purpose
from core.models.people import ConsentSource
from core.models.stream import Control, TurnOutcome
from graphs import handoff, leads
from graphs.conversation.rules import Rule
from graphs.conversation.state import Committed, Decision, Handover, Outcome, bundle
from graphs.stores import commits, effects, facts, handoffs, timers
from graphs.stores.commits import Patience
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun

_NEW_TOPIC: Final = f"{Rule.GOAL_SWITCHED}:"


class Unfenced(AppError):
    """Nothing of the turn counts; why, is in `committed`."""

    def __init__(self, committed: Committed) -> None:
        super().__init__("O turno não vale mais.", "The turn does not count any more.")
        self.committed = committed


async def commit(session: TenantSession, begun: Begun, outcome: Outcome) -> None:
    """By itself. Raises `Unfenced`, so that the transaction is rolled back with what was written until then."""
    ended, decision = Ended(begun=begun, outcome=outcome), outcome.decision
    if decision.opt_out is not None:  # first, for contacts are locked before conversations
        await _opt_out(session, ended, decision.opt_out)
    told = await _commit(session, [ended], Patience.WAIT)
    if (committed := told[ended.turn]) is not None and committed is not Committed.DONE:
        raise Unfenced(committed)


async def commit_together(session: TenantSession, turns: Sequence[Ended]) -> Mapping[TurnId, Committed | None]:
    """Those that do not count any more write nothing, and take nothing of the others back.

    None: somebody else holds its conversation, and nobody waits for that; it is to be committed by itself. No two of
    them are with the same contact, and none is an opt-out, which locks before all of this.
    """
    return await _commit(session, turns, Patience.SKIP)


async def _commit(
    session: TenantSession, turns: Sequence[Ended], patience: Patience
) -> Mapping[TurnId, Committed | None]:
    closed = await commits.close(session, turns, patience)
    threads = {one.conversation: thread for one in turns if (thread := closed[one.turn].thread) is not None}
    if threads:
        await _write(session, [one for one in turns if one.conversation in threads], threads)
    return {turn: one.committed for turn, one in closed.items()}


async def _write(session: TenantSession, turns: Sequence[Ended], threads: Mapping[ConversationId, Thread]) -> None:
    await leads.apply(session, turns)
    await facts.remember(session, turns)
    await timers.of_turns(session, turns)
    for one in turns:
        await _write_rare(session, one)
    await _queue(session, [one for one in turns if one.outcome.outcome is not TurnOutcome.DRAFTED], threads)
    for one in turns:
        _tell(session, one)


async def _write_rare(session: TenantSession, one: Ended) -> None:
    """What few turns leave."""
    await effects.propose(session, one.begun, one.decision.effects)
    if one.decision.handover is not None:
        await _hand_over(session, one, one.decision.handover)
    if one.outcome.outcome is TurnOutcome.DRAFTED:
        await commits.draft(session, one.begun, one.outcome.bubbles)
        emit(session, Event(kind=EventKind.DRAFT_PROPOSED, subject_id=one.conversation))


async def _opt_out(session: TenantSession, one: Ended, quote: Quote) -> None:
    """Where something is said to it all the same, people may answer what was asked for in the same breath, too."""
    message = await commits.message_at(session, one.conversation, quote.message)
    evidence = Evidence(source=ConsentSource.KEYWORD, quote=quote.text, message=message)
    newest = one.begun.snapshot.last_inbound_seq if one.outcome.bubbles else None
    answered = None if newest is None else await commits.message_at(session, one.conversation, newest)
    await consent.opt_out(session, one.contact, evidence, answered=answered)


async def _hand_over(session: TenantSession, one: Ended, handover: Handover) -> None:
    """Under a new epoch; what this turn still says is queued after it, and belongs to it."""
    seen = one.begun.snapshot.epoch
    epoch = await handoff.set_control(session, one.conversation, seen=seen, to=Control.QUEUED, reason=handover.reason)
    if epoch is None:
        raise Unfenced(Committed.TAKEN)
    await handoffs.open_one(session, one.begun, one.decision, epoch=epoch)


async def _queue(session: TenantSession, turns: Sequence[Ended], threads: Mapping[ConversationId, Thread]) -> None:
    """After what is still being typed in a conversation, unless the customer has gone on to something else."""
    speaking = [one for one in turns if one.outcome.bubbles]
    if elsewhere := [one.conversation for one in turns if _has_new_topic(one.decision)]:
        await pacing.withdraw(session, elsewhere)
    if speaking:
        free_at = await pacing.done_at(session, {one.conversation: one.begun.snapshot.now for one in speaking})
        news = [new for one in speaking for new in _news(one, starts=free_at[one.conversation])]
        await outbox.queue_new(session, news, threads)  # the fence lets a turn, and so its intents, through once


def _has_new_topic(decision: Decision) -> bool:
    return any(rule.startswith(_NEW_TOPIC) for rule in decision.rules)


def _news(one: Ended, *, starts: datetime) -> list[NewOutbound]:
    purpose = _purpose(one.decision)
    return [
        NewOutbound(
            conversation=one.conversation,
            intent=bundle(one.turn, number),
            content=Text(body=bubble.text),
            purpose=purpose,
            not_before=starts + timedelta(seconds=bubble.delay_seconds),
            turn=one.turn,
        )
        for number, bubble in enumerate(one.outcome.bubbles)
    ]


def _purpose(decision: Decision) -> Purpose:
    """Whom to call in a crisis is told to somebody, too, whose last word is that they want to hear no more of us."""
    is_last_word = decision.opt_out is not None and Rule.CRISIS in decision.rules
    return Purpose.NOTICE if is_last_word else Purpose.REPLY


def _tell(session: TenantSession, one: Ended) -> None:
    told = {
        "conversation": str(one.conversation),
        "outcome": one.outcome.outcome.value,
        "stage": one.decision.stage,
    }
    emit(session, Event(kind=EventKind.TURN_ENDED, subject_id=one.turn, payload=told))
