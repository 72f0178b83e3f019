"""What can go wrong on purpose: named faults, and the seeded plan that decides which request meets one.

Fault
├── SlowAccept                 answers late, accepts all the same
├── before the request is accepted
│   ├── TooManyRequests        HTTP 429 with whatever Retry-After text
│   ├── ErrorCode              an error of the provider's own table, by its number
│   │   └── RateLimited, PairLimited, CallLimited, TokenExpired, AccountLocked
│   ├── ServerError, DropBefore, SilenceBefore
├── after it was accepted, so that the caller cannot know
│   ├── AcceptThenServerError, AcceptThenDrop, AcceptThenSilence
│   └── SlowBody, HalfBody, BrokenJson
├── StatusesLost, StatusesDuplicated
└── Mix                        a percentage of each
"""

import itertools
import random
from collections import Counter
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar, Final

from sandbox.strict import strict

_ALL: Final = 100.0
_EDGE_PAGE: Final = "<html><head><title>Sorry, something went wrong.</title></head></html>"


class Stage(StrEnum):
    DELAY = "delay"
    BEFORE = "before"
    AFTER = "after"
    STATUS = "status"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Without `times` it lasts until it is cleared. Without `path` it meets only requests that send a message."""

    stage: ClassVar[Stage]
    probability: float = 1.0
    times: int | None = None
    phone_id: str | None = None
    recipient: str | None = None
    path: str | None = None  # a part of it; an empty text is every path

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or (self.times is not None and self.times < 1):
            raise ValueError(f"{type(self).__name__}: probability is 0 to 1, times is 1 or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowAccept(Fault):
    stage = Stage.DELAY
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TooManyRequests(Fault):
    stage = Stage.BEFORE
    retry_after: str | None = None
    code: int = 130429

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if not (self.retry_after or "x").isprintable():
            raise ValueError("TooManyRequests: a header has no control characters")


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorCode(Fault):
    stage = Stage.BEFORE
    code: int
    details: str = ""
    status: int | None = None  # instead of the one that goes with the code


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimited(ErrorCode):
    code: int = 130429


@dataclass(frozen=True, kw_only=True, slots=True)
class PairLimited(ErrorCode):
    code: int = 131056


@dataclass(frozen=True, kw_only=True, slots=True)
class CallLimited(ErrorCode):
    code: int = 80007


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenExpired(ErrorCode):
    code: int = 190


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountLocked(ErrorCode):
    code: int = 131031


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerError(Fault):
    stage = Stage.BEFORE
    status: int = 503
    body: str = _EDGE_PAGE


@dataclass(frozen=True, kw_only=True, slots=True)
class DropBefore(Fault):
    stage = Stage.BEFORE
    reset: bool = False  # RST instead of FIN


@dataclass(frozen=True, kw_only=True, slots=True)
class SilenceBefore(Fault):
    stage = Stage.BEFORE


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptThenServerError(Fault):
    stage = Stage.AFTER
    status: int = 500
    body: str = _EDGE_PAGE


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptThenDrop(Fault):
    stage = Stage.AFTER
    reset: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptThenSilence(Fault):
    stage = Stage.AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class SlowBody(Fault):
    stage = Stage.AFTER
    seconds: float = 60.0  # from the first byte to the last


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfBody(Fault):
    stage = Stage.AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenJson(Fault):
    stage = Stage.AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusesLost(Fault):
    stage = Stage.STATUS


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusesDuplicated(Fault):
    stage = Stage.STATUS


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    percent: float
    fault: Fault


def _is_picky(fault: Fault) -> bool:
    return any(getattr(fault, field.name) != field.default for field in fields(Fault))


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix(Fault):
    """One draw for each request: this share meets this fault, the rest meets none. The conditions are the mix's."""

    stage = Stage.BEFORE
    shares: tuple[Share, ...]

    def __post_init__(self) -> None:
        Fault.__post_init__(self)
        if sum(share.percent for share in self.shares) > _ALL or any(share.percent <= 0 for share in self.shares):
            raise ValueError("Mix: the percentages are positive and come to 100 at most")
        if any(_is_picky(share.fault) or share.fault.stage is Stage.STATUS for share in self.shares):
            raise ValueError("Mix: a share has no conditions of its own, and is no fault of statuses")

    def pick(self, number: float) -> Fault | None:
        """By a number from 0 to 100."""
        ends = itertools.accumulate(share.percent for share in self.shares)
        return next((share.fault for share, end in zip(self.shares, ends, strict=True) if number < end), None)


