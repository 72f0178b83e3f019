"""What waits to be told to one bot: in order, each under its number, for a day."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sandbox.telegram.numbers import first_number
from sandbox.telegram.wire import Json

KINDS: Final = (
    *("message", "edited_message", "callback_query", "my_chat_member", "chat_member"),
    *("message_reaction", "message_reaction_count"),
)
_ON_REQUEST: Final = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
ORDINARY: Final = frozenset(KINDS) - _ON_REQUEST
_DAY: Final = 24 * 3600.0
_KNOWN_ELSEWHERE: Final = frozenset(
    {"channel_post", "edited_channel_post", "inline_query", "chosen_inline_result", "shipping_query", "poll"}
    | {"pre_checkout_query", "poll_answer", "chat_join_request", "chat_boost", "removed_chat_boost"}
    | {"business_connection", "business_message", "edited_business_message", "deleted_business_messages"}
    | {"purchased_paid_media"}
)


@dataclass(kw_only=True, slots=True, eq=False)
class Update:
    """`line` is what keeps its order: the chat. With several `copies` it comes again though it was confirmed."""

    id: int
    kind: str
    value: Json
    at: float
    line: int
    copies: int = 1
    was_confirmed: bool = False
    failures: int = 0

    def wire(self) -> Json:
        return {"update_id": self.id, self.kind: self.value}


class Updates:
    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = first_number()
        self._waiting: OrderedDict[int, Update] = OrderedDict()
        self._news: asyncio.Future[None] | None = None
        self.allowed: frozenset[str] | None = None  # None: the ordinary ones
        self.confirmed = 0

    def __len__(self) -> int:
        self._forget_old()
        return len(self._waiting)

    def wants(self, kind: str) -> bool:
        return kind in (ORDINARY if self.allowed is None else self.allowed)

    def allow(self, told: str | None) -> None:
        """Stays as it is where nothing is told; an empty list, or one that cannot be read, is the ordinary one."""
        if told is None:
            return
        try:
            names = json.loads(told)
        except (ValueError, RecursionError):
            return
        known = {name for name in names if isinstance(name, str)} if isinstance(names, list) else set()
        self.allowed = frozenset(known & {*KINDS, *_KNOWN_ELSEWHERE}) or None

    def push(self, kind: str, value: Json, *, line: int, copies: int = 1) -> None:
        self._last += 1
        self._waiting[self._last] = Update(
            id=self._last, kind=kind, value=value, at=self._seconds(), line=line, copies=copies
        )
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def page(self, offset: int, limit: int) -> list[Update]:
        """From that number on, which confirms those before; a negative one leaves so many of the last."""
        self._forget_old()
        if offset < 0:
            for number in list(self._waiting)[:offset]:
                del self._waiting[number]
        elif offset:
            for number in [number for number in self._waiting if number < offset]:
                self.confirm(number)
        wanted = (update for update in self._waiting.values() if update.id >= offset or update.was_confirmed)
        return list(islice(wanted, limit))

    def confirm(self, number: int) -> None:
        if (update := self._waiting.get(number)) is None:
            return
        update.was_confirmed = True
        update.copies -= 1
        if update.copies <= 0:
            self.confirmed += 1
            del self._waiting[number]

    def drop(self) -> None:
        self._waiting.clear()

    def reset(self) -> None:
        """As if nothing had ever been told, but for the numbers, which go on."""
        self.drop()
        self.allowed = None
        self.confirmed = 0

    def waiting(self) -> list[Update]:
        self._forget_old()
        return list(self._waiting.values())

    def news(self) -> asyncio.Future[None]:
        """Done when something is pushed from now on."""
        self._news = asyncio.get_running_loop().create_future()
        return self._news

    def _forget_old(self) -> None:
        oldest = self._seconds() - _DAY
        while self._waiting and next(iter(self._waiting.values())).at < oldest:
            self._waiting.popitem(last=False)
