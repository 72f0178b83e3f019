"""CPF, CNPJ and CEP: numbers of a fixed length, the first two with check digits."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from agents.extractors.found import Found, Plain, Refused, plain

_CPF_LENGTH: Final = 11
_CNPJ_LENGTH: Final = 14
_LOWEST_CEP: Final = 1_000_000  # 01000-000; below it nothing was ever given out


def find_cpf(text: str, *, asked: bool = False) -> list[Found | Refused]:
    """Eleven bare digits that fail are refused only where a CPF was asked for, or named: they may be anything."""
    return list(_checked(plain(text), _CPF, is_cpf, asked=asked))


def find_cnpj(text: str, *, asked: bool = False) -> list[Found | Refused]:
    """Of digits, or with letters as those given out from July 2026 on."""
    return list(_checked(plain(text), _CNPJ, is_cnpj, asked=asked))


def find_cep(text: str, *, asked: bool = False) -> list[Found | Refused]:
    return list(_ceps(plain(text), asked=asked))


def is_cpf(number: str) -> bool:
    if len(number) != _CPF_LENGTH or not _DIGITS.fullmatch(number) or len(set(number)) == 1:
        return False
    digits = [int(digit) for digit in number]
    return all(digits[n] == _eleventh(digits[:n], range(n + 1, 1, -1)) for n in (9, 10))


def is_cnpj(number: str) -> bool:
    """A character counts for its ASCII code less 48, so that digits are worth what they always were."""
    if len(number) != _CNPJ_LENGTH or not _CNPJ_SHAPE.fullmatch(number) or len(set(number)) == 1:
        return False
    worth = [ord(character) - 48 for character in number]
    return all(worth[n] == _eleventh(worth[:n], _CNPJ_WEIGHTS[-n:]) for n in (12, 13))


def _eleventh(worth: Sequence[int], weights: Sequence[int]) -> int:
    rest = sum(value * weight for value, weight in zip(worth, weights, strict=True)) % 11
    return 0 if rest < 2 else 11 - rest  # noqa: PLR2004 - the rule's own number


def _checked(
    folded: Plain, shape: re.Pattern[str], is_right: Callable[[str], bool], *, asked: bool
) -> Iterator[Found | Refused]:
    for found in shape.finditer(folded.text):
        number = re.sub(r"[^0-9A-Z]", "", found["number"].upper())
        span = folded.span(found.start("number"), found.end("number"))
        is_named = bool(found["name"])
        is_bare = found["number"].isalnum()
        if is_right(number):
            yield Found({"number": number}, *span)
        elif is_named or not is_bare or (asked and number.isdecimal()):
            yield Refused(*span, reason="check_digits")


def _ceps(folded: Plain, *, asked: bool) -> Iterator[Found | Refused]:
    for found in _CEP.finditer(folded.text):
        digits = re.sub(r"[^0-9]", "", found["number"])
        span = folded.span(found.start("number"), found.end("number"))
        if found["number"].isdecimal() and not (asked or found["name"]):
            continue
        if int(digits) < _LOWEST_CEP:
            yield Refused(*span, reason="unknown_cep")
        else:
            yield Found({"cep": digits}, *span)


_DIGITS: Final = re.compile(r"[0-9]+")
_CNPJ_SHAPE: Final = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_CNPJ_WEIGHTS: Final = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
_CPF: Final = re.compile(
    r"(?P<name>cpf[^0-9\n]{0,12})?(?<![0-9a-z.,/+-])(?P<number>[0-9]{3}(?:(?P<mark>[. "
    r"])[0-9]{3}(?P=mark)[0-9]{3}[ .-]{0,3}|[0-9]{6}-?)[0-9]{2})"
    r"(?![0-9a-z]|[.,/-][0-9])"
)
_CNPJ: Final = re.compile(
    r"(?P<name>cnpj[^0-9a-z\n]{0,6}(?:e |is |eh )?)?(?<![0-9a-z.,/+-])"
    r"(?P<number>[0-9a-z]{2}[. ]?[0-9a-z]{3}[. ]?[0-9a-z]{3} ?/ ?[0-9a-z]{4} ?-? ?[0-9]{2}|[0-9a-z]{12}-?[0-9]{2}"
    r"|[0-9a-z]{2}\.[0-9a-z]{3}\.[0-9a-z]{3}[ -]?[0-9a-z]{4}-?[0-9]{2})(?![0-9a-z])"
)
_CEP: Final = re.compile(
    r"(?P<name>cep[^0-9\n]{0,8})?(?<![0-9a-z.,/+-])(?P<number>[0-9]{5}-[0-9]{3}|[0-9]{2}\.[0-9]{3}-?[0-9]{3}|"
    r"[0-9]{5} [0-9]{3}|[0-9]{8})"
    r"(?![0-9a-z]|[.,/-][0-9])"
)
