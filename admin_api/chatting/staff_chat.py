"""Somebody of the company in a terminal: sees their group, writes into its topics, presses its buttons."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from pathlib import Path
from typing import Final

from admin_api.chatting import queries, telegram
from admin_api.chatting.group_board import PRIVATE, Board, Named
from admin_api.chatting.group_words import (
    HELP,
    Act,
    Await,
    Become,
    Edit,
    Explain,
    Go,
    Leave,
    Press,
    React,
    Save,
    Send,
    Write,
    act_of,
)
from admin_api.chatting.keyboard import Keyboard
from admin_api.chatting.people import named
from admin_api.chatting.provider import LONGEST_WAIT
from admin_api.chatting.telegram import GENERAL, Room
from admin_api.staff.stores.people import Linked
from admin_api.terminal import text
from core.clock import Deadline
from core.db.sessions import Database
from core.errors import AppError, Conflict, NotFound, Unavailable
from core.ids import CompanyId, ConnectionId
from core.texts import language_of_terminal

_LOOK_SECONDS: Final = 0.2
_MOST_AT_FIRST: Final = 80  # lines
_LONGEST_WAIT: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """The group, and who is in it."""

    database: Database
    company: CompanyId
    bot: ConnectionId
    people: Sequence[Linked]


@dataclass(slots=True)
class StaffChat:
    here: Here
    group: Room
    who: Linked
    keyboard: Keyboard
    board: Board = field(default_factory=Board)
    place: int = GENERAL
    _seen: dict[int, int] = field(default_factory=dict)  # of each chat, up to which version
    _said: list[str] = field(default_factory=list)  # since the last thing that was done
    _is_over: bool = False

    @property
    def prompt(self) -> str:
        return f"{self.who.name} · {self.board.title(self.place)}: "

    @property
    def private(self) -> Room:
        return Room(provider=self.group.provider, chat=self.who.telegram_id, bot=self.group.bot)

    async def open(self) -> None:
        """What is there already: of the group, not of everybody who was in it."""
        lines = await self._news(self.group)
        hidden = [text("(… e antes disso mais)", "(… and more before that)")] if len(lines) > _MOST_AT_FIRST else []
        self._show([*hidden, *lines[-_MOST_AT_FIRST:], self._greeting()])

    async def converse(self) -> None:
        if not self.keyboard.is_person:
            await self._play()
            return
        try:
            await self._type()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None  # one look at the group is as good as the other

    async def _type(self) -> None:
        async with asyncio.TaskGroup() as group:
            watching = [group.create_task(self._watch()), group.create_task(self._watch_private())]
            async for line in self.keyboard.lines():
                await self._try(line)
                if self._is_over:
                    break
            for one in watching:
                one.cancel()

    async def _play(self) -> None:
        """One line after the other, each once the one before has come to its end."""
        async for line in self.keyboard.lines():
            act = act_of(line)
            if isinstance(act, Go | Become | Save | Explain):  # of the rest the group itself shows what was done
                self.keyboard.show([f"{self.prompt}{line}"])
            await self._do(act)
            if self._is_over:
                return
            await self._settle()

    async def _watch(self) -> None:
        while True:
            await self._look(self.group, seconds=LONGEST_WAIT)

    async def _watch_private(self) -> None:
        """Of whoever one is now: after a change the next look is at theirs."""
        while True:
            await self._look(self.private, seconds=2)

    async def _look(self, room: Room, *, seconds: int = 0) -> None:
        self._show(await self._news(room, seconds=seconds))

    async def _news(self, room: Room, *, seconds: int = 0) -> list[str]:
        """All of it, however many pages that takes."""
        lines: list[str] = []
        while items := await room.changed(self._seen.get(room.chat, 0), seconds=seconds):
            lines += [line for item in items for line in self.board.lines(item)]
            self._seen[room.chat] = items[-1]["version"]
            seconds = 0
        return lines

    def _show(self, lines: Sequence[str]) -> None:
        self._said += lines
        self.keyboard.show(lines)

    async def _settle(self) -> None:
        """Until nothing is owed any more; a script says itself for what else it waits."""
        deadline = Deadline.after(_LONGEST_WAIT)
        while not deadline.passed:
            is_fetched = await self.group.pending() == 0
            async with self.here.database.tenant_session(self.here.company) as session:
                is_quiet = await queries.staff_is_quiet(session, self.here.bot)
            await self._look(self.group)
            await self._look(self.private)
            if is_fetched and is_quiet:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        self._show([text("(o grupo ainda tem o que dizer; sigo)", "(the group has more to say; going on)")])

    async def _try(self, line: str) -> None:
        """What cannot be done is said, and the next line may be typed."""
        try:
            await self._do(act_of(line))
        except Unavailable:
            raise
        except AppError as error:
            self._show([f"✗ {error.detail.in_(language_of_terminal())}"])

    @singledispatchmethod
    async def _do(self, act: Act) -> None:
        raise TypeError(type(act).__name__)

    @_do.register
    async def _(self, act: Write) -> None:
        if act.reply_to is None:
            await self._post(self.place, telegram.text(act.words))
        else:
            at = self._message(act.reply_to)
            await self._post(at.place, telegram.text(act.words), reply_to=at.message)

    @_do.register
    async def _(self, act: Send) -> None:
        content = telegram.voice(act.words) if act.kind == "voice" else telegram.photo(act.words)
        await self._post(self.place, content)

    @_do.register
    async def _(self, act: Press) -> None:
        button = self.board.button(act.button)
        if button is None or not self.board.is_on(button):
            raise NotFound(
                f"Não há botão [{act.button}] agora. Para escrever o número: `:dizer {act.button}`.",
                f"There is no button [{act.button}] now. To write the number: `:say {act.button}`.",
            )
        room = self._room(button.on.place)
        self._show([f"    {self.who.name} ▸ [{act.button}] {button.label}"])
        shown = await room.answered(await room.press(self.who.telegram_id, button.on.message, button.label))
        if shown is None:
            self._show([text("    (o bot não respondeu ao botão)", "    (the bot did not answer the button)")])
        elif shown:
            self._show([f"    💬 {shown}"])

    @_do.register
    async def _(self, act: Go) -> None:
        if not act.name:
            self._show([*self.board.listed(), f"  #bot {self.board.title(PRIVATE)}"])
            return
        place = self.board.place_named(act.name)
        if place is None:
            raise NotFound(
                f"Não há tópico `{act.name}`: digite # para ver os que há.",
                f"There is no topic `{act.name}`: type # to see those there are.",
            )
        self.place = place

    @_do.register
    async def _(self, act: Edit) -> None:
        at = self._message(act.message)
        await self._room(at.place).edit(self.who.telegram_id, at.message, act.words)

    @_do.register
    async def _(self, act: React) -> None:
        at = self._message(act.message)
        signs = (act.emoji,) if act.emoji else ()
        await self._room(at.place).react(self.who.telegram_id, at.message, signs)

    @_do.register
    async def _(self, act: Save) -> None:
        at = self._message(act.message)
        if (file_id := self.board.files.get(at)) is None:
            raise NotFound(f"A mensagem {act.message} não tem arquivo.", f"Message {act.message} has no file.")
        kept = await self.group.file(file_id)
        await asyncio.to_thread(_keep, act.path, kept["data"])
        self._show([f"  {act.path} ({kept['mime_type']})"])

    @_do.register
    async def _(self, act: Become) -> None:
        self.who = named(self.here.people, act.name)

    @_do.register
    async def _(self, act: Await) -> None:
        """It may have been said since the last thing that was done."""
        deadline = Deadline.after(_LONGEST_WAIT)
        while not any(act.words in line for line in self._said):
            if deadline.passed:
                seconds = int(_LONGEST_WAIT)
                raise Unavailable(
                    f"Em {seconds} s ninguém disse: {act.words}", f"Within {seconds} s nobody said: {act.words}"
                )
            await self._look(self.group, seconds=1)
            await self._look(self.private)
        self._said.clear()

    @_do.register
    async def _(self, _: Explain) -> None:
        self._show([text(HELP.pt, HELP.en)])

    @_do.register
    async def _(self, _: Leave) -> None:
        self._is_over = True

    async def _post(self, place: int, content: dict[str, str], *, reply_to: int | None = None) -> None:
        self._said.clear()
        thread = place if place not in {GENERAL, PRIVATE} else None
        await self._room(place).write(self.who.telegram_id, content, thread=thread, reply_to=reply_to)

    def _room(self, place: int) -> Room:
        return self.private if place == PRIVATE else self.group

    def _message(self, number: int) -> Named:
        found = self.board.message(number)
        if found is None:
            raise NotFound(
                f"Não há mensagem {number}: os números estão à esquerda.",
                f"There is no message {number}: the numbers stand at the left.",
            )
        return found

    def _greeting(self) -> str:
        if len(self.board.topics) == 1:
            return text(
                "Nenhum cliente precisou de uma pessoa ainda: em outro terminal, `masteria chat`, e peça uma. "
                "`:ajuda` diz o que se digita aqui.",
                "No customer has needed a person yet: in another terminal, `masteria chat`, and ask for one. "
                "`:help` says what to type here.",
            )
        return text(
            "# lista os tópicos, um número aperta um botão, `:ajuda` diz o resto; Ctrl-D termina.",
            "# lists the topics, a number presses a button, `:help` says the rest; Ctrl-D ends it.",
        )


def _keep(name: str, data: str) -> None:
    path = Path(name).expanduser()
    try:
        with path.open("xb") as file:
            file.write(base64.b64decode(data, validate=True))
    except FileExistsError as error:
        raise Conflict(f"{path} já existe: escolha outro nome.", f"{path} is there already: choose another.") from error
    except (OSError, binascii.Error) as error:
        raise Conflict(f"Não consegui gravar {path}.", f"{path} cannot be written.") from error
