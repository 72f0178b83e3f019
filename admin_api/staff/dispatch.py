"""From what a linked person typed or pressed to an action, and from its answer to what is said in the group.

An error of ours leaves these functions, so that nothing half done is committed; `warn` tells it afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from admin_api.staff import desk, helping
from admin_api.staff.answering import Speaker
from admin_api.staff.arguments import Misused, checked
from admin_api.staff.asking import Answer, Ask, Asker, Command, Place, Where, Word
from admin_api.staff.buttons import Buttons
from admin_api.staff.confirming import CANCEL, CONFIRM, cancelled, confirmed, with_confirmation
from admin_api.staff.folding import folded
from admin_api.staff.registry import Registry
from admin_api.staff.roles import STRANGER, too_weak
from admin_api.staff.spots import OUTSIDE
from admin_api.staff.stores.buttons import Refused as Unpressed
from channels.telegram_staff.updates import Typed
from core.db.sessions import TenantSession
from core.errors import AppError, Forbidden, Malformed, NotFound
from core.floor import Floor
from core.storage import Storage
from core.texts import Language, Text

_HELPS: Final = frozenset({"ajuda", "help", "start"})
_UNPRESSED: Final[Mapping[Unpressed, Text]] = {
    Unpressed.FORGED: Text("Este botão não é meu.", "This button is not mine."),
    Unpressed.UNKNOWN: Text("Este botão não existe mais.", "This button is gone."),
    Unpressed.NOT_YOURS: Text("Este botão é de outra pessoa.", "This button is for somebody else."),
    Unpressed.USED: Text("Alguém já decidiu aqui.", "Somebody has decided here already."),
    Unpressed.EXPIRED: Text("Este botão venceu: peça de novo.", "This button has expired: ask again."),
    Unpressed.STALE: Text("Mudou quem responde esta conversa: olhe de novo.", "Who answers has changed: look again."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """Who asks, if they are linked, and where. `key` is of what they typed or pressed: it is answered once."""

    asker: Asker | None
    place: Place
    key: str


class Dispatch:
    """One per process."""

    def __init__(self, registry: Registry, floor: Floor, storage: Storage) -> None:
        self._registry = registry
        self._floor = floor
        self._storage = storage
        self._buttons = Buttons(floor.ring)
        self._speaker = Speaker(self._buttons, storage)

    def menu(self, language: Language) -> list[helping.Entry]:
        return helping.menu(self._registry, language)

    async def typed(self, session: TenantSession, request: Request, typed: Typed) -> None:
        """Only what somebody wrote themselves, afresh and to our bot, may come here."""
        ask = self._ask(session, request)
        await self._speaker.say(ask, await self._called(ask, typed.word, typed.rest))

    async def pressed(self, session: TenantSession, request: Request, data: str) -> str:
        """What is shown for a moment to whoever pressed. The button is spent with what it does, or not at all."""
        ask = self._ask(session, request)
        press = await self._buttons.press(session, data, ask.asker.person)
        if isinstance(press, Unpressed):
            return await _unpressed(ask, press)
        ask = replace(ask, arguments=press.arguments)
        answer = await self._chosen(ask, press.action)
        await self._speaker.say(ask, answer, is_press=True)
        return answer.toast

    async def do(
        self, session: TenantSession, request: Request, name: str, *, arguments: Mapping[str, Any] | None = None
    ) -> Answer:
        """An action by its name, as words of the desk ask for it. What is risky is shown first."""
        ask = replace(self._ask(session, request), arguments=arguments or {})
        answer = await self._done(ask, name)
        await self._speaker.say(ask, answer)
        return answer

    async def warn(self, session: TenantSession, request: Request, error: AppError) -> None:
        """Say why nothing was done, where it was typed: in a transaction after the one that was rolled back."""
        await self._speaker.warn(self._ask(session, request), told(error, request.asker))

    def _ask(self, session: TenantSession, request: Request) -> Ask:
        if request.asker is None:
            raise Forbidden(*STRANGER)
        return Ask(
            session=session,
            floor=self._floor,
            storage=self._storage,
            buttons=self._buttons,
            asker=request.asker,
            place=request.place,
            key=request.key,
        )

    async def _called(self, ask: Ask, word: str, rest: str) -> Answer:
        if folded(word) in _HELPS:
            return self._help(ask, rest)
        command = self._registry.command(folded(word))
        if command is None:
            raise self._unknown(word)
        called, rest = _sub(command, rest.strip().lstrip(":").strip())
        try:
            arguments = called.read(rest.strip(), ask.place)
            return await self._done(replace(ask, arguments=arguments), called.action)
        except Misused as error:
            raise Misused(error.what, called.usage) from None

    async def _chosen(self, ask: Ask, name: str) -> Answer:
        if name == CANCEL:
            return cancelled(ask)
        if name == CONFIRM:
            wanted, arguments = confirmed(ask.arguments)
            done = await self._done(replace(ask, arguments=arguments), wanted, is_confirmed=True)
            return replace(done, replaces=True)
        return await self._done(ask, name)

    async def _done(self, ask: Ask, name: str, *, is_confirmed: bool = False) -> Answer:
        action = self._registry.action(name)
        if not ask.asker.may(action.role):
            raise too_weak(ask.asker.role, action.role)
        if action.where is Where.TOPIC and ask.place.about is None:
            raise Malformed(*OUTSIDE)
        if action.where is Where.GROUP and ask.place.group is None:
            raise Malformed("Use isto no grupo da equipe.", "Use this in the staff group.")
        ask = replace(ask, arguments=checked(action, ask.arguments))
        if action.preview is not None and not is_confirmed:
            shown = await action.preview(ask)
            return shown if shown.choices else with_confirmation(ask, name, shown)
        return await action.run(ask)

    def _help(self, ask: Ask, rest: str) -> Answer:
        wanted = rest.strip().lstrip("/")
        if not wanted:
            return Answer(text=helping.overview(self._registry, ask))
        command = self._registry.command(folded(wanted.split()[0]))
        if command is None:
            raise self._unknown(wanted.split()[0])
        return Answer(text=helping.detail(self._registry, ask, command))

    def _unknown(self, word: str) -> NotFound:
        near = helping.nearest(self._registry, word)
        if near is None:
            return NotFound(f"Não conheço /{word}. Veja /ajuda.", f"There is no /{word}. See /help.")
        alias = near.aliases[0] if near.aliases else near.name
        return NotFound(
            f"Não conheço /{word}. Você quis dizer /{near.name}?", f"There is no /{word}. Did you mean /{alias}?"
        )


async def _unpressed(ask: Ask, why: Unpressed) -> str:
    """Whoever came second is told who has the conversation now."""
    told, about = ask.say(_UNPRESSED[why]), ask.place.about
    if about is None or why not in {Unpressed.USED, Unpressed.STALE}:
        return told
    return f"{told} {await desk.standing(ask.session, about.conversation, ask.asker.language)}"


def _sub(command: Command, rest: str) -> tuple[Word, str]:
    """The one that the next word calls, if it is one of its own."""
    word, after = (*rest.split(maxsplit=1), "", "")[:2]
    found = next((sub for sub in command.subs if folded(word) in {sub.name, *sub.aliases}), None)
    return (command, rest) if found is None else (found, after)


def told(error: AppError, asker: Asker | None) -> str:
    """One clear line, and what is wrong with each part where that is known."""
    language = asker.language if asker else Language.PT
    return "\n".join((error.detail.in_(language), *(f"• {one.message.in_(language)}" for one in error.errors)))
