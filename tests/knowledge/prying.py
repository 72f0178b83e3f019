"""A loader that tries what no loader may do, and tells what it got away with."""

import ctypes
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Callable

from knowledge.loaders.answers import Hints, SiteMap
from knowledge.loaders.cell import serve

_IO_URING_SETUP = {"x86_64": 425, "aarch64": 425}


def _connect() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as plug:
        plug.connect(("127.0.0.1", 9))


def _send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        plug.sendto(b"x", ("127.0.0.1", 9))


def _talk_locally() -> None:
    socket.socketpair()


def _read_passwords() -> None:
    with open("/etc/passwd", "rb"):  # noqa: PTH123 - as plain as an attacker
        return


def _read_variables() -> None:
    with open("/proc/self/environ", "rb"):  # noqa: PTH123 - as plain as an attacker
        return


def _start() -> None:
    subprocess.run(["/bin/true"], check=True)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _raise_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _queue_calls() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_IO_URING_SETUP[os.uname().machine], 4, ctypes.byref(ctypes.create_string_buffer(256))) < 0:
        raise OSError(ctypes.get_errno(), "refused")


_TRIES: tuple[Callable[[], None], ...] = (
    _connect,
    _send,
    _talk_locally,
    _read_passwords,
    _read_variables,
    _start,
    _fork,
    _signal_parent,
    _raise_memory,
    _queue_calls,
)


def load(data: bytes, hints: Hints) -> SiteMap:
    del hints
    if data == b"memory":
        bytearray(1 << 30)
    while data == b"time":
        pass
    if data == b"flood":
        sys.stdout.buffer.write(b"x" * (200 << 20))
    if data == b"variables":
        return SiteMap(pages=tuple(os.environ))
    return SiteMap(pages=tuple(_got_away()))


def _got_away() -> list[str]:
    done = []
    for attempt in _TRIES:
        try:
            attempt()
        except (OSError, ValueError):
            continue
        done.append(attempt.__name__)
    return done


if __name__ == "__main__":
    serve(load)
