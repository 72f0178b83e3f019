"""One of a slot's options: by value, label, alias, or its number in the list where it was asked for."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from agents.extractors.found import Found, plain
from agents.personas.definition import Option

_SHORTEST: Final = 3  # letters of a name that counts where nobody asked
_TYPO: Final = 5  # letters from which on one may be wrong
_LONGEST_ANSWER: Final = 60


def find(text: str, options: Sequence[Option], *, asked: bool = False) -> list[Found]:
    """The longest names first, none that is refused ("não quero o básico"), each place once."""
    folded = plain(text)
    found: list[Found] = []
    taken: list[tuple[int, int]] = []
    for name, option in _names(options):
        if len(name) < _SHORTEST and not asked:
            continue
        for start, end in _places(folded.text, name):
            if any(start < behind and before < end for before, behind in taken):
                continue
            taken.append((start, end))
            if not _REFUSED.search(folded.text[max(0, start - 24) : start]):
                found.append(Found(_value(option), *folded.span(start, end)))
    if not found and asked and not taken and len(folded.text) <= _LONGEST_ANSWER:
        found.extend(_by_number(text, options) or _mistyped(text, options))
    return sorted(found, key=lambda one: one.start)


def of(value: str, options: Sequence[Option]) -> dict[str, str] | None:
    """The option behind a button."""
    return next((_value(option) for option in options if option.value == value), None)


def _value(option: Option) -> dict[str, str]:
    return {"value": option.value, "label": option.label}


def _names(options: Sequence[Option]) -> list[tuple[str, Option]]:
    names = {
        plain(name.replace("_", " ")).text.strip(): option
        for option in options
        for name in (option.value, option.label, *option.aliases)
    }
    return sorted(names.items(), key=lambda pair: -len(pair[0]))


def _places(text: str, name: str) -> Iterator[tuple[int, int]]:
    for found in re.finditer(rf"(?<!\w){re.escape(name)}s?(?!\w)", text):
        yield found.span()


def _by_number(text: str, options: Sequence[Option]) -> list[Found]:
    folded = plain(text)
    found = _NUMBERED.fullmatch(folded.text)
    if found is None:
        return []
    written = found["number"]
    number = int(written) if written.isdecimal() else _ORDINALS.get(written[:5], 0)
    if found["last"] or written == "ultim":
        number = len(options)
    if not 1 <= number <= len(options):
        return []
    return [Found(_value(options[number - 1]), *folded.span(found.start("whole"), found.end("whole")))]


def _mistyped(text: str, options: Sequence[Option]) -> list[Found]:
    """One letter wrong, missing or too many, where only one option is so near."""
    folded = plain(text)
    near = [
        (word, option)
        for word in re.finditer(r"\w{4,}", folded.text)
        for name, option in _names(options)
        if len(name) >= _TYPO and _is_near(word[0], name)
    ]
    if len({option.value for _, option in near}) != 1:
        return []
    word, option = near[0]
    return [Found(_value(option), *folded.span(word.start(), word.end()))]


def _is_near(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1:
        return False
    head = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    one, other = one[head:], other[head:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return swapped or one[1:] == other[1:] or one[1:] == other or one == other[1:]


_REFUSED: Final = re.compile(
    r"(?<!\w)(?:nao|nem|sem|menos|not|no)(?: (?:quero|e|eh|gosto|queria|want))?(?: (?:d?[oa]s?|um|uma|the|el|la))? ?\Z"
)
_ORDINALS: Final = {
    word: number
    for number, written in enumerate(
        ("prime first um", "segun secon dois", "terce third tres", "quart quatr", "quint cinco"), 1
    )
    for word in written.split()
}
_NUMBERED: Final = re.compile(
    r"\W*(?:(?:quero|prefiro|pode ser|vou de|fico com|escolho|acho que|e|eh|seria|i want) )?"
    r"(?P<whole>(?:[oa] |the |el |la )?(?:(?:opcao|numero|n|item|alternativa|option|number) ?)?"
    r"(?P<number>[0-9]{1,2}|primeir[oa]|segund[oa]|terceir[oa]|quart[oa]|quint[oa]|first|second|third|um|dois"
    r"|tres|quatro|cinco"
    r"|(?P<last>ultim[oa]|last))(?:[oa]|a)?(?: (?:opcao|alternativa|option|one|item))?)"
    r"(?:\W+(?:por favor|pf|pfv|please|obrigad[oa]|mesmo))?\W*"
)
