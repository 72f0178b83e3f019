"""A company whose people ask for things in its group: what they type and press, and what the bot says to it."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, func, select, text

from admin_api.staff.asking import About, Asker, Place
from admin_api.staff.dispatch import Dispatch, Request, told
from admin_api.staff.registry import Registry
from channels.telegram_staff.notes import Body, Button, Change, Say, Show, from_json
from channels.telegram_staff.updates import Typed
from core.errors import Refused
from core.floor import Floor
from core.ids import UserId, new_id
from core.models.base import TenantEntity, TenantRow
from core.models.people import Connection, ConnectionKind, Membership, Role
from core.models.record import ActorKind, AuditEntry
from core.models.staff import NoteLane, StaffGroup, StaffNote, StaffPerson, StaffTopic
from core.storage import Storage, open_storage
from core.texts import Language
from graphs import leads
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, EIGHT, Salon, filled, open_salon

_NUMBERS: Final = itertools.count(1)
NAMES: Final = {"dona": Role.OWNER, "bia": Role.AGENT, "caio": Role.ADMIN, "leo": Role.VIEWER}


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What the bot said to one thing that was typed or pressed."""

    bodies: Sequence[Body]
    notes: Sequence[StaffNote]
    toast: str = ""

    @property
    def text(self) -> str:
        return "\n".join(_text(body) for body in self.bodies)

    @property
    def buttons(self) -> list[Button]:
        rows = [row for body in self.bodies if isinstance(body, (Say, Show, Change)) for row in body.buttons]
        return [button for row in rows for button in row]

    def button(self, words: str) -> Button:
        return next(button for button in self.buttons if words in button.text)


def command(line: str) -> Typed:
    """As it is read of an update that Telegram calls a command."""
    word, *rest = line.removeprefix("/").split(maxsplit=1)
    return Typed(word=word, rest="".join(rest).strip())


def _text(body: Body) -> str:
    if isinstance(body, Show):
        return body.caption.text
    return body.text.text if isinstance(body, (Say, Change)) else ""


