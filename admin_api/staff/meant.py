"""The message of a conversation that an action is about: named by a button, replied to, or the last of its kind."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Ask
from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.texts import Text

Last = Callable[[TenantSession, ConversationId], Awaitable[UUID | None]]


async def message_of(ask: Ask, last: Last, how: Text) -> UUID:
    """A reply that stands for no message of theirs means none, and not the last one."""
    if (named := ask.arguments.get("message")) is not None:
        return UUID(str(named))
    replied, about = ask.place.replied, ask.place.about
    if replied is not None and replied.said_id is not None:
        return replied.said_id
    found = await last(ask.session, about.conversation) if about and replied is None else None
    if found is None:
        raise Misused(how)
    return found
