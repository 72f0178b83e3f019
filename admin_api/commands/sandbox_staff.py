"""The sandbox's Telegram as the database knows it: after a restart the same group and people are there again."""

from dataclasses import dataclass
from typing import Final

from admin_api.staff.stores import groups, people
from admin_api.staff.stores.people import Linked
from channels.stores.connections import OpenedLine
from core.db.sessions import TenantSession
from sandbox.telegram.bots import Account, Bot
from sandbox.telegram.chats import Kind
from sandbox.telegram.members import USUAL_RIGHTS, Member, Status
from sandbox.telegram.people import User
from sandbox.telegram.provider import Telegram
from sandbox.telegram.rooms import become, open_group

_USERNAME: Final = "MasterIaBot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """A bot that is played, with what was bound and linked to it."""

    account: Account
    chat: int | None
    title: str
    linked: tuple[Linked, ...]


async def staff_of(session: TenantSession, opened: OpenedLine) -> Staff:
    settings, connection = opened.line.settings, opened.line.connection
    group = await groups.bound(session)
    is_ours = group is not None and group.connection_id == connection
    return Staff(
        account=Account(
            token=opened.line.secrets["token"], username=settings.get("username", _USERNAME), first_name="Master IA"
        ),
        chat=group.chat_id if group is not None and is_ours else None,
        title=group.title if group is not None else "",
        linked=tuple(await people.all_linked(session)),
    )


def play(telegram: Telegram, staff: Staff) -> None:
    """In one go: whoever asks for the bot finds its group, too."""
    bot = telegram.connect(staff.account)
    users = [_person(telegram, bot, one) for one in staff.linked]
    if staff.chat is None or not users or telegram.office.chats.group(staff.chat) is not None:
        return
    creator, *others = users
    forum = open_group(
        telegram.office, staff.title, creator=creator, kind=Kind.SUPERGROUP, is_forum=True, chat_id=staff.chat
    )
    become(telegram.office, forum, Member(user=bot.user, status=Status.ADMINISTRATOR, rights=USUAL_RIGHTS), by=creator)
    for user in others:
        telegram.join(forum, user, by=creator)


def _person(telegram: Telegram, bot: Bot, linked: Linked) -> User:
    known = next((user for user in telegram.people if user.id == linked.telegram_id), None)
    user = known or telegram.people.add(User(id=linked.telegram_id, first_name=linked.name))
    if linked.chat is not None:
        telegram.office.chats.private(bot.id, user).is_started = True
    return user
