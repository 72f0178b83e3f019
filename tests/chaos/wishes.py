"""The five ways in which somebody can say that they want no more messages."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.chaos.crowd import Person
from tests.chaos.gates import Gatekeeper
from tests.chaos.world import World

_WORDS: Final = ("PARAR", "sair", "Pare!", "stop", "não quero mais receber mensagens")
_STOPPED_AT_THE_PROVIDER: Final = 131050


class Path(StrEnum):
    KEYWORD = "keyword"
    BUTTON = "button"
    PREFERENCE = "preference"
    BLOCK = "block"
    STAFF = "staff"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wisher:
    world: World
    dice: random.Random

    async def stop(self, person: Person, path: Path) -> None:
        await self._ways[path](person)

    @property
    def _ways(self) -> Mapping[Path, Callable[[Person], Awaitable[object]]]:
        return {
            Path.KEYWORD: self._say,
            Path.BUTTON: self._tap,
            Path.PREFERENCE: self._tell_provider,
            Path.BLOCK: self._refuse,
            Path.STAFF: Gatekeeper(world=self.world).opt_out,
        }

    async def _say(self, person: Person) -> None:
        await self.world.say(person, self.dice.choice(_WORDS))

    async def _tap(self, person: Person) -> None:
        crowd = self.world.crowd
        button = {"type": "button", "text": "Não receber mais", "payload": "optout"}
        self.world.said.append(await self.world.panel.write(crowd.phone_id, person.phone, button))

    async def _tell_provider(self, person: Person) -> None:
        await self.world.panel.stop_marketing(self.world.crowd.phone_id, person.phone)

    async def _refuse(self, person: Person) -> None:
        """The next message to this person is refused, because they blocked the business."""
        fault = {"name": "ErrorCode", "code": _STOPPED_AT_THE_PROVIDER, "recipient": person.phone, "times": 1}
        await self.world.panel.add_faults(fault)
