"""The life of a child that reads one source: shut itself in, take the bytes, answer, end."""

import codecs
import json
import sys
from collections.abc import Callable
from typing import Final

from knowledge.documents import RefusalReason, Unreadable
from knowledge.loaders.answers import Answer, Hints, encode
from knowledge.loaders.walls import KEEPS_PACKETS_IN, erect

Load = Callable[[bytes, Hints], Answer]

# Python looks an encoding up in a file when it is first used, and behind the walls no file opens. Nor may a loader use
# what the standard library imports late, such as `Counter.most_common`: a good file of each kind is read in a test.
for _name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp437", "latin-1", "ascii"):
    codecs.lookup(_name)
_NO_MEMORY: Final = encode(RefusalReason.TOO_HEAVY)


def serve(load: Load) -> None:
    """Anything that is not foreseen here ends the process, and its parent says that the file is damaged."""
    walls = erect()
    if not walls & KEEPS_PACKETS_IN:
        _say(encode(RefusalReason.NO_SAFE_PLACE))
        return
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    hints = json.loads(head)
    try:
        said = encode(load(data, Hints(name=hints["name"], charset=hints["charset"])))
    except Unreadable as refused:
        said = encode(refused.reason)
    except RecursionError:
        said = encode(RefusalReason.BROKEN)
    except MemoryError:
        said = _NO_MEMORY
    _say(said)


def _say(said: bytes) -> None:
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
