"""XML of Office files as events, as it streams in. It declares nothing, or is refused: no entity is ever expanded."""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol
from xml.parsers import expat

from knowledge.documents import RefusalReason, Unreadable

_DEEPEST: Final = 256


class Listener(Protocol):
    """Names come without their namespace: within one Office file they are told apart without it."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None: ...

    def end(self, name: str) -> None: ...

    def text(self, text: str) -> None: ...


class _Depth:
    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable(RefusalReason.BROKEN)
        self._listener.start(_local(name), {_local(key): value for key, value in attributes.items()})

    def end(self, name: str) -> None:
        self._depth -= 1
        self._listener.end(_local(name))


def listen(pieces: Iterable[bytes], listener: Listener) -> None:
    parser = expat.ParserCreate(namespace_separator="|")
    depth = _Depth(listener)
    parser.buffer_text = True
    parser.StartElementHandler = depth.start
    parser.EndElementHandler = depth.end
    parser.CharacterDataHandler = listener.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except expat.ExpatError:
        raise Unreadable(RefusalReason.BROKEN) from None


def _refuse(*_: object) -> int:
    raise Unreadable(RefusalReason.UNSAFE_XML)


def _local(name: str) -> str:
    return name.rpartition("|")[2]