@dataclass
class Counter:
    salon: Salon
    group: UUID
    people: dict[str, Asker]
    dispatch: Dispatch
    storage: Storage
    topics: dict[UUID, UUID] = field(default_factory=dict)  # of contacts

    @property
    def world(self) -> Any:
        return self.salon.world

    async def customer(self, name: str = "Ana", *, with_topic: bool = True, **values: Any) -> Somebody:
        who = await self.salon.person(**values)
        async with self.world.session() as session:
            await session.execute(
                text("UPDATE contacts SET name = :name WHERE id = :id"), {"name": name, "id": who.contact}
            )
        if with_topic:
            self.topics[who.contact] = new_id()
            topic = StaffTopic(
                id=self.topics[who.contact],
                group_id=self.group,
                contact_id=who.contact,
                connection_id=self.world.connection,
                conversation_id=who.conversation,
                thread_id=next(_NUMBERS),
                name=name,
            )
            await self.add(topic)
        return who

    async def member(self, name: str, role: Role) -> None:
        """One more of the company, linked to the group."""
        async with self.world.session() as session:
            self.people[name] = await _link(session, self.world.company, name, role, language=Language.PT)

    async def lead(self, who: Somebody) -> None:
        """They said what they are called and what they have to spend, and were moved by it."""
        await self.salon.say(who, "Sou a Ana, tenho 8 mil")
        slots = {"nome": filled(ANA, "Sou a Ana"), "orcamento": filled(EIGHT, "tenho 8 mil")}
        await self.salon.turn(who, leads.apply, slots=slots)

    async def add(self, *rows: TenantEntity | TenantRow) -> None:
        async with self.world.session() as session:
            for row in rows:
                row.tenant_id = self.world.company
                session.add(row)
                await session.flush()

    def place(self, about: Somebody | None = None, **more: Any) -> Place:
        if about is None or about.contact not in self.topics:
            return Place(group=self.group, message_id=next(_NUMBERS), **more)
        return Place(
            group=self.group,
            about=About(
                topic=self.topics[about.contact],
                conversation=about.conversation,
                contact=about.contact,
                connection=self.world.connection,
            ),
            message_id=next(_NUMBERS),
            **more,
        )

    def heard(self, who: str | None, place: Place, key: str | None = None) -> Request:
        asker = None if who is None else self.people[who]
        return Request(asker=asker, place=place, key=key or f"update:{new_id()}")

    async def type(
        self, who: str | None, words: str, about: Somebody | None = None, *, place: Place | None = None
    ) -> Said:
        """A refusal undoes what was begun and is said in a transaction of its own, as the process does it."""
        request = self.heard(who, place or self.place(about))
        try:
            async with self.world.session() as session:
                await self.dispatch.typed(session, request, command(words))
        except Refused as error:
            if request.asker is None:
                return Said(bodies=(), notes=(), toast=told(error, None))
            async with self.world.session() as session:
                await self.dispatch.warn(session, request, error)
        return await self.said(request.key)

    async def press(self, who: str, button: Button, about: Somebody | None = None) -> Said:
        request = self.heard(who, self.place(about))
        assert button.data is not None
        try:
            async with self.world.session() as session:
                toast = await self.dispatch.pressed(session, request, button.data)
        except Refused as error:
            return Said(bodies=(), notes=(), toast=told(error, request.asker))
        return await self.said(request.key, toast=toast)

    async def confirm(self, who: str, words: str, about: Somebody | None = None) -> Said:
        shown = await self.type(who, words, about)
        return await self.press(who, shown.button("Confirmar"), about)

    async def said(self, key: str, *, toast: str = "") -> Said:
        async with self.world.session() as session:
            posted = select(StaffNote).where(StaffNote.key.startswith(f"{key}:"), StaffNote.lane == NoteLane.ANSWER)
            notes = list(await session.scalars(posted.order_by(StaffNote.id)))
        return Said(bodies=[from_json(note.body) for note in notes], notes=notes, toast=toast)

    async def audited(self, who: str | None = None) -> list[tuple[str, dict[str, Any]]]:
        """What people of the group did, as it is on record."""
        async with self.world.session() as session:
            by_users = select(AuditEntry).where(AuditEntry.actor_kind == ActorKind.USER).order_by(AuditEntry.id)
            entries = await session.scalars(by_users)
            mine = None if who is None else self.people[who].user
            return [(one.action, one.detail) for one in entries if mine in {None, one.actor_id}]

    async def rows(self, sql: str, **bound: Any) -> list[Any]:
        async with self.world.session() as session:
            return list((await session.execute(text(sql), bound)).all())

    async def one(self, sql: str, **bound: Any) -> Any:
        [row] = await self.rows(sql, **bound)
        return row

    async def set(self, table: str, values: Mapping[str, Any], **where: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        [(column, value)] = where.items()
        sql = f"UPDATE {table} SET {changes} WHERE {column} = :where"  # noqa: S608 - names of a test
        async with self.world.session() as session:
            await session.execute(text(sql), {**values, "where": value})


async def open_counter(floor: Floor, home: Path, *, language: Language = Language.PT) -> Counter:
    salon = await open_salon(floor)
    world, group, bot = salon.world, new_id(), new_id()
    people: dict[str, Asker] = {}
    async with world.session() as session:
        session.add(Connection(tenant_id=world.company, id=bot, kind=ConnectionKind.TELEGRAM, name="Grupo"))
        await session.flush()
        session.add(
            StaffGroup(
                tenant_id=world.company,
                id=group,
                connection_id=bot,
                chat_id=-1_001_000_000_000 - next(_NUMBERS),
                title="Equipe",
                is_forum=True,
                bound_by=1,
            )
        )
        for name, role in NAMES.items():
            people[name] = await _link(session, world.company, name, role, language=language)
    storage = open_storage(f"file://{home}")
    return Counter(
        salon=salon, group=group, people=people, dispatch=Dispatch(Registry(), floor, storage), storage=storage
    )


async def _link(session: Any, company: UUID, name: str, role: Role, *, language: Language) -> Asker:
    made = func.priv.create_user(
        new_id(), f"{name}-{new_id().hex[-10:]}@exemplo.com", name.title(), "pt-BR", type_=Uuid
    )
    user, person = UserId((await session.scalars(select(made))).one()), new_id()
    session.add(Membership(tenant_id=company, id=new_id(), user_id=user, role=role))
    await session.flush()
    row = StaffPerson(
        tenant_id=company,
        id=person,
        user_id=user,
        telegram_id=(1 << 33) + next(_NUMBERS),
        chat_id=next(_NUMBERS),
        name=name.title(),
    )
    session.add(row)
    await session.flush()
    return Asker(person=person, user=user, name=name.title(), role=role, language=language)
