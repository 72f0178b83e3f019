"""When a turn is owed to a conversation. Who takes it: `turn_taking.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from core import clock
from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.people import ConnectionKind
from graphs.debounce import Arrival, due_at
from graphs.stores import turns

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
        conversation: due_at(
            [*earlier.arrivals.get(conversation, ()), *new.arrivals], new.channel, wait=earlier.answer_wait
        )
        for conversation, new in asked.items()
    }
    await turns.open_turns(session, dues)


async def go_on(session: TenantSession, conversation: ConversationId, channel: ConnectionKind) -> None:
    """What a recording says is known now, or never will be: the turn that waits is due as if it had been written."""
    waiting = await turns.waiting(session, [conversation], since=clock.now() - _COLLECTING)
    if arrivals := waiting.arrivals.get(conversation):
        await turns.hurry(session, conversation, due_at(arrivals, channel, wait=waiting.answer_wait))
