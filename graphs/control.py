"""What people of the company decide about who answers: from what they saw, once, on record, with what follows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from core import audit
from core.audit import Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, FieldError, Malformed
from core.ids import ConversationId, UserId
from core.models.record import ActorKind
from core.models.stream import Control, Trigger
from core.texts import Text
from graphs import drafts, handoff
from graphs.handoff import Source, Taker
from graphs.stores import drafts as drafted
from graphs.stores import handoff as store
from graphs.stores import handoffs, owed
from graphs.stores.handoff import Held

LONGEST_REASON: Final = 500
_BY_STAFF: Final = "by_staff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`seen`: the epoch of what the person looked at; without it, whatever stands there is changed."""

    to: Control
    by: Actor
    reason: str = ""
    user: UserId | None = None  # who is to have it
    queue: str | None = None
    seen: int | None = None
    source: Source = Source.API

    @property
    def taker(self) -> UserId | None:
        """Whoever asks takes it themselves, unless they name somebody."""
        return self.user or (UserId(self.by.id) if self.by.id and self.by.kind is ActorKind.USER else None)


async def change(session: TenantSession, conversation: ConversationId, wanted: Wanted) -> int:
    """The epoch from then on; the old one where it was so already."""
    held = await store.hold(session, conversation)
    if wanted.seen is not None and wanted.seen != held.epoch:
        raise Conflict(
            "Quem responde esta conversa mudou depois que você leu: leia de novo.",
            "Who answers this conversation changed after you read it: read it again.",
        )
    if held.control is Control.CLOSED and wanted.to is not Control.CLOSED:
        raise handoff.was_closed()
    epoch = await _STEPS[wanted.to](session, conversation, held, wanted)
    if epoch != held.epoch:
        detail = {"from": held.control.value, "to": wanted.to.value, "epoch": epoch}
        audit.record(session, wanted.by, "conversation.control", subject=conversation, detail=detail)
    return epoch


async def _take(session: TenantSession, conversation: ConversationId, held: Held, wanted: Wanted) -> int:
    """Of two who take at once, the one who comes second is told, unless they know whose place they take."""
    taker, has_it = wanted.taker, held.assignee
    if held.control is Control.HUMAN and has_it and taker and taker != has_it and wanted.seen is None:
        raise Conflict(
            "Outra pessoa já assumiu esta conversa: envie `epoch` para assumir no lugar dela.",
            "Somebody else has taken this conversation: send `epoch` to take their place.",
        )
    taken = await handoff.take_over(
        session, conversation, Taker(source=wanted.source, user=taker, reason=wanted.reason or _BY_STAFF)
    )
    return taken.epoch


async def _give_back(session: TenantSession, conversation: ConversationId, held: Held, wanted: Wanted) -> int:
    """The bot hears what was said while it was silent. What it had drafted, and is still an answer, goes out first."""
    if held.control is Control.HUMAN and not wanted.reason and await handoffs.demands_note(session, conversation):
        raise Malformed(
            "Conte ao bot o que ficou combinado: esta persona pede uma nota na devolução.",
            "Tell the bot what was agreed: this persona wants a note when it gets a conversation back.",
            errors=(FieldError(field="body.reason", message=Text("falta a nota", "the note is missing")),),
        )
    waiting = await drafted.waiting(session, conversation) if held.control is Control.COPILOT else None
    if waiting is not None and not waiting.is_stale:
        await drafts.accept(session, waiting.row.id, by=wanted.by)
    epoch = await handoff.give_back(session, conversation, by=wanted.taker, reason=wanted.reason)
    await _owe_return(session, conversation, held, wanted)
    return epoch


async def _assist(session: TenantSession, conversation: ConversationId, held: Held, wanted: Wanted) -> int:
    """The bot drafts, and a person sends."""
    if held.control is Control.COPILOT:
        return held.epoch
    epoch = await handoff.set_control(
        session, conversation, seen=held.epoch, to=Control.COPILOT, reason=wanted.reason or _BY_STAFF
    )
    if epoch is None:
        raise AssertionError("a conversation that is held has changed")
    await _owe_return(session, conversation, held, wanted)
    return epoch


async def _queue(session: TenantSession, conversation: ConversationId, held: Held, wanted: Wanted) -> int:
    if held.control is Control.QUEUED and wanted.queue is None:
        return held.epoch
    return await handoff.queue_up(session, conversation, reason=wanted.reason or _BY_STAFF, queue=wanted.queue)


async def _close(session: TenantSession, conversation: ConversationId, _: Held, wanted: Wanted) -> int:
    return await handoff.close(session, conversation, wanted.reason or _BY_STAFF)


async def _owe_return(session: TenantSession, conversation: ConversationId, held: Held, wanted: Wanted) -> None:
    """Only where the bot was silent: else it goes on where it was."""
    if held.control in {Control.HUMAN, Control.QUEUED}:
        payload = {"reason": "staff", "note": wanted.reason or None}
        told = {name: value for name, value in payload.items() if value is not None}
        await owed.owe(session, conversation, Trigger.STAFF_RETURN, payload=told)


_Step = Callable[[TenantSession, ConversationId, Held, Wanted], Awaitable[int]]
_STEPS: Final[Mapping[Control, _Step]] = {
    Control.BOT: _give_back,
    Control.COPILOT: _assist,
    Control.QUEUED: _queue,
    Control.HUMAN: _take,
    Control.CLOSED: _close,
}
