"""The numbered prompt contract: which sections a prompt has, how they are fenced, and how to find them again.

What people, pages and tools wrote stands between fences and cannot write one: that keeps data apart from rules.

Bodies, beside those in plain words: 2 `{"name","role","company","scope","register","emoji","language","forbidden",
"examples":[{"customer","persona"}]}`, 3 of understand `{"slots":{name:{"type","label"?,"options"?:[{"value","label",
"aliases"}]}},"evidence":{name:describe},"goals":{id:label}}`, 4 `{"id","label","objective","strict","kb"}`, 5 `{key:
words}`, 7 lines `{"n","who","text","described"?}`, 8 `{"now","weekday","zone"}`, 9 `{"known":{slot:words},"missing":[
{"slot","type","label","options"?:[labels]}],"asked","said":[texts],"ask_after","question"}`, 10 lines `{"id","title",
"text"}`, 12 lines `{"n","text","spoken","staff","described"?}`, 13 `{tool:result}`, 14 `{"draft","violations"}`.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal

from agents.gateway.port import Prompt
from core.errors import AppError
from core.texts import Text

VERSION: Final = 1
MOST_STRING: Final = 2000  # characters of one string within a body


class Section(StrEnum):
    """Numbers go up as sections follow one another; a number is never given to anything else."""

    RULES = "1.rules"
    PERSONA_CARD = "2.persona_card"
    SCHEMA = "3.schema"
    STAGE = "4.stage"
    FACTS = "5.facts"
    SUMMARY = "6.summary"
    HISTORY = "7.history"
    NOW = "8.now"
    SLOTS = "9.slots"
    PASSAGES = "10.passages"
    INSTRUCTION = "11.instruction"
    MESSAGE = "12.message"
    RESULTS = "13.results"
    REPAIR = "14.repair"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One message of a prompt, and the sections that make it."""

    role: Literal["system", "user"]
    sections: tuple[Section, ...]
    is_stable: bool = False


# What changes least comes first: providers reuse what they know of a prompt up to the first character that differs.
PARTS: Final = (
    Part(role="system", sections=(Section.RULES, Section.PERSONA_CARD, Section.SCHEMA), is_stable=True),
    Part(role="system", sections=(Section.STAGE, Section.FACTS, Section.SUMMARY)),
    Part(role="user", sections=(Section.HISTORY,)),
    Part(
        role="user",
        sections=(
            Section.NOW,
            Section.SLOTS,
            Section.PASSAGES,
            Section.INSTRUCTION,
            Section.MESSAGE,
            Section.RESULTS,
            Section.REPAIR,
        ),
    ),
)


class ContractError(AppError):
    """A prompt that was not put together as this module says: a mistake of ours, never of a customer's."""

    title = Text("Prompt fora do contrato", "Prompt off its contract")


def prompts_of(bodies: Mapping[Section, str]) -> list[Prompt]:
    """The messages of a prompt. A section of which nothing is known is there all the same, and empty."""
    return [_prompt(part, bodies) for part in PARTS]


def _prompt(part: Part, bodies: Mapping[Section, str]) -> Prompt:
    written = tuple(bodies.get(section, "") for section in part.sections)
    make = _stable_content if part.is_stable else _content
    return Prompt(role=part.role, content=make(part.sections, written), is_stable=part.is_stable)


def _content(sections: tuple[Section, ...], bodies: tuple[str, ...]) -> str:
    return "\n".join(map(fenced, sections, bodies))


_stable_content = lru_cache(maxsize=256)(_content)  # the same for every turn of a persona's version


def fenced(section: Section, body: str) -> str:
    inside = defused(clean(body)).strip("\n") if body else ""
    return f"[[{section}]]\n{inside}\n[[/{section}]]" if inside else f"[[{section}]]\n[[/{section}]]"


