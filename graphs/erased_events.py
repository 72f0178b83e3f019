"""What a provider posted, without one person: the smallest part of it that names them is taken out. Pure."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

NOTHING: Final = b"{}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`names` are whole values, such as an id; `numbers` count wherever they stand in one."""

    names: Collection[str]
    numbers: Collection[str]

    def is_in(self, value: str) -> bool:
        return value in self.names or any(number in value for number in self.numbers)


def without(body: bytes, wanted: Wanted) -> bytes:
    """What cannot be read as a document is wiped where it names them."""
    try:
        document = json.loads(body)
    except ValueError:
        return NOTHING if wanted.is_in(body.decode(errors="replace")) else body
    left, is_named = _pruned(document, wanted)
    if is_named:
        return NOTHING
    return body if left == document else json.dumps(left, ensure_ascii=False).encode()


def is_of_topic(body: bytes, chat: int, thread: int) -> bool:
    """An update of Telegram about this topic of this group, or about something in it."""
    try:
        update = json.loads(body)
    except ValueError:
        return False
    return any(_stands_in(part, chat, thread) for part in _objects(update))


def _stands_in(part: dict[str, Any], chat: int, thread: int) -> bool:
    place = part.get("chat")
    return part.get("message_thread_id") == thread and isinstance(place, dict) and place.get("id") == chat


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(one for part in value.values() for one in _objects(part))]
    if isinstance(value, list):
        return [one for part in value for one in _objects(part)]
    return []


def _pruned(value: Any, wanted: Wanted) -> tuple[Any, bool]:
    """What is left, and whether it names them itself: an entry of a list that does is left out of it."""
    if isinstance(value, dict):
        parts = {name: _pruned(part, wanted) for name, part in value.items()}
        return {name: part for name, (part, _) in parts.items()}, any(is_named for _, is_named in parts.values())
    if isinstance(value, list):
        pairs = [_pruned(part, wanted) for part in value]
        return [part for part, is_named in pairs if not is_named], False
    return value, wanted.is_in(value if isinstance(value, str) else str(value))
