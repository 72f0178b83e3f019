"""What a child that reads a stranger's file shuts itself in with, before it looks at the first byte.

Whatever the file makes its parser do, afterwards the process can compute, read what it was given and answer. It cannot
open a file or a socket, nor start a program, and it has little memory and time.
"""

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

MEMORY_BYTES: Final = 512 * 1024 * 1024
CPU_SECONDS: Final = 20
_NOBODY: Final = 65534


class Wall(StrEnum):
    FILTER = "filter"  # only the system calls of computing
    NETWORK = "network"  # a network of its own, which is empty
    NOBODY = "nobody"  # a user who owns nothing


# Either keeps every packet in; a user who owns nothing may still open sockets.
KEEPS_PACKETS_IN: Final = frozenset({Wall.FILTER, Wall.NETWORK})


def erect() -> frozenset[Wall]:
    """Say which stand. The order matters: the filter comes last, since it forbids what the others need."""
    _limit()
    if sys.platform != "linux":
        return frozenset()
    libc = ctypes.CDLL(None, use_errno=True)
    tried = {Wall.NETWORK: _leave_network(libc), Wall.NOBODY: _become_nobody(), Wall.FILTER: _filter(libc)}
    return frozenset(wall for wall, stands in tried.items() if stands)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Root may simply; others need a world of their own for it, which some systems forbid."""
    return bool(libc.unshare(_NEW_NETWORK) == 0 or libc.unshare(_NEW_USER | _NEW_NETWORK) == 0)


def _become_nobody() -> bool:
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return True


_SET_DUMPABLE: Final = 4
_SET_SECCOMP: Final = 22
_SET_NO_NEW_PRIVILEGES: Final = 38
_MODE_FILTER: Final = 2
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | 1  # the call fails with EPERM
_KILL: Final = 0x80000000
_LOAD: Final = 0x20  # a word of the call's description
_IF_EQUAL: Final = 0x15
_IF_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_MACHINE_AT: Final = 4
_FOREIGN_NUMBERS: Final = 0x40000000  # x86-64 knows each call a second time from here

_MACHINES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# Memory, the pipes that are open already, the clock, signals to oneself, and the end.
_CALLS: Final[Mapping[str, tuple[int, int | None]]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "lseek": (8, 62),
    "fcntl": (72, 25),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    "futex": (202, 98),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "sched_yield": (24, 124),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "exit": (60, 93),
    "exit_group": (231, 94),
}


class _Step(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _filter(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _MACHINES:
        return False
    steps = _steps(machine)
    program = _Program(len(steps), (_Step * len(steps))(*steps))
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _steps(machine: str) -> list[_Step]:
    """A list of what is allowed, because a list of what is forbidden grows with every kernel."""
    column = list(_MACHINES).index(machine)
    numbers = [number for calls in _CALLS.values() if (number := calls[column]) is not None]
    return [
        _Step(_LOAD, 0, 0, _MACHINE_AT),
        _Step(_IF_EQUAL, 1, 0, _MACHINES[machine]),
        _Step(_RETURN, 0, 0, _KILL),
        _Step(_LOAD, 0, 0, _NUMBER_AT),
        _Step(_IF_AT_LEAST, 0, 1, _FOREIGN_NUMBERS),
        _Step(_RETURN, 0, 0, _REFUSE),
        *(step for number in numbers for step in (_Step(_IF_EQUAL, 0, 1, number), _Step(_RETURN, 0, 0, _ALLOW))),
        _Step(_RETURN, 0, 0, _REFUSE),
    ]