def sections_of(messages: Sequence[Prompt | Mapping[str, Any]]) -> Mapping[Section, str]:
    """What stands in each section, of prompts of ours or of messages in OpenAI's shape."""
    found: dict[Section, str] = {}
    inside: Section | None = None
    lines: list[str] = []
    for line in _lines(messages):
        fence = _FENCE.fullmatch(line)
        if fence is None:
            lines.append(line)
        elif fence["end"]:
            _must(inside is not None and fence["name"] == inside, f"fecha {fence['name']}", f"closes {fence['name']}")
            found[Section(fence["name"])], inside, lines = "\n".join(lines), None, []
        else:
            _must(inside is None and not "".join(lines).strip(), f"abre {fence['name']}", f"opens {fence['name']}")
            inside, lines = _next(fence["name"], len(found)), []
    _must(inside is None and not "".join(lines).strip(), "acaba fora de lugar", "ends out of place")
    missing = [section for section in Section if section not in found]
    _must(not missing, f"sem {', '.join(missing)}", f"without {', '.join(missing)}")
    return found


def clean(text: str) -> str:
    """Without what cannot be seen: control, zero-width, bidirectional and tag characters, lone surrogates."""
    if _PLAIN.fullmatch(text):  # nearly all of what people write here
        return text
    return _BREAKS.sub("\n", text).translate(_SEEN)


def defused(text: str) -> str:
    """No fence can be opened or closed from within: `[[` is written `[ [`, also where it only looks like it."""
    return _PAIR.sub("[ ", text.translate(_BRACKETS)) if _FENCELIKE.search(text) else text


def cut(text: str, most: int) -> str:
    """At most this many characters, between words where it can be: half a number would be another number."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    return kept[: space if space > most // 2 else most - 1].rstrip() + "…"


def as_json(value: object, *, most: int = MOST_STRING) -> str:
    """One line of JSON, its keys sorted: the same value is always the same text."""
    return _JSON.encode(_plain(value, most))


def as_record(**written: str) -> str:
    """An object as `as_json` writes it, of values that are JSON already."""
    return "{" + ", ".join([f'"{key}": {written[key]}' for key in sorted(written)]) + "}"


def as_lines(values: Sequence[object], *, most: int = MOST_STRING) -> str:
    return "\n".join(as_json(value, most=most) for value in values)


_JSON: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_BARE: Final = frozenset({type(None), bool, int, float})  # told apart at once
_FENCE: Final = re.compile(r"\[\[(?P<end>/?)(?P<name>\d+\.[a-z_]+)\]\]")
_PLAIN: Final = re.compile("[\n -~\xa0-\xac\xae-\u024f\u2010-\u2027\u20ac]*")
_BREAKS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})


class _Seen(dict[int, int | str | None]):
    """What each character becomes, found out once: a prompt is long, and looked at letter by letter."""

    def __missing__(self, code: int) -> int | None:
        self[code] = found = None if unicodedata.category(chr(code)) in _UNSEEN else code
        return found


_SEEN: Final = _Seen(
    {
        0x09: " ",
        0x0A: "\n",
        **dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), " "),  # blank letters
        **dict.fromkeys(range(0xE0100, 0xE01F0)),  # selectors that carry hidden bytes
        0x034F: None,  # joins letters, and is not seen
    }
)
_BRACKETS: Final = {0xFF3B: "[", 0x27E6: "[ [", 0x301A: "[ ["}
_PAIR: Final = re.compile(r"\[(?=\[)")
_FENCELIKE: Final = re.compile(r"\[\[|[\uff3b\u27e6\u301a]")


def _lines(messages: Sequence[Prompt | Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.content if isinstance(message, Prompt) else message.get("content")
        if isinstance(content, str):
            yield from content.split("\n")
        else:  # a list of pieces, as some providers want them
            yield from "\n".join(str(piece.get("text", "")) for piece in content or ()).split("\n")


def _next(name: str, number: int) -> Section:
    """Sections come in their order, each once: a second one would be somebody else's."""
    order = list(Section)
    _must(number < len(order) and name == order[number], f"{name} fora de ordem", f"{name} out of order")
    return Section(name)


def _plain(value: object, most: int) -> object:
    if type(value) is str:
        return cut(clean(value), most)
    if type(value) in _BARE or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {cut(clean(str(key)), most): _plain(one, most) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        return [_plain(one, most) for one in value]
    return cut(clean(_written(value)), most)


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else str(value)


def _must(holds: bool, pt: str, en: str) -> None:  # noqa: FBT001 - the one thing it is about
    if not holds:
        raise ContractError(f"Prompt fora do contrato: {pt}.", f"Prompt off its contract: {en}.")
