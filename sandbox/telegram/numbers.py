"""Numbers that rise from one sandbox to the next: a database that outlives this one must not meet them twice."""

from typing import Final

from sandbox.clock import Stamp

_BEGINNING: Final = 1_700_000_000
_A_SECOND: Final = 10
_NANOSECONDS: Final = 10**9


def first_number() -> int:
    """Below 2³¹ for years, and beyond all of an earlier run that used fewer than ten a second."""
    return (Stamp.now().wall_ns // _NANOSECONDS - _BEGINNING) * _A_SECOND
