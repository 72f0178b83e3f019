"""Why a message was sent, over HTTP."""

from typing import Final
from uuid import UUID

from admin_api.auth import Needs
from admin_api.resources import Session, resources
from admin_api.why.schemas import WhyOut
from core.models.people import Role
from graphs.stores import chains

messages: Final = resources("messages")


@messages.get("/{message_id}/why", dependencies=[Needs(Role.VIEWER)])
async def why(session: Session, message_id: UUID) -> WhyOut:
    """The whole chain: what was heard, how it was understood, which rules decided, what was checked, sent and read."""
    return WhyOut.of(await chains.of_message(session, message_id))
