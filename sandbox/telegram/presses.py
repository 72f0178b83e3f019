"""Buttons that people pressed: each press is a question that its bot may answer once, and not for long."""

import asyncio
import itertools
import secrets
from dataclasses import dataclass, field
from typing import Final

from sandbox.clock import VirtualClock
from sandbox.recent import Recent
from sandbox.telegram.errors import bad_request

ANSWER_LIFE: Final = 30.0
_MOST: Final = 20_000


@dataclass(kw_only=True, slots=True, eq=False)
class Press:
    """`text` is what the person was shown: over the chat, or with `is_alert` in front of it."""

    id: str
    bot_id: int
    user_id: int
    at: float
    is_answered: bool = False
    text: str = ""
    is_alert: bool = False
    url: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)


class Presses:
    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._run = secrets.randbelow(900_000_000) + 100_000_000
        self._numbers = itertools.count(1)
        self._kept: Recent[str, Press] = Recent(_MOST)
        self.life = ANSWER_LIFE

    def clear(self) -> None:
        self._kept.clear()
        self.life = ANSWER_LIFE

    def press(self, *, bot_id: int, user_id: int) -> Press:
        number = f"{self._run}{next(self._numbers):010d}"
        press = Press(id=number, bot_id=bot_id, user_id=user_id, at=self._clock.seconds())
        self._kept.put(press.id, press)
        return press

    def find(self, press_id: str) -> Press | None:
        return self._kept.get(press_id)

    def open(self, press_id: str, *, bot_id: int) -> Press:
        """One that this bot may still answer."""
        press = self._kept.get(press_id)
        is_open = press is not None and press.bot_id == bot_id and not press.is_answered
        if press is None or not is_open or self._clock.seconds() > press.at + self.life:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        return press
