"""What reached a provider and what it accepted: the book that tests believe instead of our own tables."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from typing import Final, TypeVar

from sandbox.bell import Bell
from sandbox.clock import Stamp

MOST_ENTRIES: Final = 200_000
MOST_BYTES: Final = 128 * 1024 * 1024
Entry = TypeVar("Entry")

_TAG_PARTS: Final = 2  # the attempt and the signature, behind the intent


class Outcome(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # an answer of the provider's rules, or of a fault with a code
    FAILED = "failed"  # a fault that left nothing accepted
    READ = "read"  # no message: a mark on theirs


def intent_of(tag: str | None) -> str | None:
    """`camp:9:lead:7.1.0a1b2c3d` is a try of `camp:9:lead:7`; a tag of another shape is its own intent."""
    parts = tag.rsplit(".", _TAG_PARTS) if tag else []
    return parts[0] if len(parts) > _TAG_PARTS else tag


@dataclass(kw_only=True, slots=True)
class Call:
    """One request as it arrived; only the ledger changes what became of it."""

    number: int
    at: Stamp
    phone_id: str
    recipient: str
    tag: str | None
    body: bytes
    outcome: Outcome = Outcome.PENDING
    code: int | None = None
    fault: str | None = None
    wamid: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """`number` is its place among all accepted; `recipient` is who it was for, however he was addressed."""

    number: int
    at: Stamp
    call: int
    wamid: str
    phone_id: str
    recipient: str
    tag: str | None
    intent: str | None
    kind: str
    text: str
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What the ledger is told of an accepted message."""

    wamid: str
    recipient: str
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    entries: int = MOST_ENTRIES
    bytes: int = MOST_BYTES


class Ledger:
    """Beyond its bounds it forgets the oldest and says so: an oracle with `forgotten` above 0 has seen more."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._bell = Bell()
        self.clear()

    def clear(self) -> None:
        self._calls: OrderedDict[int, Call] = OrderedDict()
        self._accepted: OrderedDict[int, Accepted] = OrderedDict()
        self._by_intent: defaultdict[str, list[Accepted]] = defaultdict(list)
        self._by_recipient: defaultdict[str, list[Accepted]] = defaultdict(list)
        self._doubled: dict[str, None] = {}
        self._bytes = 0
        self.called = 0
        self.taken = 0
        self.forgotten = 0

    def arrived(self, at: Stamp, *, phone_id: str, recipient: str, tag: str | None, body: bytes) -> Call:
        self.called += 1
        call = Call(number=self.called, at=at, phone_id=phone_id, recipient=recipient, tag=tag, body=body)
        self._calls[call.number] = call
        self._bytes += len(body)
        while len(self._calls) > self._bounds.entries or self._bytes > self._bounds.bytes:
            _, oldest = self._calls.popitem(last=False)
            self._bytes -= len(oldest.body)
            self.forgotten += 1
            while self._accepted and next(iter(self._accepted.values())).call <= oldest.number:
                self._forget_accepted()
        return call

    def accept(self, call: Call, message: Message) -> Accepted:
        self.taken += 1
        call.outcome, call.wamid = Outcome.ACCEPTED, message.wamid
        accepted = Accepted(
            number=self.taken,
            at=Stamp.now(),
            call=call.number,
            wamid=message.wamid,
            phone_id=call.phone_id,
            recipient=message.recipient,
            tag=call.tag,
            intent=intent_of(call.tag),
            kind=message.kind,
            text=message.text,
            body=call.body,
        )
        self._keep(accepted)
        return accepted

    def settle(self, call: Call, outcome: Outcome, *, code: int | None = None, fault: str | None = None) -> None:
        call.outcome, call.code, call.fault = outcome, code, fault

    @property
    def calls(self) -> Iterator[Call]:
        return iter(self._calls.values())

    @property
    def accepted(self) -> Iterator[Accepted]:
        """In the order of acceptance."""
        return iter(self._accepted.values())

    def accepted_for(self, intent: str) -> tuple[Accepted, ...]:
        return tuple(self._by_intent.get(intent, ()))

    def accepted_to(self, recipient: str) -> tuple[Accepted, ...]:
        """In the order of acceptance; the recipient as the provider names him, without a plus."""
        return tuple(self._by_recipient.get(recipient.lstrip("+"), ()))

    def doubled(self) -> Mapping[str, tuple[Accepted, ...]]:
        """The intents that were accepted more than once."""
        return {intent: self.accepted_for(intent) for intent in self._doubled}

    def calls_after(self, wall_ns: int) -> tuple[Call, ...]:
        """Those that arrived later than this moment of the real clock."""
        return tuple(call for call in self.calls if call.at.wall_ns > wall_ns)

    def calls_page(self, *, after: int, limit: int) -> list[Call]:
        return list(islice(behind(self._calls, after, last=self.called), limit))

    def accepted_page(self, *, after: int, limit: int, recipient: str | None, intent: str | None) -> list[Accepted]:
        if recipient is None and intent is None:
            return list(islice(behind(self._accepted, after, last=self.taken), limit))
        found: Iterable[Accepted] = self.accepted_to(recipient) if recipient else self.accepted_for(intent or "")
        wanted = (each for each in found if each.number > after and intent in {None, each.intent})
        return list(islice(wanted, limit))

    async def accepted_within(
        self, seconds: float, *, after: int, limit: int, recipient: str | None = None, intent: str | None = None
    ) -> list[Accepted]:
        """The page as soon as it has an entry, or an empty one when the time is over."""
        page = partial(self.accepted_page, after=after, limit=limit, recipient=recipient, intent=intent)
        return await self._bell.until(page, seconds=seconds)

    def _keep(self, accepted: Accepted) -> None:
        self._accepted[accepted.number] = accepted
        self._by_recipient[accepted.recipient].append(accepted)
        if accepted.intent is not None:
            same = self._by_intent[accepted.intent]
            same.append(accepted)
            if len(same) > 1:
                self._doubled[accepted.intent] = None
        self._bell.ring()

    def _forget_accepted(self) -> None:
        _, oldest = self._accepted.popitem(last=False)
        _drop_first(self._by_recipient, oldest.recipient)
        if oldest.intent is not None:
            _drop_first(self._by_intent, oldest.intent)
            if len(self._by_intent.get(oldest.intent, ())) <= 1:
                self._doubled.pop(oldest.intent, None)


def _drop_first(index: defaultdict[str, list[Accepted]], key: str) -> None:
    entries = index[key]
    entries.pop(0)
    if not entries:
        del index[key]


def behind(kept: Mapping[int, Entry], after: int, *, last: int) -> Iterator[Entry]:
    """The numbers have no gaps behind the first that is kept, so that those before cost nothing."""
    first = max(after + 1, next(iter(kept), last + 1))
    return (kept[number] for number in range(first, last + 1))
