"""The scene of an update: in which group, by whom, about which customer, in answer to what."""

from dataclasses import dataclass
from uuid import UUID

from admin_api.staff.asking import About, Asker
from admin_api.staff.bot import Bot
from admin_api.staff.stores import groups, people, scenes
from admin_api.staff.stores.people import Account, Linked
from admin_api.staff.stores.scenes import Topic
from channels.telegram_staff.updates import Person, Replied, Room
from core.db.sessions import TenantSession
from core.models.staff import StaffGroup, StaffLine


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Without an asker nobody that we know has said it."""

    is_private: bool
    group: StaffGroup | None
    asker: Asker | None
    about: About | None = None
    replied: StaffLine | None = None

    @property
    def is_outside(self) -> bool:
        """In a group that is not the company's."""
        return not self.is_private and self.group is None

    @property
    def group_id(self) -> UUID | None:
        return None if self.group is None else self.group.id


async def scene_of(
    bot: Bot, room: Room, sender: Person | None, reply: Replied | None, *, message_id: int | None = None
) -> Scene:
    """`message_id`: what it is about where it answers nothing, as a reaction."""
    answered = message_id if reply is None else reply.message_id
    async with bot.session() as session:
        asker = await _asker(session, sender, room)
        if room.is_private:
            return Scene(is_private=True, group=None, asker=asker)
        group = await groups.bound(session)
        if group is None or group.chat_id != room.id or group.connection_id != bot.connection:
            return Scene(is_private=False, group=None, asker=asker)
        line = None if answered is None else await scenes.line_at(session, group.id, answered)
        about = await _about(session, group, room, line)
        if about is None and message_id is not None:
            about = _as_about(await scenes.topic_of_card(session, group.id, message_id))
        return Scene(is_private=False, group=group, asker=asker, about=about, replied=line)


async def _about(session: TenantSession, group: StaffGroup, room: Room, line: StaffLine | None) -> About | None:
    """A reaction names no topic: the line that it is on does."""
    if room.topic is not None:
        found = await scenes.topic_at(session, group.id, room.topic)
    else:
        found = None if line is None or line.topic_id is None else await scenes.topic_of(session, line.topic_id)
    return _as_about(found)


def _as_about(found: Topic | None) -> About | None:
    if found is None:
        return None
    return About(topic=found.id, conversation=found.conversation, contact=found.contact, connection=found.connection)


async def _asker(session: TenantSession, sender: Person | None, room: Room) -> Asker | None:
    if sender is None or sender.is_bot or sender.is_anonymous:
        return None
    linked = await people.find(session, sender.id)
    if linked is None:
        return None
    chat = room.id if room.is_private else None
    await people.note(session, linked, Account(telegram_id=sender.id, name=sender.name, chat=chat))
    return _of(linked, sender)


def _of(linked: Linked, sender: Person) -> Asker:
    return Asker(
        person=linked.person,
        user=linked.user,
        name=sender.name or linked.name,
        role=linked.role,
        language=sender.speaks,
    )
