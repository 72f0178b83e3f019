"""Texts and what stands out in them, counted as Telegram counts: in UTF-16 units."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.telegram.errors import bad_request
from sandbox.telegram.html_text import parsed
from sandbox.telegram.parameters import Parameters
from sandbox.telegram.wire import Json

MOST_ENTITIES: Final = 100  # the rest is dropped without a word
_LONGEST_BYTES: Final = 1 << 15
_WIDE: Final = 0xFFFF
_PLAIN: Final = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline"}
    | {"strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention"}
    | {"custom_emoji"}
)
_FOUND: Final = (
    ("email", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b")),
    (
        "url",
        re.compile(r"\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)]|\b(?:[\w-]+\.)+(?:com|br|org|net|dev|io|app)\b(?:/\S*)?"),
    ),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}\b")),
    ("bot_command", re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z]\w{2,31})?\b")),
    ("hashtag", re.compile(r"(?<![\w#])#[^\W\d]\w*")),
)


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: tuple[Json, ...] = ()


def length(text: str) -> int:
    return len(text) + sum(ord(each) > _WIDE for each in text)


def part(text: str, offset: int, size: int) -> str:
    units = text.encode("utf-16-le")
    return units[2 * offset : 2 * (offset + size)].decode("utf-16-le", errors="replace")


def formatted(text: str, mode: str, given: Any) -> Formatted:
    """What a bot wrote, as people will see it; an unknown mode is refused, as are entities that are none."""
    if len(text.encode(errors="surrogatepass")) > _LONGEST_BYTES:
        raise bad_request("text is too long")
    wanted = mode.lower()
    if text and wanted == "html":
        text, told = parsed(text)
    elif text and wanted not in {"", "none"}:
        raise bad_request("unsupported parse_mode")
    else:
        told = list(_given(given))
    return _trimmed(Formatted(text, tuple(told)))


def caption_of(parameters: Parameters) -> Formatted:
    given = parameters.json("caption_entities", "caption entities")
    return formatted(parameters.text("caption"), parameters.text("parse_mode"), given)


def found_in(text: str) -> tuple[Json, ...]:
    """What Telegram finds by itself: commands, mentions, addresses, hashtags; never two in one place."""
    taken: list[tuple[int, int]] = []
    told: list[Json] = []
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text):
            start, end = match.span()
            if all(end <= other or start >= until for other, until in taken):
                taken.append((start, end))
                told.append({"offset": length(text[:start]), "length": length(match.group()), "type": kind})
    return tuple(sorted(told, key=lambda entity: entity["offset"]))


def completed(shown: Formatted) -> Formatted:
    """With what is found beside what was given."""
    given = shown.entities
    more = [each for each in found_in(shown.text) if not any(_overlap(each, other) for other in given)]
    everything = sorted([*given, *more], key=lambda each: (each["offset"], -each["length"]))
    return Formatted(shown.text, tuple(everything[:MOST_ENTITIES]))


def told(shown: Formatted, name: str = "text") -> Json:
    """The keys of a message: `text` and `entities`, or `caption` and `caption_entities`."""
    if not shown.text:
        return {}
    entities = "entities" if name == "text" else "caption_entities"
    return {name: shown.text} | ({entities: list(shown.entities)} if shown.entities else {})


def _overlap(one: Json, other: Json) -> bool:
    return bool(one["offset"] < other["offset"] + other["length"] and other["offset"] < one["offset"] + one["length"])


def _given(told: Any) -> Iterator[Json]:
    if not isinstance(told, list):
        return
    for each in told:
        if not isinstance(each, dict):
            raise bad_request("can't parse MessageEntity: expected an Object")
        for name in ("offset", "length"):
            if not isinstance(each.get(name), int):
                raise bad_request(f"can't parse MessageEntity: Can't find field \"{name}\"")
        kind = each.get("type")
        if not isinstance(kind, str):
            raise bad_request("can't parse MessageEntity: Type is not specified")
        if kind not in _PLAIN:
            raise bad_request("can't parse MessageEntity: Unsupported type specified")
        more = {name: value for name, value in each.items() if name in {"url", "language", "user", "custom_emoji_id"}}
        yield {"offset": each["offset"], "length": each["length"], "type": kind, **more}


def _trimmed(shown: Formatted) -> Formatted:
    """Without the blank around it; entities move along, and those that lie outside go."""
    text = shown.text.strip()
    front = length(shown.text[: len(shown.text) - len(shown.text.lstrip())])
    size = length(text)
    return Formatted(text, tuple(_within(shown.entities, front, size)))


def _within(entities: Sequence[Json], front: int, size: int) -> Iterator[Json]:
    for each in entities:
        start, end = max(0, each["offset"] - front), min(size, each["offset"] + each["length"] - front)
        if start < end:
            yield {**each, "offset": start, "length": end - start}
