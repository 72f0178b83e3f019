"""A staff group as the desk sees it: people who type and press, a Telegram that takes every note, and customers.

What the sender does in Telegram is done here by hand, in order, so that a test says when it happens.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, func, select, text, update

from admin_api.staff.actions import desk as desk_actions
from admin_api.staff.actions import desk_proposals
from admin_api.staff.asking import About, Asker, Attached, Place
from admin_api.staff.dispatch import Dispatch, Request
from admin_api.staff.following import Following
from admin_api.staff.heard import Heard, Known
from admin_api.staff.registry import Registry
from admin_api.staff.relay import Relay
from admin_api.staff.stores import scenes
from channels.contents import Content, Text
from channels.stores.thread import Entry, append
from channels.telegram_staff.notes import (
    Body,
    Button,
    Card,
    Change,
    Say,
    Show,
    from_json,
)
from channels.telegram_staff.updates import File, Person, Reacted, Replied, Room, RoomKind, Said, Spot
from core import clock
from core.events import Event, EventKind, emit
from core.floor import Floor
from core.ids import ConnectionId, ContactId, ConversationId, MessageId, UserId, new_id
from core.models.people import Connection, ConnectionKind, Contact, Membership, Role
from core.models.staff import NoteState, StaffGroup, StaffLine, StaffNote, StaffPerson, StaffTopic, TopicState
from core.models.stream import Author, Conversation, Direction
from core.storage import open_storage
from graphs import control, handoff
from graphs.control import Wanted
from graphs.handoff import Source, Taker
from tests.admin_api.staff.counter import command
from tests.fixtures.outbox import World, make_world

_NUMBERS: Final = itertools.count(1000)
_MAILS: Final = itertools.count()
CHAT: Final = -1001234567890


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """A note that Telegram took."""

    key: str
    body: Body
    topic: UUID | None
    person: UUID | None
    message: int

    @property
    def text(self) -> str:
        match self.body:
            case Say() | Card() | Change():
                return self.body.text.text
            case Show():
                return self.body.caption.text
        return ""

    @property
    def buttons(self) -> Sequence[Button]:
        rows = getattr(self.body, "buttons", ())
        return [button for row in rows for button in row]

    def button(self, word: str) -> Button:
        return next(button for button in self.buttons if word in button.text)


@dataclass
class Group:
    world: World
    group: UUID
    people: dict[str, Asker]
    relay: Relay
    dispatch: Dispatch
    following: Following
    posted: list[Posted] = field(default_factory=list)
    _updates: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def customer(self, words: str = "Quero ajuda", name: str = "Ana", **values: Any) -> ConversationId:
        conversation = await self.world.person(name=name, **values)
        await self.write(conversation, words)
        return conversation

    async def write(
        self, conversation: ConversationId, words: str | Content, author: Author = Author.CUSTOMER
    ) -> MessageId:
        content = Text(body=words) if isinstance(words, str) else words
        async with self.world.session() as session:
            entry = Entry(
                conversation=conversation,
                connection=self.world.connection,
                direction=Direction.IN if author is Author.CUSTOMER else Direction.OUT,
                author=author,
                content=content,
                provider_id=f"wamid.{new_id().hex}",
                provider_at=clock.now(),
            )
            [row] = await append(session, [entry])
            return row.id

    async def wait(
        self, conversation: ConversationId, reason: str = "customer_asked", queue: str | None = None
    ) -> None:
        """The conversation waits for a person."""
        async with self.world.session() as session:
            await handoff.queue_up(session, conversation, reason=reason, queue=queue)

    async def take_outside(
        self, conversation: ConversationId, source: Source = Source.API, who: str | None = None
    ) -> None:
        user = self.people[who].user if who else None
        async with self.world.session() as session:
            await handoff.take_over(session, conversation, Taker(source=source, user=user))

    async def change(self, conversation: ConversationId, **wanted: Any) -> None:
        async with self.world.session() as session:
            await control.change(session, conversation, Wanted(by=self.people["bia"].actor, **wanted))

    async def follow(self) -> list[Posted]:
        """What the group is told now."""
        while await self.following.follow(self.world.company) == 0:
            pass
        return await self.deliver()

    async def deliver(self) -> list[Posted]:
        fresh: list[Posted] = []
        async with self.world.session() as session:
            waiting = select(StaffNote).where(
                StaffNote.state == NoteState.QUEUED, StaffNote.not_before <= func.app_now()
            )
            for note in await session.scalars(waiting.order_by(StaffNote.id)):
                body = from_json(note.body)
                message = await self._said(session, note, body)
                note.state, note.sent_at, note.message_ids = NoteState.SENT, clock.now(), [message]
                about = getattr(body, "about", None)
                if about is not None:
                    session.add(
                        StaffLine(
                            tenant_id=self.world.company,
                            id=new_id(),
                            group_id=self.group,
                            message_id=message,
                            topic_id=note.topic_id,
                            kind=about.kind,
                            said_id=about.said,
                        )
                    )
                fresh.append(
                    Posted(key=note.key, body=body, topic=note.topic_id, person=note.person_id, message=message)
                )
        self.posted += fresh
        return fresh

    async def _said(self, session: Any, note: StaffNote, body: Body) -> int:
        number = next(_NUMBERS)
        topic = await session.get(StaffTopic, (self.world.company, note.topic_id)) if note.topic_id else None
        if topic is not None and topic.thread_id is None:
            topic.thread_id = number
        if topic is not None and topic.state is TopicState.WANTED:
            topic.state = TopicState.OPEN
        match body:
            case Card() if topic is not None:
                topic.card_message_id = topic.card_message_id or number
                return int(topic.card_message_id)
            case Change():
                return body.message_id
        return number

    async def topic(self, conversation: ConversationId) -> StaffTopic:
        async with self.world.session() as session:
            thread = await session.get_one(Conversation, (self.world.company, conversation))
            mine = select(StaffTopic).where(StaffTopic.contact_id == thread.contact_id)
            return (await session.scalars(mine)).one()

    async def place(self, conversation: ConversationId, **more: Any) -> Place:
        topic = await self.topic(conversation)
        about = About(
            topic=topic.id,
            conversation=ConversationId(topic.conversation_id),
            contact=ContactId(topic.contact_id),
            connection=ConnectionId(topic.connection_id),
        )
        return Place(group=self.group, about=about, **more)

    async def hear(self, who: str, conversation: ConversationId, words: str = "", **parts: Any) -> int:
        """Typed in the topic; gives the number of the message."""
        number = next(_NUMBERS)
        replies = parts.pop("replies", None)
        attached: Attached | None = parts.pop("attached", None)
        async with self.world.session() as session:
            replied = await scenes.line_at(session, self.group, replies) if replies else None
        place = await self.place(conversation, message_id=number, replied=replied, attached=attached)
        said = Said(
            room=_ROOM,
            sender=Person(id=1, name=who),
            message_id=number,
            at=clock.now(),
            text=words,
            reply=Replied(message_id=replies, sender=None) if replies else None,
            file=File(id="f", unique="u", kind=attached.kind) if attached else None,
            **parts,
        )
        async with self.world.session() as session:
            await self.relay.said(self._heard(session, who, place), said)
        return number

    async def edit(self, who: str, conversation: ConversationId, message: int, words: str) -> None:
        place = await self.place(conversation, message_id=message)
        said = Said(room=_ROOM, sender=Person(id=1, name=who), message_id=message, at=clock.now(), text=words)
        async with self.world.session() as session:
            await self.relay.edited(self._heard(session, who, place), said)

    async def react(self, who: str, conversation: ConversationId, message: int, *signs: str) -> None:
        place = await self.place(conversation, message_id=message)
        told = Reacted(room=_ROOM, sender=Person(id=1, name=who), message_id=message, signs=signs)
        async with self.world.session() as session:
            await self.relay.reacted(self._heard(session, who, place), told)

    async def press(self, who: str, conversation: ConversationId, button: Button) -> str:
        place = await self.place(conversation, message_id=next(_NUMBERS))
        assert button.data is not None
        async with self.world.session() as session:
            request = Request(asker=self.people[who], place=place, key=self._key())
            return await self.dispatch.pressed(session, request, button.data)

    async def type(self, who: str, conversation: ConversationId, line: str) -> None:
        place = await self.place(conversation, message_id=next(_NUMBERS))
        async with self.world.session() as session:
            request = Request(asker=self.people[who], place=place, key=self._key())
            await self.dispatch.typed(session, request, command(line))

    def _heard(self, session: Any, who: str, place: Place) -> Heard:
        known = Known(
            company=self.world.company,
            bot=self.world.connection,
            asker=self.people[who],
            place=place,
            key=self._key(),
        )
        return Heard(session=session, known=known)

    def _key(self) -> str:
        return f"update:{self.group}:{next(self._updates)}"

    async def thread(self, conversation: ConversationId) -> Conversation:
        async with self.world.session() as session:
            return await session.get_one(Conversation, (self.world.company, conversation))

    async def rows(self, sql: str, **bound: Any) -> list[Any]:
        async with self.world.session() as session:
            return list((await session.execute(text(sql), bound)).all())

    async def queued(self) -> list[Any]:
        """All that is to leave for customers, or has left."""
        return await self.rows("SELECT * FROM outbound ORDER BY seq")

    async def set_group(self, **settings: Any) -> None:
        async with self.world.session() as session:
            await session.execute(update(StaffGroup).values(settings=settings))

    async def emit(self, kind: str, subject: UUID, payload: dict[str, Any]) -> None:
        async with self.world.session() as session:
            emit(session, Event(kind=EventKind(kind), subject_id=subject, payload=payload))

    async def another_conversation(self, before: ConversationId, words: str) -> ConversationId:
        """Of the same person on the same connection."""
        was, after = await self.thread(before), ConversationId(new_id())
        async with self.world.session() as session:
            session.add(
                Conversation(
                    tenant_id=self.world.company,
                    id=after,
                    contact_id=was.contact_id,
                    connection_id=was.connection_id,
                    last_inbound_at=clock.now(),
                )
            )
        await self.write(after, words)
        return after

    async def age_message(self, conversation: ConversationId, age: timedelta) -> None:
        """The customer wrote so long ago."""
        async with self.world.session() as session:
            await session.execute(
                update(Conversation).where(Conversation.id == conversation).values(last_inbound_at=clock.now() - age)
            )

    async def set_contact(self, conversation: ConversationId, **values: Any) -> None:
        thread = await self.thread(conversation)
        async with self.world.session() as session:
            await session.execute(update(Contact).where(Contact.id == thread.contact_id).values(**values))


_ROOM: Final = Room(id=CHAT, kind=RoomKind.SUPERGROUP, is_forum=True, topic=1)
SPOT: Final = Spot(latitude=-23.5, longitude=-46.6)


async def open_group(floor: Floor) -> Group:
    """Bia and Caio answer, Dona owns the company, Leo only looks on."""
    world = await make_world(floor)
    bot, group = new_id(), new_id()
    roles = {"bia": Role.AGENT, "caio": Role.AGENT, "dona": Role.OWNER, "leo": Role.VIEWER}
    people: dict[str, Asker] = {}
    async with world.session() as session:
        session.add(Connection(tenant_id=world.company, id=bot, kind=ConnectionKind.TELEGRAM, name="Grupo"))
        await session.flush()
        session.add(
            StaffGroup(
                tenant_id=world.company,
                id=group,
                connection_id=bot,
                chat_id=CHAT - next(_NUMBERS),
                title="Equipe",
                is_forum=True,
                bound_by=1,
            )
        )
        for name, role in roles.items():
            people[name] = await _person(session, world, name.capitalize(), role)
    storage = open_storage(floor.settings.storage_url)
    registry = Registry((desk_actions, desk_proposals))
    made = Dispatch(registry, floor, storage)
    return Group(
        world=world,
        group=group,
        people=people,
        relay=Relay(floor=floor, storage=storage, dispatch=made),
        dispatch=made,
        following=Following(floor),
    )


async def _person(session: Any, world: World, name: str, role: Role) -> Asker:
    mail = f"equipe{next(_MAILS)}-{new_id().hex[-8:]}@exemplo.com"
    made = func.priv.create_user(new_id(), mail, name, "pt-BR", type_=Uuid)
    user = UserId((await session.scalars(select(made))).one())
    session.add(Membership(tenant_id=world.company, id=new_id(), user_id=user, role=role))
    await session.flush()
    person = new_id()
    row = StaffPerson(
        tenant_id=world.company,
        id=person,
        user_id=user,
        telegram_id=next(_NUMBERS) + (1 << 33),
        chat_id=next(_NUMBERS),
        name=name,
    )
    session.add(row)
    await session.flush()
    return Asker(person=person, user=user, name=name, role=role)


def kinds(posted: Sequence[Posted]) -> list[type[Body]]:
    return [type(one.body) for one in posted]
