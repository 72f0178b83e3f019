"""Who answers in a conversation: the only writer of its control, and of the epoch that voids what a bot has queued.

When control goes to a person, or a conversation is closed, no call to a provider for a bot's message starts after the
commit. What people of the company wrote is sent all the same, and so is the confirmation of an opt-out.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from channels.policy import Reason
from channels.stores import outbox
from channels.stores.outbox import Scope
from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.events import Event, EventKind, emit
from core.ids import ConversationId, UserId
from core.models.outbox import Purpose
from core.models.stream import Control
from graphs.stores import drafts, handoffs
from graphs.stores import handoff as store
from graphs.stores.handoff import Held

_BOTS: Final = frozenset({Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING})
_WITHOUT_BOT: Final = frozenset({Control.HUMAN, Control.CLOSED})
_LONGEST_REASON: Final = 500


class Source(StrEnum):
    """How a person took over: from the business's own phone, in the staff group, or through the API."""

    ECHO = "echo"
    STAFF = "staff"
    API = "api"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taker:
    """`user` is unknown where somebody simply wrote from the business's phone."""

    source: Source
    user: UserId | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenOver:
    epoch: int
    withdrawn: int  # messages of a bot that were queued
    is_new: bool = True


async def take_over(session: TenantSession, conversation: ConversationId, taker: Taker) -> TakenOver:
    """A person answers from the commit on. Who already has the conversation keeps it as it is."""
    held = await _hold_open(session, conversation)
    if held.control is Control.HUMAN and taker.user in {None, held.assignee}:
        return TakenOver(epoch=held.epoch, withdrawn=0, is_new=False)
    await _demand_member(session, taker.user)
    change = _Change(control=Control.HUMAN, reason=taker.reason or taker.source, assignee=taker.user)
    done = await _apply(session, conversation, change)
    await handoffs.taken(session, conversation, taker.user)
    _emit(session, conversation, EventKind.CONVERSATION_TAKEN_OVER, done.epoch, source=taker.source, user=taker.user)
    return TakenOver(epoch=done.epoch, withdrawn=done.withdrawn)


async def give_back(
    session: TenantSession, conversation: ConversationId, *, by: UserId | None = None, reason: str = ""
) -> int:
    """The bot answers again, and nobody is assigned. The epoch, which is the old one where the bot did all along."""
    held = await _hold_open(session, conversation)
    if held.control is Control.BOT:
        return held.epoch
    change = _Change(control=Control.BOT, reason=reason or "given_back")
    epoch = (await _apply(session, conversation, change)).epoch
    await handoffs.ended(session, conversation)
    _emit(session, conversation, EventKind.CONVERSATION_GIVEN_BACK, epoch, user=by)
    return epoch


async def close(session: TenantSession, conversation: ConversationId, reason: str) -> int:
    """Nothing more is said in it: what the customer writes next opens another. Who had it stays on record."""
    held = await store.hold(session, conversation)
    if held.control is Control.CLOSED:
        return held.epoch
    change = _Change(control=Control.CLOSED, reason=reason, assignee=held.assignee)
    epoch = (await _apply(session, conversation, change)).epoch
    await handoffs.ended(session, conversation)
    _emit(session, conversation, EventKind.CONVERSATION_CLOSED, epoch)
    return epoch


async def set_control(
    session: TenantSession, conversation: ConversationId, *, seen: int, to: Control, reason: str
) -> int | None:
    """For whoever decided on what it saw, such as a turn: None, and nothing done, where the epoch is another by now.

    The bot's queued messages are void afterwards: queue what belongs to the change after it, under the new epoch.
    """
    held = await store.hold(session, conversation)
    if held.epoch != seen or held.control is Control.CLOSED:
        return None
    if held.control is to:
        return held.epoch
    keeps = to is not Control.BOT
    change = _Change(control=to, reason=reason, assignee=held.assignee if keeps else None)
    epoch = (await _apply(session, conversation, change)).epoch
    if to is Control.HUMAN:
        await handoffs.taken(session, conversation, held.assignee)
    elif to is not Control.QUEUED:  # whoever queues it opens its handoff, and knows why
        await handoffs.ended(session, conversation)
    if to in _EVENTS:
        _emit(session, conversation, _EVENTS[to], epoch)
    return epoch


async def queue_up(
    session: TenantSession, conversation: ConversationId, *, reason: str, queue: str | None = None
) -> int:
    """A person of the company wants another to take it; in another queue, too, if it waits in one already."""
    await _hold_open(session, conversation)
    epoch = (await _apply(session, conversation, _Change(control=Control.QUEUED, reason=reason))).epoch
    await handoffs.open_by_hand(session, conversation, queue=queue)
    return epoch


_EVENTS: Final = {
    Control.COPILOT: EventKind.CONVERSATION_COPILOT,
    Control.BOT: EventKind.CONVERSATION_GIVEN_BACK,
    Control.HUMAN: EventKind.CONVERSATION_TAKEN_OVER,
    Control.CLOSED: EventKind.CONVERSATION_CLOSED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Change:
    control: Control
    reason: str
    assignee: UserId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Changed:
    epoch: int
    withdrawn: int


async def _apply(session: TenantSession, conversation: ConversationId, change: _Change) -> _Changed:
    epoch = await store.write(
        session,
        conversation,
        control=change.control,
        reason=change.reason.replace("\0", "")[:_LONGEST_REASON],
        assignee=change.assignee,
    )
    await drafts.supersede(session, conversation)
    scope = Scope(conversation=conversation, only=_BOTS)
    withdrawn = await outbox.withdraw(session, scope, Reason.CONTROL_CHANGED)
    if change.control in _WITHOUT_BOT:
        await store.ignore_open_turn(session, conversation, reason=change.control)
        await outbox.wait_for_starts(session, scope)
    return _Changed(epoch=epoch, withdrawn=withdrawn)


async def _hold_open(session: TenantSession, conversation: ConversationId) -> Held:
    held = await store.hold(session, conversation)
    if held.control is Control.CLOSED:
        raise was_closed()
    return held


def was_closed() -> Conflict:
    return Conflict(
        "Esta conversa foi encerrada: quando a pessoa escrever, abre-se outra.",
        "This conversation was closed: when the person writes, another one opens.",
    )


async def _demand_member(session: TenantSession, user: UserId | None) -> None:
    if user is not None and not await store.is_member(session, user):
        raise NotFound("Esta pessoa não é da equipe desta empresa.", "This person is not a member of this company.")


def _emit(
    session: TenantSession,
    conversation: ConversationId,
    kind: EventKind,
    epoch: int,
    *,
    source: Source | None = None,
    user: UserId | None = None,
) -> None:
    payload = {"epoch": epoch, "source": source and source.value, "user": user and str(user)}
    told = {name: value for name, value in payload.items() if value is not None}
    emit(session, Event(kind=kind, subject_id=conversation, payload=told))
