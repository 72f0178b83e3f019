"""The way into the staff group: which one, as whom, or why there is none to enter."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from admin_api.chatting import queries
from admin_api.chatting.keyboard import Keyboard
from admin_api.chatting.people import named
from admin_api.chatting.provider import open_provider
from admin_api.chatting.staff_chat import Here, StaffChat
from admin_api.chatting.telegram import Room
from admin_api.staff.stores import bots, groups, people
from admin_api.staff.stores.people import Linked
from core.db.sessions import Database
from core.errors import Conflict
from core.ids import CompanyId, ConnectionId
from core.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    room: Room
    bot: ConnectionId
    who: Linked
    people: Sequence[Linked]


async def visit(
    settings: Settings, database: Database, company: CompanyId, *, person: str | None, script: Path | None
) -> None:
    async with open_provider(settings) as provider:
        entered = await enter(provider, database, company, person=person)
        keyboard = Keyboard(prompt=lambda: chat.prompt, script=script, echoes=True)
        chat = StaffChat(
            here=Here(database=database, company=company, bot=entered.bot, people=entered.people),
            group=entered.room,
            who=entered.who,
            keyboard=keyboard,
        )
        await chat.open()
        await chat.converse()


async def enter(provider: httpx.AsyncClient, database: Database, company: CompanyId, *, person: str | None) -> Entered:
    async with database.tenant_session(company) as session:
        group = await groups.bound(session)
        if group is None:
            raise Conflict(
                "Esta empresa não tem grupo da equipe: `masteria staff code` faz o código que vincula um.",
                "This company has no staff group: `masteria staff code` makes the code that binds one.",
            )
        bot = ConnectionId(group.connection_id)
        if not await queries.is_played(session, bot):
            raise Conflict(
                f"O grupo {group.title} é de verdade: abra-o no Telegram.",
                f"The group {group.title} is a real one: open it in Telegram.",
            )
        at_work = await bots.get(session, bot)
        linked = await people.all_linked(session)
    if at_work is None or at_work.telegram_id is None:
        raise Conflict(
            "O bot da equipe ainda não começou a trabalhar: veja `masteria staff status`.",
            "The team's bot has not begun to work yet: see `masteria staff status`.",
        )
    if not linked:
        raise Conflict(
            "Ninguém está vinculado ao grupo: `masteria staff code --user EMAIL` faz o código de cada pessoa.",
            "Nobody is linked to the group: `masteria staff code --user EMAIL` makes a person's code.",
        )
    room = Room(provider=provider, chat=group.chat_id, bot=at_work.telegram_id)
    return Entered(room=room, bot=bot, who=named(linked, person), people=linked)
