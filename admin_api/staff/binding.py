"""Codes that bind a group or link a person, and what becomes of groups: followed, mended, left."""

from dataclasses import dataclass, field
from typing import Final

from admin_api.staff import alarming
from admin_api.staff.acting import Acting
from admin_api.staff.bot import Bot
from admin_api.staff.stores import codes, groups, outgoing, people
from admin_api.staff.stores.groups import Seen
from admin_api.staff.stores.notes import NewNote, post
from admin_api.staff.stores.people import Account
from admin_api.staff.strangers import ANONYMOUS, Strangers
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.notes import Say
from channels.telegram_staff.problems import Problem
from channels.telegram_staff.rich import bold, code, lines
from channels.telegram_staff.rights import NEEDED, RIGHTS
from channels.telegram_staff.setup import Group, look_at
from channels.telegram_staff.updates import Migrated, OurStanding, Person, Renamed, Room, RoomKind, Said, Standing
from core import audit
from core.audit import Actor
from core.clock import Deadline
from core.db.sessions import TenantSession
from core.errors import Conflict
from core.ids import UserId
from core.logging import get_logger
from core.models.record import ActorKind
from core.models.staff import NoteLane, StaffGroup
from core.texts import Text

WORDS: Final = frozenset({"vincular", "link", "bind"})
START: Final = "start"  # with a code behind it, as the bot's address carries one
_UNBOUND_SECONDS: Final = 3600.0  # so long a group may take to be bound, where there is none yet

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    bot: Bot
    strangers: Strangers
    _waited_for: dict[int, Deadline] = field(default_factory=dict)

    async def typed(self, acting: Acting, said: Said, told_code: str) -> None:
        """`/vincular CODE`: in a group it binds the group, in private it links whoever the code was made for."""
        if said.sender is None or said.sender.is_anonymous:
            return await self._answer(acting, said, ANONYMOUS)
        if not await self.strangers.may_try(said.sender.id):
            return await self._ignore(acting)
        if not told_code:
            return await self._answer(acting, said, _NO_CODE)
        if said.room.is_private:
            return await self._link(acting, said, said.sender, told_code)
        return await self._bind(acting, said, said.sender, told_code)

    async def stands(self, acting: Acting, told: OurStanding) -> None:
        """We were added, promoted, muted or thrown out; or a person blocked us, or let us in again."""
        if told.room.is_private:
            async with acting.once() as session:
                if session is not None:
                    await self._note_private(session, told)
            return
        async with self.bot.session() as session:
            group = await groups.bound(session)
        if group is not None and group.chat_id == told.room.id:
            await self._follow(acting, told, group)
        elif told.now.is_there and not told.was.is_there:
            await self._arrive(acting, told, is_bound_elsewhere=group is not None)
        else:
            async with acting.once():
                return

    async def moved(self, acting: Acting, migrated: Migrated) -> None:
        async with acting.once() as session:
            if session is not None:
                await groups.move(session, self.bot.connection, migrated.room.id, migrated.to)

    async def renamed(self, acting: Acting, renamed: Renamed) -> None:
        async with acting.once() as session:
            group = None if session is None else await groups.bound(session)
            if session is not None and group is not None and group.chat_id == renamed.room.id:
                await groups.rename(session, group.id, renamed.title)

    async def outside(self, acting: Acting, room: Room) -> None:
        """Something was said in a group that was not ours: it is left, unless it may still be bound, or is by now."""
        async with acting.once() as session:
            if session is None:
                return
            group = await groups.bound(session)
        is_over = self._patience_with(room.id).passed if group is None else self._chat_in(group) != room.id
        if is_over:
            await self._leave(room.id)

    async def check(self) -> None:
        """As Telegram sees the group now; what is wrong is said by a second way, what is mended noted."""
        async with self.bot.session() as session:
            group = await groups.bound(session)
        chat = None if group is None else self._chat_in(group)
        if chat is not None:
            self._waited_for.pop(chat, None)
        for late in [late for late, until in self._waited_for.items() if until.passed]:
            await self._leave(late)
        if group is None or chat is None:
            return
        seen = await self._seen(group)
        if seen is None:
            return
        async with self.bot.session() as session:
            if await groups.note(session, group.id, seen):
                await self._tell(session, group, _problem(seen))

    # --- linking -----------------------------------------------------------------------------------------------------

    async def _link(self, acting: Acting, said: Said, sender: Person, told_code: str) -> None:
        async with acting.once() as session:
            if session is None:
                return
            why = await self._link_in(session, acting, said, sender, told_code)
        if why is not None:
            await self._say(said, why)

    async def _link_in(
        self, session: TenantSession, acting: Acting, said: Said, sender: Person, told_code: str
    ) -> Text | None:
        found = await codes.peek(session, told_code)
        if found is None:
            return _WRONG
        if found.user is None:
            return _FOR_A_GROUP
        if await people.role_of(session, found.user) is None:
            return _WRONG
        account = Account(telegram_id=sender.id, name=sender.name, chat=said.room.id)
        try:
            person = await people.link(session, found.user, account)
        except Conflict as conflict:
            return conflict.detail
        if await codes.use(session, told_code, sender.id) is None:
            raise Conflict(*_WRONG)  # somebody else was faster: nothing of this counts
        audit.record(session, _user(found.user), "staff.linked", subject=person, detail={"telegram_id": sender.id})
        text = lines(bold(_LINKED.in_(sender.speaks)), _LINKED_MORE.in_(sender.speaks))
        await post(
            session, NewNote(key=f"linked:{acting.key}", body=Say(text=text), lane=NoteLane.ANSWER, person=person)
        )
        return None

    # --- binding -----------------------------------------------------------------------------------------------------

    async def _bind(self, acting: Acting, said: Said, sender: Person, told_code: str) -> None:
        seen = await self._look(said.room)
        async with acting.once() as session:
            if session is None:
                return
            why = await self._bind_in(session, acting, sender, seen, told_code)
        if why is not None:
            await self._say(said, why)

    async def _bind_in(
        self, session: TenantSession, acting: Acting, sender: Person, seen: Seen | None, told_code: str
    ) -> Text | None:
        found = await codes.peek(session, told_code)
        if found is None:
            return _WRONG
        if found.user is not None:  # everybody has seen it now
            await codes.use(session, told_code, sender.id)
            return _FOR_ONE
        if seen is None:
            return _UNSEEN
        if (problem := _problem(seen)) is not None:
            return _MISSING[problem]
        if await codes.use(session, told_code, sender.id) is None:
            return _WRONG
        group = await groups.bind(session, self.bot.connection, seen, sender.id)
        linked = await people.find(session, sender.id)
        by = audit.SYSTEM if linked is None else _user(linked.user)
        audit.record(session, by, "staff.group_bound", subject=group.id, detail={"telegram_id": sender.id})
        text = lines(
            bold(_BOUND.in_(sender.speaks)), _BOUND_MORE.in_(sender.speaks), code("masteria staff code --user EMAIL")
        )
        await post(
            session, NewNote(key=f"bound:{acting.key}", body=Say(text=text), lane=NoteLane.ANSWER, group=group.id)
        )
        log.info("staff.group_bound", company=str(session.tenant_id), group=str(group.id))
        return None

    # --- groups ------------------------------------------------------------------------------------------------------

    async def _follow(self, acting: Acting, told: OurStanding, group: StaffGroup) -> None:
        seen = await self._seen(group)
        async with acting.once() as session:
            if session is None:
                return
            if seen is None:
                changed = await groups.say_problem(session, group.id, Problem.KICKED) if _is_out(told) else False
                problem: Problem | None = Problem.KICKED
            else:
                changed, problem = await groups.note(session, group.id, seen), _problem(seen)
            if changed:
                await self._tell(session, group, problem)

    async def _tell(self, session: TenantSession, group: StaffGroup, problem: Problem | None) -> None:
        await alarming.tell_chiefs(session, str(group.id), problem)
        if problem is None:
            await outgoing.hurry(session, group.id)

    async def _arrive(self, acting: Acting, told: OurStanding, *, is_bound_elsewhere: bool) -> None:
        """A company has one group: any other is left at once. Before it has one, there is time to bind this."""
        async with acting.once() as session:
            if session is None:
                return
        text = _ELSEWHERE if is_bound_elsewhere else _WELCOME
        await self.bot.say(told.room.id, text.in_(told.by.speaks))
        if is_bound_elsewhere:
            await self._leave(told.room.id)
        else:
            self._patience_with(told.room.id)

    async def _seen(self, group: StaffGroup) -> Seen | None:
        """None: Telegram does not say just now."""
        room = Room(id=group.chat_id, kind=RoomKind.SUPERGROUP, title=group.title)
        return await self._look(room)

    async def _look(self, room: Room) -> Seen | None:
        try:
            found = await look_at(self.bot.client, room.id, self.bot.me.id)
        except Failed as failed:
            if failed.kind is not Kind.GONE_CHAT:
                return None
            found = Group(chat=room.id, title=room.title, is_forum=room.is_forum, standing=Standing.KICKED)
        problem = _problem_of(found)
        return Seen(
            chat=found.chat,
            title=found.title,
            is_forum=found.is_forum,
            rights=dict(found.rights),
            problem=problem,
        )

    def _chat_in(self, group: StaffGroup) -> int | None:
        """Where we work. None: it is the group of another bot of the company."""
        return group.chat_id if group.connection_id == self.bot.connection else None

    def _patience_with(self, chat: int) -> Deadline:
        return self._waited_for.setdefault(chat, Deadline.after(_UNBOUND_SECONDS))

    async def _leave(self, chat: int) -> None:
        self._waited_for.pop(chat, None)
        try:
            await self.bot.client.leave(chat)
            log.info("staff.group_left", connection=str(self.bot.connection))
        except Failed as failed:
            log.warning("staff.group_not_left", connection=str(self.bot.connection), kind=failed.kind)

    async def _note_private(self, session: TenantSession, told: OurStanding) -> None:
        linked = await people.find(session, told.by.id)
        if linked is None:
            return
        if told.now.is_there:
            await people.note(session, linked, Account(telegram_id=told.by.id, name=told.by.name, chat=told.room.id))
        else:
            await people.lose_chat(session, linked.person)

    async def _ignore(self, acting: Acting) -> None:
        """Whoever tries so often is not answered any more."""
        async with acting.once():
            log.warning("staff.codes_tried", connection=str(self.bot.connection))

    async def _answer(self, acting: Acting, said: Said, text: Text) -> None:
        async with acting.once() as session:
            if session is None:
                return
        await self._say(said, text)

    async def _say(self, said: Said, text: Text) -> None:
        words = text.pt if said.sender is None else text.in_(said.sender.speaks)
        await self.bot.say(said.room.id, words, thread=said.room.topic, reply_to=said.message_id)


