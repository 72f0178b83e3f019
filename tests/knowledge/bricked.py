"""A machine that forbids every wall: starts Python so that neither a filter nor a network of its own can be had."""

import ctypes
import os
import platform
import sys

from knowledge.loaders.walls import _MACHINES, _Program, _Step

_CALLS = {"prctl": (157, 167), "seccomp": (317, 277), "unshare": (272, 97)}


def main() -> None:
    column = list(_MACHINES).index(platform.machine())
    steps = [_Step(0x20, 0, 0, 0)]
    for numbers in _CALLS.values():
        steps += [_Step(0x15, 0, 1, numbers[column]), _Step(0x06, 0, 0, 0x00050001)]
    steps.append(_Step(0x06, 0, 0, 0x7FFF0000))
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
        sys.exit("no filter to forbid filters with")
    os.execv(sys.executable, [sys.executable, "-I", "-X", "utf8", *sys.argv[1:]])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
