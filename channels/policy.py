"""What stands in the way of a message at the moment of sending: pure, so that every case is a row of a table.

The order is the order of importance: people first, then what the provider would refuse, then what merely has to wait.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from core.models.outbox import BatchState, Purpose
from core.models.people import ConnectionState
from core.models.stream import Control

WINDOW: Final = timedelta(hours=24)
_STARTED_BY_US: Final = frozenset({Purpose.UTILITY, Purpose.MARKETING})
_BOTS: Final = frozenset({Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING})
_ANSWERS: Final = frozenset({Purpose.REPLY, Purpose.STAFF})
_DAY: Final = timedelta(days=1)


class Reason(StrEnum):
    """Why a message was not sent, or not yet. The API has the words for it."""

    OPTED_OUT = "opted_out"
    CONTROL_CHANGED = "control_changed"
    WITHDRAWN = "withdrawn"
    PAUSED = "paused"
    BOT_PAUSED = "bot_paused"
    ENDED = "ended"
    QUIET_HOURS = "quiet_hours"
    WINDOW_CLOSED = "window_closed"
    TOO_LATE = "too_late"
    CONNECTION_BLOCKED = "connection_blocked"
    DISABLED = "disabled"
    BREAKER_OPEN = "breaker_open"
    UNREACHABLE = "unreachable"
    NOT_STARTED = "not_started"
    NO_ADDRESS = "no_address"
    NO_FILE = "no_file"
    UNFIT = "unfit"
    TRIED_OUT = "tried_out"
    LAPSED = "lapsed"
    NO_PROOF = "no_proof"
    PROVED_LOST = "proved_lost"
    UPLOADED = "uploaded"


class Ruling(StrEnum):
    SEND = "send"
    HOLD = "hold"  # stays queued: until then, or until what holds it changes
    SUPPRESS = "suppress"
    EXPIRE = "expire"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    ruling: Ruling
    reason: Reason | None = None
    until: datetime | None = None  # in the time of the business


SEND: Final = Verdict(ruling=Ruling.SEND)


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietHours:
    """From one time of day to another, over midnight as well. Equal times: never quiet."""

    start: time
    end: time

    def end_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet that holds at this moment ends, in the place where the person lives."""
        local = moment.astimezone(zone)
        if not self._holds_at(local.time()):
            return None
        day = local.date() if local.time() < self.end else local.date() + _DAY
        return _at(day, self.end, zone)

    def _holds_at(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(ZoneInfo("UTC"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """All that is judged, as it is under the locks of the claim."""

    purpose: Purpose
    is_template: bool
    control_epoch: int
    answers_at: datetime | None
    expires_at: datetime | None
    conversation_epoch: int
    control: Control
    last_inbound_at: datetime | None
    opted_out_at: datetime | None
    zone: ZoneInfo
    connection: ConnectionState
    has_window: bool
    batch: BatchState | None
    quiet: QuietHours
    now: datetime  # of the business
    is_bot_paused: bool = False  # on this connection, by a person


def judge(one: Candidate) -> Verdict:
    """The first rule that objects decides."""
    return next((verdict for rule in _RULES if (verdict := rule(one))), SEND)


def is_started_by_us(purpose: Purpose, answers_at: datetime | None) -> bool:
    """An answer that answers nothing is a message we start, whatever it is called."""
    return purpose in _STARTED_BY_US or (answers_at is None and purpose is not Purpose.NOTICE)


def window_is_open(last_inbound_at: datetime | None, now: datetime) -> bool:
    return last_inbound_at is not None and now < last_inbound_at + WINDOW


def _opted_out(one: Candidate) -> Verdict | None:
    """The one confirmation may leave, and an answer to what the person wrote after opting out."""
    if one.opted_out_at is None or one.purpose is Purpose.NOTICE:
        return None
    if one.purpose in _ANSWERS and one.answers_at is not None and one.answers_at > one.opted_out_at:
        return None
    return Verdict(ruling=Ruling.SUPPRESS, reason=Reason.OPTED_OUT)


def _control(one: Candidate) -> Verdict | None:
    """What a bot wrote before a person took over is withdrawn; a campaign does not barge in on a person."""
    if one.purpose not in _BOTS:
        return None
    if one.control_epoch != one.conversation_epoch or one.control in {Control.HUMAN, Control.CLOSED}:
        return Verdict(ruling=Ruling.SUPPRESS, reason=Reason.CONTROL_CHANGED)
    return None


def _bot_paused(one: Candidate) -> Verdict | None:
    """The persona was switched off on this connection; what people write or campaign leaves all the same."""
    if one.is_bot_paused and one.purpose is Purpose.REPLY:
        return Verdict(ruling=Ruling.SUPPRESS, reason=Reason.BOT_PAUSED)
    return None


def _batch(one: Candidate) -> Verdict | None:
    if one.batch is BatchState.ENDED:
        return Verdict(ruling=Ruling.SUPPRESS, reason=Reason.ENDED)
    return Verdict(ruling=Ruling.HOLD, reason=Reason.PAUSED) if one.batch is BatchState.PAUSED else None


def _expiry(one: Candidate) -> Verdict | None:
    if one.expires_at is not None and one.now >= one.expires_at:
        return Verdict(ruling=Ruling.EXPIRE, reason=Reason.TOO_LATE)
    return None


def _window(one: Candidate) -> Verdict | None:
    """A template may leave at any time; everything else only within a day of the person's last message."""
    if not one.has_window or one.is_template or window_is_open(one.last_inbound_at, one.now):
        return None
    return Verdict(ruling=Ruling.EXPIRE, reason=Reason.WINDOW_CLOSED)


def _connection(one: Candidate) -> Verdict | None:
    if one.connection is ConnectionState.ACTIVE:
        return None
    is_disabled = one.connection is ConnectionState.DISABLED
    return Verdict(ruling=Ruling.HOLD, reason=Reason.DISABLED if is_disabled else Reason.CONNECTION_BLOCKED)


def _quiet(one: Candidate) -> Verdict | None:
    """Only what we start waits for the morning; an answer never does."""
    if not is_started_by_us(one.purpose, one.answers_at) or one.purpose is Purpose.STAFF:
        return None
    end = one.quiet.end_after(one.now, one.zone)
    return None if end is None else Verdict(ruling=Ruling.HOLD, reason=Reason.QUIET_HOURS, until=end)


_RULES: Final = (_opted_out, _control, _bot_paused, _batch, _expiry, _connection, _window, _quiet)


# --- what becomes of a send that nobody confirmed -------------------------------------------------------------------


class Settlement(StrEnum):
    RESEND = "resend"
    LIST = "list"  # shown by name, sent again only by a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """What is known of an unknown send after its patience ran out."""

    purpose: Purpose
    is_template: bool
    inbox_had_no_gap: bool
    inbox_was_reached: bool  # our own being open says nothing of the way to it
    later_ones_were_sent: bool
    successor_may_be_there: bool  # accepted, or nobody knows: what went before it would arrive after it
    templates_are_held: bool
    echoes_tag: bool
    was_silent_before: bool = False  # what silence proved once, it does not prove again


def settle_silence(silence: Silence) -> Settlement:
    """Silence proves that it was not accepted only where the news would have reached us."""
    could_hear = silence.inbox_had_no_gap and silence.inbox_was_reached
    is_proof = silence.echoes_tag and could_hear and silence.later_ones_were_sent
    may_be_held = silence.is_template and silence.templates_are_held
    is_sent_once = silence.purpose in {Purpose.MARKETING, Purpose.NOTICE}
    in_doubt = may_be_held or silence.successor_may_be_there or silence.was_silent_before
    if is_proof and not (is_sent_once or in_doubt):
        return Settlement.RESEND
    return Settlement.LIST


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long things may take. Tests shorten them; their order is what the promises rest on: start < call < lease."""

    call: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=40)
    silence: timedelta = timedelta(minutes=15)
    news: timedelta = timedelta(minutes=5)  # what could not reach us for so long, a provider has tried again by then
    give_up_after: int = 6  # refusals of which one more may help


_BACKOFF: Final = tuple(timedelta(seconds=4**step) for step in range(6))  # the steps that Meta publishes: 1 s to 17 min
_LONGEST_ASKED: Final = 3600.0


def backoff(refusals: int) -> timedelta:
    return _BACKOFF[min(refusals, len(_BACKOFF) - 1)]


def asked_for(retry_after: float | None) -> timedelta | None:
    """The pause that a provider asks for, an hour at most; None where what it says is no pause."""
    if retry_after is None or not retry_after > 0:  # NaN too
        return None
    return timedelta(seconds=min(retry_after, _LONGEST_ASKED))
