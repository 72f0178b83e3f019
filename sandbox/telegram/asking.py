"""One request of a bot, and the manner of every method: first look whether it may be, then do it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.telegram.book import Call
from sandbox.telegram.bots import Bot
from sandbox.telegram.parameters import Parameters

Result = Any
Deed = Callable[[], Result | Awaitable[Result]]


class Reach(StrEnum):
    """What a method does, which says where its faults are set."""

    SEND = "send"  # writes a message
    CHANGE = "change"  # changes something that people see
    READ = "read"
    UPDATES = "updates"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    bot: Bot
    method: str
    told: Parameters
    call: Call


@dataclass(frozen=True, slots=True)
class Method:
    """`plan` refuses what may not be and changes nothing; what it returns does it."""

    name: str
    reach: Reach
    plan: Callable[[Ask], Deed]


Table = Mapping[str, Method]


def table(*methods: Method) -> dict[str, Method]:
    """By their names in small letters: Telegram does not mind the case."""
    return {method.name.lower(): method for method in methods}
