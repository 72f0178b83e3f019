"""The process that holds a network open, and the start of those in it: it imports little, for there are many.

Walls that keep packets in are of two kinds. A child here may not leave for an empty network: its filter stands alone.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from typing import Final

from tests.knowledge.bricked import forbid, start

_NEW_USER: Final = 0x10000000
_NEW_NETWORK: Final = 0x40000000
_RAISE: Final = 0x8914  # SIOCSIFFLAGS
_UP: Final = 0x41
_LOOPBACK: Final = 1  # of any network the first device


def main() -> None:
    if len(sys.argv) == 1:
        _hold()
        return
    _enter(sys.argv[1])
    forbid("unshare")
    start(sys.argv[2:])


def _hold() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0 and libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return
    _raise_loopback()
    for family in (socket.AF_INET, socket.AF_INET6):
        _lead_everything_here(family)
    sys.stdout.write("open\n")
    sys.stdout.flush()
    sys.stdin.read()


def _enter(holder: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    for kind, is_needed in (("user", False), ("net", True)):
        place = os.open(f"/proc/{holder}/ns/{kind}", os.O_RDONLY)
        if libc.setns(place, 0) != 0 and is_needed:
            sys.exit("the network cannot be entered")
        os.close(place)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        fcntl.ioctl(plug, _RAISE, struct.pack("16sH14s", b"lo", _UP, b""))


def _lead_everything_here(family: socket.AddressFamily) -> None:
    """A route by which each address is one of this machine, as `ip route add local default dev lo` makes it."""
    route = struct.pack("BBBBBBBBI", family, 0, 0, 0, 254, 3, 254, 2, 0) + struct.pack("HHI", 8, 4, _LOOPBACK)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as plug:
        plug.send(struct.pack("IHHII", 16 + len(route), 24, 0x405, 1, 0) + route)
        [failed] = struct.unpack_from("i", plug.recv(4096), 16)
        if failed and family == socket.AF_INET:
            sys.exit("no route can be made")


if __name__ == "__main__":
    main()
