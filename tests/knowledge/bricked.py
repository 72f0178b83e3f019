"""A machine that forbids what walls are made of: starts Python so that none of these calls is to be had."""

import ctypes
import os
import platform
import sys
from typing import Final

from knowledge.loaders.walls import _MACHINES, _Program, _Step

_CALLS: Final = {"prctl": (157, 167), "seccomp": (317, 277), "unshare": (272, 97)}


def main() -> None:
    """Neither a filter nor a network of its own."""
    forbid(*_CALLS)
    start(sys.argv[1:])


def start(arguments: list[str]) -> None:
    """Python, in the place of this one."""
    os.execv(sys.executable, [sys.executable, "-I", "-X", "utf8", *arguments])  # noqa: S606 - no shell is wanted


def forbid(*calls: str) -> None:
    """For this process and whatever it becomes."""
    column = list(_MACHINES).index(platform.machine())
    steps = [_Step(0x20, 0, 0, 0)]
    for call in calls:
        steps += [_Step(0x15, 0, 1, _CALLS[call][column]), _Step(0x06, 0, 0, 0x00050001)]
    steps.append(_Step(0x06, 0, 0, 0x7FFF0000))
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        sys.exit("no filter to forbid filters with")


if __name__ == "__main__":
    main()