FAULTS: Final = (
    SlowAccept,
    TooManyRequests,
    ErrorCode,
    RateLimited,
    PairLimited,
    CallLimited,
    TokenExpired,
    AccountLocked,
    ServerError,
    DropBefore,
    SilenceBefore,
    AcceptThenServerError,
    AcceptThenDrop,
    AcceptThenSilence,
    SlowBody,
    HalfBody,
    BrokenJson,
    StatusesLost,
    StatusesDuplicated,
    Mix,
)

# 3.5 % of the answers prove nothing, 3 % refuse: the mix under which campaigns are tried.
AMBIGUOUS: Final = Mix(
    shares=(
        Share(percent=2, fault=ServerError()),
        Share(percent=1, fault=TooManyRequests(retry_after="1")),
        Share(percent=2, fault=AcceptThenDrop()),
        Share(percent=1, fault=AcceptThenServerError()),
        Share(percent=0.5, fault=SlowBody()),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Occasion:
    """A request, as far as a fault may ask about it; `recipients` are all names of the one it is for."""

    path: str
    sends: bool = False
    phone_id: str = ""
    recipients: tuple[str, ...] = ()

    def suits(self, fault: Fault) -> bool:
        return (
            (self.sends if fault.path is None else fault.path in self.path)
            and fault.phone_id in {None, self.phone_id}
            and (fault.recipient is None or fault.recipient.lstrip("+") in self.recipients)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    delay: float = 0.0
    fault: Fault | None = None


QUIET: Final = Trouble()


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int | None


class Faults:
    """The faults that are set, asked in the order in which they were set."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.clear()

    @property
    def set_now(self) -> tuple[Fault, ...]:
        return tuple(armed.fault for armed in self._armed)

    def add(self, *faults: Fault) -> None:
        self._armed += [_Armed(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        """Also starts the random numbers again."""
        self._armed: list[_Armed] = []
        self._random = random.Random(self._seed)  # noqa: S311 - what is drawn must be drawn again with the same seed
        self.met: Counter[str] = Counter()

    def draw(self, occasion: Occasion) -> Trouble:
        """What this request meets: every delay, and the first other fault."""
        if not self._armed:
            return QUIET
        delay = 0.0
        for armed in list(self._armed):
            if armed.fault.stage is Stage.STATUS or (fault := self._meet(armed, occasion)) is None:
                continue
            if not isinstance(fault, SlowAccept):
                return Trouble(delay=delay, fault=fault)
            delay += fault.seconds
        return Trouble(delay=delay) if delay else QUIET

    def copies(self, occasion: Occasion) -> int:
        """How often a status is told: once, unless a fault has it lost or doubled."""
        copies = 1
        for armed in list(self._armed):
            if armed.fault.stage is Stage.STATUS and (fault := self._meet(armed, occasion)) is not None:
                copies = 0 if isinstance(fault, StatusesLost) else copies * 2
        return copies

    def _meet(self, armed: _Armed, occasion: Occasion) -> Fault | None:
        fault = armed.fault
        if not occasion.suits(fault) or self._random.random() >= fault.probability:
            return None
        met = fault.pick(self._random.random() * _ALL) if isinstance(fault, Mix) else fault
        if met is not None:
            self._count(armed, met)
        return met

    def _count(self, armed: _Armed, met: Fault) -> None:
        self.met[type(met).__name__] += 1
        if armed.left is not None:
            armed.left -= 1
            if not armed.left:
                self._armed.remove(armed)
