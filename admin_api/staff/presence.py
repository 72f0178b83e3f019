"""A customer sees that somebody is there: whoever takes their conversation has read it, and seems to be writing.

Telegram tells no bot that a person types, so this is shown when they take it, where the channel can show it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError

from admin_api.staff.stores import desk
from admin_api.staff.stores.desk import LastHeard
from channels.errors import SendError, Unproven
from channels.lines import Lines
from channels.registry import Registry
from core.clock import Deadline
from core.errors import AppError
from core.floor import Floor
from core.http import CallFailed
from core.ids import CompanyId, ConversationId
from core.logging import get_logger

_SECONDS: Final = 3.0
_MOST: Final = 20  # of one look
_FAILED: Final = (SendError, Unproven, CallFailed, AppError, DBAPIError, OSError, TimeoutError)

log = get_logger(__name__)


@dataclass(slots=True)
class Presence:
    """One per process."""

    floor: Floor
    registry: Registry
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = Lines(self.floor.database, self.floor.ring)

    async def show(self, company: CompanyId, taken: Iterable[ConversationId]) -> None:
        """A courtesy: what comes of it concerns nobody."""
        async with self.floor.database.tenant_session(company) as session:
            heard = await desk.last_heard(session, list(taken)[:_MOST])
        async with asyncio.TaskGroup() as group:
            for one in heard:
                group.create_task(self._show(company, one))

    async def _show(self, company: CompanyId, one: LastHeard) -> None:
        if one.kind not in self.registry.kinds or not self.registry.get(one.kind).capabilities.has_typing:
            return
        try:
            line = (await self.lines.of(company, [one.connection])).get(one.connection)
            if line is not None:
                adapter = self.registry.get(one.kind)
                until = Deadline.after(_SECONDS)
                async with asyncio.timeout(_SECONDS):
                    await adapter.acknowledge(one.provider_id, line.line, until, is_typing=True)
        except _FAILED as error:
            log.info("staff.typing_not_shown", company=str(company), reason=type(error).__name__)
