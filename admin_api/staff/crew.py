"""Who acts on what is heard in the staff group, put together once for a process."""

from collections.abc import Sequence
from dataclasses import dataclass

from admin_api.staff import inner
from admin_api.staff.dispatch import Dispatch, Request, told
from admin_api.staff.following import Following
from admin_api.staff.heard import Crew, Heard, Known, Toast
from admin_api.staff.presence import Presence
from admin_api.staff.proposing import Proposing
from admin_api.staff.registry import Registry
from admin_api.staff.relay import Relay
from agents.gateway.gateway import Gateway
from channels.registry import Registry as Channels
from channels.telegram_staff.updates import Pressed, Said, Typed
from core.errors import AppError
from core.floor import Floor
from core.storage import Storage
from core.texts import Language, Text


def make_crew(floor: Floor, storage: Storage, gateway: Gateway, channels: Channels | None = None) -> Crew:
    registry = Registry()
    dispatch = Dispatch(registry, floor, storage)
    proposing = Proposing(registry=registry, floor=floor, storage=storage, model=gateway)
    return Crew(
        service=_Service(dispatch, proposing),
        desk=Relay(floor=floor, storage=storage, dispatch=dispatch),
        follower=Following(floor, Presence(floor, channels) if channels else None),
    )


@dataclass(frozen=True, slots=True)
class _Service:
    dispatch: Dispatch
    proposing: Proposing

    async def command(self, heard: Heard, typed: Typed) -> None:
        await self.dispatch.typed(heard.session, _request(heard), typed)
        await self._hold_album(heard)

    async def press(self, heard: Heard, pressed: Pressed) -> Toast:
        said = await self.dispatch.pressed(heard.session, _request(heard), pressed.data)
        return Toast(text=Text(said, said) if said else None)

    async def think(self, known: Known, said: Said) -> object:
        return await self.proposing.think(known, said)

    async def words(self, heard: Heard, said: Said, thought: object) -> None:
        del said
        await self.proposing.words(heard, thought)
        await self._hold_album(heard)

    async def refused(self, heard: Heard, error: AppError, *, is_press: bool) -> Toast:
        """To whoever pressed in a window of their own; to whoever typed in the place where they did."""
        if not is_press:
            await self.dispatch.warn(heard.session, _request(heard), error)
            await self._hold_album(heard)
            return Toast()
        line = told(error, heard.asker)
        return Toast(text=Text(line, line), is_alert=True)

    async def _hold_album(self, heard: Heard) -> None:
        await inner.hold_album(heard.ask(self.proposing.floor, self.proposing.storage))

    def menu(self, language: Language) -> Sequence[tuple[str, str]]:
        return [(entry.name, entry.about) for entry in self.dispatch.menu(language)]


def _request(heard: Heard) -> Request:
    return Request(asker=heard.asker, place=heard.place, key=heard.key)