def _problem_of(group: Group) -> Problem | None:
    if not group.standing.is_there:
        return Problem.KICKED
    if group.standing not in {Standing.ADMINISTRATOR, Standing.CREATOR}:
        return Problem.NO_ADMIN
    if not group.is_forum:
        return Problem.NO_TOPICS
    return Problem.NO_RIGHT if NEEDED in group.lacks else None


def _problem(seen: Seen) -> Problem | None:
    return None if seen.problem is None else Problem(seen.problem)


def _is_out(told: OurStanding) -> bool:
    return not told.now.is_there


def _user(user: UserId) -> Actor:
    return Actor(ActorKind.USER, user)


_NO_CODE: Final = Text(
    "Diga o código: /vincular ABCDE-FGHJK. Ele vem de `masteria staff code`.",
    "Tell the code: /link ABCDE-FGHJK. It comes from `masteria staff code`.",
)
_WRONG: Final = Text(
    "Este código não vale: está errado, já foi usado ou passou de 1 hora. Gere outro com `masteria staff code`.",
    "This code does not count: it is wrong, used, or older than an hour. Make another with `masteria staff code`.",
)
_FOR_A_GROUP: Final = Text(
    "Este código vincula um grupo: mande-o no grupo da equipe. Para você, gere um com --user SEU-EMAIL.",
    "This code binds a group: send it in the staff group. For yourself make one with --user YOUR-EMAIL.",
)
_FOR_ONE: Final = Text(
    "Este código era de uma pessoa e agora todos o viram, então não vale mais. Gere outro e mande no privado.",
    "This code was for one person and everybody has seen it now, so it is void. Make another, and send it in private.",
)
_UNSEEN: Final = Text(
    "O Telegram não respondeu sobre este grupo: tente de novo em instantes.",
    "Telegram did not tell about this group: try again in a moment.",
)
_MISSING: Final = {
    Problem.KICKED: _UNSEEN,
    Problem.NO_ADMIN: Text(
        "Ainda não sou administrador daqui. Em Administradores, adicione-me com a permissão de gerenciar tópicos; "
        "depois mande o código de novo.",
        "I am no administrator here yet. Add me under Administrators with the right to manage topics; then send the "
        "code again.",
    ),
    Problem.NO_TOPICS: Text(
        "Os tópicos deste grupo estão desligados. Ligue-os em Configurações do grupo > Tópicos; depois mande o código "
        "de novo.",
        "The topics of this group are off. Turn them on in the group's settings > Topics; then send the code again.",
    ),
    Problem.NO_RIGHT: Text(
        f"Falta-me a permissão de {RIGHTS[NEEDED].pt}. Dê-a em Administradores; depois mande o código de novo.",
        f"I lack the right to {RIGHTS[NEEDED].en}. Grant it under Administrators; then send the code again.",
    ),
}
_LINKED: Final = Text("Pronto, sua conta está vinculada.", "Done, your account is linked.")
_LINKED_MORE: Final = Text(
    "Alarmes chegam por aqui. Veja o que posso fazer: /ajuda", "Alarms reach you here. See what I can do: /help"
)
_BOUND: Final = Text("Grupo vinculado: é aqui que a equipe trabalha.", "Group bound: this is where the staff works.")
_BOUND_MORE: Final = Text(
    "Cada cliente que precisar de uma pessoa ganha um tópico. Veja /ajuda. Quem atende precisa se vincular; gere um "
    "código para cada pessoa:",
    "Each customer who needs a person gets a topic. See /help. Whoever serves has to be linked; make a code for each:",
)
_WELCOME: Final = Text(
    "Olá! Para ligar este grupo à empresa: gere um código com `masteria staff code --company EMPRESA` e mande aqui "
    "/vincular CÓDIGO. Antes, ligue os tópicos e me faça administrador. Sem isso, saio daqui a uma hora.",
    "Hello! To bind this group, make a code with `masteria staff code --company COMPANY` and send /link CODE here. "
    "Before that, turn topics on and make me an administrator. Otherwise I leave in an hour.",
)
_ELSEWHERE: Final = Text(
    "Já trabalho no grupo da equipe desta empresa, e só lá. Vou sair deste grupo.",
    "I work in this company's staff group already, and only there. I leave this group.",
)
