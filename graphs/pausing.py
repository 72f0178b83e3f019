"""The bot of a connection, switched off and on by people of the company: it wins over what it has queued already."""

from typing import Final

from channels.policy import Reason
from channels.stores import connections, outbox
from channels.stores.outbox import Scope
from core.audit import Actor
from core.db.sessions import TenantSession
from core.ids import ConnectionId
from core.models.outbox import Purpose

_OF_PERSONA: Final = frozenset({Purpose.REPLY})


async def pause(session: TenantSession, connection: ConnectionId, *, by: Actor) -> int | None:
    """No call to a provider for an answer of its persona starts after the commit, and its turns are not taken.

    How many messages were withdrawn; None where it was off already.
    """
    if not await connections.set_bot(session, connection, is_paused=True, by=by):
        return None
    scope = Scope(connection=connection, only=_OF_PERSONA)
    withdrawn = await outbox.withdraw(session, scope, Reason.BOT_PAUSED)
    await outbox.wait_for_starts(session, scope)
    return withdrawn


async def resume(session: TenantSession, connection: ConnectionId, *, by: Actor) -> bool:
    """What customers write from now on is answered. True: it was off."""
    return await connections.set_bot(session, connection, is_paused=False, by=by)
