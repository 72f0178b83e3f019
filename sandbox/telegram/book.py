"""The ledger of Telegram: every request of a bot, and everything that came of one, in order."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from sandbox.bell import Bell
from sandbox.clock import Stamp
from sandbox.ledger import Outcome, behind
from sandbox.telegram.wire import Json

_MOST_ENTRIES: Final = 100_000
_LONGEST_KEPT: Final = 8192


class Act(StrEnum):
    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    PIN = "pin"
    UNPIN = "unpin"
    REACTION = "reaction"
    TOPIC_CREATED = "topic_created"
    TOPIC_EDITED = "topic_edited"
    TOPIC_CLOSED = "topic_closed"
    TOPIC_REOPENED = "topic_reopened"
    TOPIC_DELETED = "topic_deleted"
    CALLBACK_ANSWER = "callback_answer"
    CHAT_ACTION = "chat_action"
    CHAT_LEFT = "chat_left"
    COMMANDS = "commands"
    WEBHOOK = "webhook"


@dataclass(kw_only=True, slots=True)
class Call:
    """A request as it arrived, its files as their SHA-256; only the book changes what became of it."""

    number: int
    at: Stamp
    bot_id: int
    method: str
    chat_id: int | None
    thread_id: int | None
    parameters: Mapping[str, str]
    files: Mapping[str, str]
    outcome: Outcome = Outcome.PENDING
    code: int | None = None
    description: str = ""
    fault: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What a method did, as it tells the book. `details` is what only this kind of act has."""

    act: Act
    chat_id: int | None = None
    thread_id: int | None = None
    message_id: int | None = None
    kind: str = ""
    text: str = ""
    entities: tuple[Json, ...] = ()
    reply_markup: Json | None = None
    sha256: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """`number` is its place among all that was accepted."""

    number: int
    at: Stamp
    call: int
    bot_id: int
    method: str
    done: Done


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """None of a kind: all of them."""

    bot_id: int | None = None
    chat_id: int | None = None
    thread_id: int | None = None
    act: str | None = None

    def suits(self, accepted: Accepted) -> bool:
        done = accepted.done
        return (
            self.bot_id in {None, accepted.bot_id}
            and self.chat_id in {None, done.chat_id}
            and self.thread_id in {None, done.thread_id}
            and self.act in {None, done.act.value}
        )


EVERYTHING: Final = Wanted()


class Book:
    """Beyond its bound it forgets the oldest and says so."""

    def __init__(self, most: int = _MOST_ENTRIES) -> None:
        self._most = most
        self._bell = Bell()
        self.clear()

    def clear(self) -> None:
        self._calls: OrderedDict[int, Call] = OrderedDict()
        self._accepted: OrderedDict[int, Accepted] = OrderedDict()
        self.called = 0
        self.taken = 0
        self.forgotten = 0

    @property
    def calls(self) -> Iterator[Call]:
        return iter(self._calls.values())

    @property
    def accepted(self) -> Iterator[Accepted]:
        return iter(self._accepted.values())

    def arrived(self, call: Call) -> Call:
        self.called += 1
        call.number = self.called
        call.parameters = {name: value[:_LONGEST_KEPT] for name, value in call.parameters.items()}
        self._calls[call.number] = call
        if len(self._calls) > self._most:
            self._calls.popitem(last=False)
            self.forgotten += 1
        return call

    def accept(self, call: Call, done: Done) -> Accepted:
        self.taken += 1
        call.outcome = Outcome.ACCEPTED
        accepted = Accepted(
            number=self.taken, at=Stamp.now(), call=call.number, bot_id=call.bot_id, method=call.method, done=done
        )
        self._accepted[accepted.number] = accepted
        if len(self._accepted) > self._most:
            self._accepted.popitem(last=False)
            self.forgotten += 1
        self._bell.ring()
        return accepted

    def find(self, wanted: Wanted = EVERYTHING, *, after: int = 0) -> Iterator[Accepted]:
        """In the order of acceptance."""
        return filter(wanted.suits, behind(self._accepted, after, last=self.taken))

    def calls_page(self, *, after: int, limit: int) -> list[Call]:
        return list(islice(behind(self._calls, after, last=self.called), limit))

    async def within(self, seconds: float, wanted: Wanted, *, after: int, limit: int) -> list[Accepted]:
        """The page as soon as it has an entry, or an empty one when the time is over."""
        return await self._bell.until(lambda: list(islice(self.find(wanted, after=after), limit)), seconds=seconds)
