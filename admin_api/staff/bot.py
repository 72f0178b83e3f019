"""A bot at work in this process: its company, its lease, and the line to Telegram."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from admin_api.staff.pacing import Pace
from admin_api.staff.stores.bots import Lease
from channels.telegram_staff.client import Client
from channels.telegram_staff.failures import Failed, Kind, told_apart
from channels.telegram_staff.setup import Myself
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import CompanyId, ConnectionId
from core.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    floor: Floor
    lease: Lease
    client: Client
    me: Myself
    pace: Pace

    @property
    def company(self) -> CompanyId:
        return self.lease.company

    @property
    def connection(self) -> ConnectionId:
        return self.lease.connection

    def session(self) -> AbstractAsyncContextManager[TenantSession]:
        return self.floor.database.tenant_session(self.company)

    async def say(self, chat: int, text: str, *, thread: int | None = None, reply_to: int | None = None) -> None:
        """Now or never, to whom no note can be posted: who is not linked, where no group is bound.

        Nobody waits for it: strangers must not hold up what the people of the company say.
        """
        try:
            if await self.pace.wait_of(chat):
                return
            with told_apart():
                await self.client.bot.send_message(
                    chat, text, message_thread_id=thread, reply_to_message_id=reply_to, allow_sending_without_reply=True
                )
        except Failed as failed:
            if failed.kind is Kind.FLOOD:
                await self.pace.slow_down(chat, failed.seconds)
            log.info("staff.not_answered", connection=str(self.connection), kind=failed.kind)
