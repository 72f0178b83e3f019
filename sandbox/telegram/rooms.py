"""What becomes of groups and of who is in them, whoever does it."""

from sandbox.telegram.chats import Chat, Kind
from sandbox.telegram.members import Member, Status
from sandbox.telegram.office import Office
from sandbox.telegram.people import User
from sandbox.telegram.topics import make_forum


def open_group(
    office: Office, title: str, *, creator: User, kind: Kind, is_forum: bool = False, chat_id: int | None = None
) -> Chat:
    chat = office.chats.open(kind, title, chat_id=chat_id)
    chat.members[creator.id] = Member(user=creator, status=Status.CREATOR)
    if is_forum:
        make_forum(chat)
    name = "supergroup_chat_created" if kind is Kind.SUPERGROUP else "group_chat_created"
    office.announce(chat, creator, {name: True})
    return chat


def become(office: Office, chat: Chat, new: Member, *, by: User) -> Member:
    """Joining and leaving are also told as messages; whoever leaves still hears that he does."""
    old = chat.member(new.user)
    joins, leaves = new.is_here and not old.is_here, old.is_here and not new.is_here
    if leaves:
        told = {"left_chat_participant": new.user.wire(), "left_chat_member": new.user.wire()}
        office.tell(chat, office.announce(chat, by, told))
    chat.members[new.user.id] = new
    if joins:
        user = new.user.wire()
        told_in = {"new_chat_participant": user, "new_chat_member": user, "new_chat_members": [user]}
        office.tell(chat, office.announce(chat, by, told_in))
    if old != new:
        office.hearing.moved(chat, by, old=old, new=new)
    return new


def upgrade(office: Office, chat: Chat, *, by: User) -> Chat:
    """A basic group becomes a supergroup with another id; the old one is there only to say so."""
    if chat.kind is not Kind.GROUP or chat.migrated_to is not None:
        raise ValueError("only a basic group can be upgraded, and once")
    new = office.chats.open(Kind.SUPERGROUP, chat.title)
    new.members = dict(chat.members)
    new.permissions = chat.permissions
    office.tell(chat, office.announce(chat, by, {"migrate_to_chat_id": new.id}))
    chat.migrated_to = new.id
    office.tell(new, office.announce(new, by, {"migrate_from_chat_id": chat.id}))
    return new


def retitle(office: Office, chat: Chat, title: str, *, by: User) -> None:
    chat.title = title
    office.tell(chat, office.announce(chat, by, {"new_chat_title": title}))


def turn_topics(office: Office, chat: Chat, *, by: User, are_on: bool) -> Chat:
    """A basic group is upgraded by it. Off, the topics are gone from sight, and come back with it."""
    if are_on and chat.kind is Kind.GROUP:
        chat = upgrade(office, chat, by=by)
    if are_on:
        make_forum(chat)
    else:
        chat.is_forum = False
    return chat
