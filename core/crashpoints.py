"""Named places where a rehearsal may kill this process, so that each promise is tried at the worst moment.

`CRASH_AT=name` or `CRASH_AT=name:nth` kills at the first or nth passing, and only where `MASTERIA_CHAOS=1` is set too.
"""

import itertools
import os
import re
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from core.errors import Misconfigured

CHAOS: Final = "MASTERIA_CHAOS"
CRASH_AT: Final = "CRASH_AT"
_WANTED: Final = re.compile(r"(?P<point>[a-z_.]+)(?::(?P<nth>[1-9]\d{0,8}))?")


class CrashPoint(StrEnum):
    RX_PRE_COMMIT = "rx.pre_commit"
    RX_POST_COMMIT = "rx.post_commit"
    INTAKE_PRE_COMMIT = "intake.pre_commit"
    INTAKE_POST_COMMIT = "intake.post_commit"
    SEND_PRE_CLAIM = "send.pre_claim"
    SEND_POST_CLAIM = "send.post_claim"
    SEND_PRE_HTTP = "send.pre_http"
    SEND_POST_ACCEPT = "send.post_accept"
    SEND_POST_COMMIT = "send.post_commit"
    SETTLE_PRE_COMMIT = "settle.pre_commit"
    RECONCILE_PRE_COMMIT = "reconcile.pre_commit"
    MEDIA_PRE_STORE = "media.pre_store"
    MEDIA_POST_STORE = "media.post_store"
    TURN_PRE_START = "turn.pre_start"
    TURN_PRE_COMMIT = "turn.pre_commit"
    TURN_POST_COMMIT = "turn.post_commit"
    EFFECT_PRE_COMMIT = "effect.pre_commit"
    TIMER_PRE_COMMIT = "timer.pre_commit"


@dataclass(frozen=True, slots=True)
class Fuse:
    point: CrashPoint
    nth: int
    passings: Iterator[int]


def crashpoint(point: CrashPoint) -> None:
    fuse = _fuse()
    if fuse is not None and fuse.point is point and next(fuse.passings) == fuse.nth:
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def _fuse() -> Fuse | None:
    """Read once: what is set later does not arm a process that is at work."""
    return read_fuse(os.environ)


def read_fuse(environment: Mapping[str, str]) -> Fuse | None:
    wanted = environment.get(CRASH_AT)
    if not wanted or environment.get(CHAOS) != "1":
        return None
    match = _WANTED.fullmatch(wanted)
    if match is None or match["point"] not in set(CrashPoint):
        known = ", ".join(CrashPoint)
        raise Misconfigured(
            f"Valor inválido em {CRASH_AT}: esperado nome[:vez], com um destes nomes: {known}.",
            f"Invalid value in {CRASH_AT}: expected name[:nth], with one of these names: {known}.",
        )
    return Fuse(CrashPoint(match["point"]), int(match["nth"] or 1), itertools.count(1))
