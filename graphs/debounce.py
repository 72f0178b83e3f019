"""When to answer somebody who may still be typing: people send one thought in several messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from core import lexicon
from core.models.people import ConnectionKind
from core.models.stream import MessageKind

_SHORT: Final = 25  # characters, below which a text without an end is rarely the whole thought


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A message that nobody has answered yet."""

    at: datetime
    kind: MessageKind
    text: str | None = None
    is_button: bool = False
    awaits_words: bool = False  # a recording or a picture, until a model has said what it says


@dataclass(frozen=True, kw_only=True, slots=True)
class Waits:
    """Seconds of silence after the newest message."""

    base: float
    unfinished: float = 0.0  # longer after a bare greeting, or a short text without an end
    question: float = 0.0  # shorter after a question
    cap: float = 8.0  # never longer after the first message, however many follow
    words: float = 20.0  # after a recording or a picture, for its words; then we go on without


_CHAT: Final = Waits(base=1.6, unfinished=1.5, question=0.6)
_SPOKEN: Final = Waits(base=0.0)  # the vendor hears when someone has finished

WAITS: Final[Mapping[ConnectionKind, Waits]] = {
    ConnectionKind.WHATSAPP: _CHAT,
    ConnectionKind.BAILEYS: _CHAT,
    ConnectionKind.TELEGRAM: _CHAT,
    ConnectionKind.SMS: Waits(base=3.0),  # its parts are cut anywhere, so how one ends says nothing
    ConnectionKind.VOICE_RETELL: _SPOKEN,
    ConnectionKind.VOICE_VAPI: _SPOKEN,
}


def due_at(arrivals: Sequence[Arrival], channel: ConnectionKind, *, wait: float | None = None) -> datetime:
    """When these messages are to be answered together: never before the newest of them.

    `wait` is how many seconds of silence the company wants, if not as many as are usual on the channel.
    """
    if not arrivals:
        raise ValueError("a turn without messages is never due")
    waits = WAITS[channel] if wait is None else _patient(WAITS[channel], wait)
    newest = max(arrival.at for arrival in arrivals)
    if any(map(_is_final, arrivals)):
        return newest
    silence = max(_silence(arrival, waits) for arrival in arrivals if arrival.at == newest)
    first = min(arrival.at for arrival in arrivals)
    return max(newest, min(newest + silence, first + timedelta(seconds=waits.cap)), _words_until(arrivals, waits))


def _patient(waits: Waits, seconds: float) -> Waits:
    """Only where people write. Who is not to be waited for at all is not waited for because of how they write."""
    if waits == _SPOKEN:
        return waits
    return replace(
        waits,
        base=seconds,
        unfinished=min(waits.unfinished, seconds),
        question=min(waits.question, seconds),
        cap=max(waits.cap, 2 * seconds),
    )


def _words_until(arrivals: Sequence[Arrival], waits: Waits) -> datetime:
    """However many recordings follow one another, the first of them bounds the wait for all."""
    awaited = [arrival.at for arrival in arrivals if arrival.awaits_words]
    if not awaited:
        return min(arrival.at for arrival in arrivals)
    return min(awaited) + timedelta(seconds=waits.words)


def _is_final(arrival: Arrival) -> bool:
    """A choice was made: there is nothing to wait for."""
    return arrival.is_button or lexicon.consent_word(arrival.text or "") is not None


def _silence(arrival: Arrival, waits: Waits) -> timedelta:
    seconds = waits.base
    if arrival.kind is MessageKind.TEXT and arrival.text:
        seconds += waits.unfinished if _is_unfinished(arrival.text) else 0.0
        seconds -= waits.question if lexicon.is_question(arrival.text) else 0.0
    return timedelta(seconds=seconds)


def _is_unfinished(text: str) -> bool:
    is_short = len(text.strip()) < _SHORT
    return lexicon.is_bare_greeting(text) or (is_short and not lexicon.has_terminal_punctuation(text))
