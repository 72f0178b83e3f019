"""Which statuses a message will have, and when: chance under a seed, and no I/O."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import Final

from sandbox.strict import strict


class Status(StrEnum):
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Seconds: as few as, as many as."""

    least: float
    most: float

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.most:
            raise ValueError(f"a span from {self.least} to {self.most} seconds")


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Failing:
    """This share of the messages fails later, with this code."""

    share: float
    code: int


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class StatusSettings:
    """Each span begins at the status before it. Shares go from 0 to 1."""

    is_on: bool = True
    sent: Span = Span(least=0.1, most=1.0)
    delivered: Span = Span(least=0.2, most=3.0)
    read: Span = Span(least=1.0, most=20.0)
    played: Span = Span(least=1.0, most=10.0)
    delivered_share: float = 0.98
    read_share: float = 0.8  # of those that were delivered
    read_alone: float = 0.02  # of those that are read: nobody tells of the delivery
    shuffled: float = 0.02
    duplicated: float = 0.02
    lost: float = 0.0
    failing: tuple[Failing, ...] = ()
    sent_before_answer: bool = False  # the sender hears of it while its request still waits

    def __post_init__(self) -> None:
        shares = (self.delivered_share, self.read_share, self.read_alone, self.shuffled, self.duplicated, self.lost)
        if any(not 0 <= share <= 1 for share in (*shares, sum(each.share for each in self.failing))):
            raise ValueError("a share goes from 0 to 1")


_INSTANT: Final = Span(least=0.001, most=0.004)
# Every status of every message, in order, within milliseconds.
PROMPT: Final = StatusSettings(
    sent=_INSTANT,
    delivered=_INSTANT,
    read=_INSTANT,
    played=_INSTANT,
    delivered_share=1,
    read_share=1,
    read_alone=0,
    shuffled=0,
    duplicated=0,
)
OFF: Final = StatusSettings(is_on=False)


@dataclass(frozen=True, slots=True)
class Step:
    after: float
    status: Status
    code: int | None = None


def plan(settings: StatusSettings, chance: random.Random, *, has_voice: bool = False) -> list[Step]:
    """Times are seconds since acceptance."""
    code = _failure(settings, chance.random())
    if code is not None:
        return [Step(_within(settings.sent, chance), Status.FAILED, code)]
    steps = list(_told(settings, chance, has_voice=has_voice))
    if chance.random() < settings.shuffled:
        times = [step.after for step in steps]
        chance.shuffle(times)
        steps = [Step(after, step.status) for after, step in zip(times, steps, strict=True)]
    return steps


def _failure(settings: StatusSettings, number: float) -> int | None:
    ends = accumulate(failing.share for failing in settings.failing)
    return next((each.code for each, end in zip(settings.failing, ends, strict=True) if number < end), None)


def _told(settings: StatusSettings, chance: random.Random, *, has_voice: bool) -> Iterator[Step]:
    after = 0.0 if settings.sent_before_answer else _within(settings.sent, chance)
    yield Step(after, Status.SENT)
    if chance.random() >= settings.delivered_share:
        return
    after += _within(settings.delivered, chance)
    is_read = chance.random() < settings.read_share
    if not (is_read and chance.random() < settings.read_alone):
        yield Step(after, Status.DELIVERED)
    if not is_read:
        return
    after += _within(settings.read, chance)
    yield Step(after, Status.READ)
    if has_voice:
        yield Step(after + _within(settings.played, chance), Status.PLAYED)


def _within(span: Span, chance: random.Random) -> float:
    return span.least + (span.most - span.least) * chance.random()
