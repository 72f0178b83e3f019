"""Telephone numbers: one canonical form of what people and providers write, and what a number tells of its owner.

Brazil has its own rules. Mobiles got a ninth digit between 2012 and 2016, yet old notebooks lack it and WhatsApp still
knows many accounts without it: the canonical form always has it. A landline never gets one.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, timezone

# A number cannot tell Fernando de Noronha (81) from Recife, nor the west of Amazonas, an hour behind, from the rest of
# 97: there the greater part of the people decides. Pará is here because the library still has its zones of before 2008.
_DDDS_BY_ZONE: Final = {
    "America/Sao_Paulo": "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 "
    "41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 64",
    "America/Bahia": "71 73 74 75 77",
    "America/Maceio": "79 82",
    "America/Recife": "81 87",
    "America/Fortaleza": "83 84 85 86 88 89 98 99",
    "America/Belem": "91 94 96",
    "America/Santarem": "93",
    "America/Araguaina": "63",
    "America/Cuiaba": "65 66",
    "America/Campo_Grande": "67",
    "America/Porto_Velho": "69",
    "America/Manaus": "92 97",
    "America/Boa_Vista": "95",
    "America/Rio_Branco": "68",
}
_ZONES: Final = {ddd: zone for zone, ddds in _DDDS_BY_ZONE.items() for ddd in ddds.split()}
DDDS: Final = frozenset(_ZONES)

_LONGEST: Final = 100
_BRAZIL: Final = "55"
_DDD: Final = f"(?P<ddd>{'|'.join(sorted(DDDS))})"
_MOBILE: Final = re.compile(rf"55{_DDD}9(?P<line>\d{{8}})")
_LANDLINE: Final = re.compile(rf"55{_DDD}[2-5]\d{{7}}")
# 7 belonged to trunked radio too, which had no ninth digit and was switched off in 2018.
_OLD_MOBILE: Final = re.compile(rf"55{_DDD}(?P<line>[6-9]\d{{7}})")
_OLD_MEXICAN: Final = re.compile(r"521(?P<line>\d{10})")  # the 1 of mobiles ended in 2019, but not in WhatsApp's ids
_SHORTEST_BRAZILIAN: Final = 12  # with the country and a DDD, which is never guessed

_WA_ID: Final = re.compile(r"\+?(?P<digits>[1-9][0-9]{6,14})")
_NUMBER: Final = re.compile(r"[+＋]?[\s(\[]*\d(?:.*\d)?", re.DOTALL)
_EXTENSION: Final = re.compile(
    r"[\s,;(]+(?:ramal|ram|r|extens[aã]o|extension|ext|x)(?![^\W\d_])[\s.:=]*\d{1,6}\)?\s*\Z", re.IGNORECASE
)
_CARRIER_BLANK: Final = re.compile(r"^(\(?\s*0)\s*xx", re.IGNORECASE)  # 0xx31: "put your carrier here"
_FLOAT: Final = re.compile(r"(?<=\d{8})\.0+\Z")  # a spreadsheet took it for a number
_CPF: Final = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")


def canonical(raw: str, region: str = "BR") -> str | None:
    """What a person wrote, as E.164; None where it is no telephone number, or lacks its area code.

    `region` is where a number without a country is dialled from.
    """
    text = _number_in(raw)
    for reading in _readings(text) if text else ():
        number = _parsed(reading, region.upper())
        digits = _digits(number) if number else ""
        if _is_assigned(digits):
            return f"+{digits}"
    return None


def from_wa_id(wa_id: str) -> str | None:
    """E.164 of an id that WhatsApp gave, which is right even where no numbering plan knows it."""
    match = _WA_ID.fullmatch(wa_id)
    return f"+{_modern(match['digits'])}" if match else None


def match_key(e164: str) -> str:
    """The same for every way in which one line is known; no key of a mobile is one of a landline."""
    digits = _modern(e164.removeprefix("+"))
    mobile = _MOBILE.fullmatch(digits)
    return f"55{mobile['ddd']}{mobile['line']}" if mobile else f"+{digits}"


def ways(digits: str) -> tuple[str, ...]:
    """In which texts and ids of providers have this one line: with the digit that came or went, and without it."""
    modern = _modern(digits)
    mobile = _MOBILE.fullmatch(modern)
    old = f"55{mobile['ddd']}{mobile['line']}" if mobile else f"521{modern[2:]}"
    return (modern, old) if _modern(old) == modern else (modern,)


def masked(e164: str) -> str:
    """For people who have to recognise a number and not to dial it: country, Brazilian area, last digits."""
    number = _parsed(e164)
    if number is None:
        return _hidden("".join(filter(str.isdecimal, e164)))
    national = phonenumbers.national_significant_number(number)
    if _is_brazilian(_digits(number)):
        return f"+55 {national[:2]} {'•' * (len(national) - 6)}-{national[-4:]}"
    return f"+{number.country_code} {_hidden(national)}"


def zone_of(e164: str) -> str | None:
    """The IANA time zone that the number tells; None where it tells none, or several."""
    number = _parsed(e164)
    if number is None:
        return None
    digits = _digits(number)
    if digits.startswith(_BRAZIL):
        return _ZONES[digits[2:4]] if _is_brazilian(digits) else None
    zones = set(timezone.time_zones_for_number(_parsed(f"+{digits}") or number)) - {timezone.UNKNOWN_TIMEZONE}
    return zones.pop() if len(zones) == 1 else None


def _number_in(raw: str) -> str | None:
    """The part of a text from its first digit to its last: without names, extensions and what cannot be seen."""
    if len(raw) > _LONGEST:
        return None
    text = _EXTENSION.sub("", "".join(character for character in raw if unicodedata.category(character) != "Cf"))
    found = _NUMBER.search(text)
    # A letter at the end or in between is a digit mistyped, or a second number: nothing to guess about.
    if found is None or text[found.end() : found.end() + 1].isalpha():
        return None
    number = _FLOAT.sub("", _CARRIER_BLANK.sub(r"\1", found[0]))
    is_something_else = any(map(str.isalpha, number)) or _CPF.fullmatch(number)
    return None if is_something_else else number


def _readings(text: str) -> Iterator[str]:
    """How it may be meant, likeliest first.

    After 00 the library expects a carrier, as one dials from Brazil; people write the country.
    """
    digits = phonenumbers.normalize_digits_only(text)
    if digits.startswith("00"):
        yield f"+{digits[2:]}"
    if not digits.startswith("0055"):  # 55 is a carrier as well: 0055 20 is no call to Egypt
        yield text


def _parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException:
        return None


def _digits(number: PhoneNumber) -> str:
    return _modern(f"{number.country_code}{phonenumbers.national_significant_number(number)}")


def _modern(digits: str) -> str:
    """With the ninth digit that a Brazilian mobile lacks, without the 1 that a Mexican one has too much."""
    if old := _OLD_MOBILE.fullmatch(digits):
        return f"55{old['ddd']}9{old['line']}"
    if old := _OLD_MEXICAN.fullmatch(digits):
        return f"52{old['line']}"
    return digits


def _is_brazilian(digits: str) -> bool:
    """Of a person or a place: not the numbers of services, which have no area."""
    return bool(_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits))


def _is_assigned(digits: str) -> bool:
    if _is_brazilian(digits):
        return True
    if digits.startswith(_BRAZIL) and len(digits) < _SHORTEST_BRAZILIAN:
        return False
    number = _parsed(f"+{digits}")
    # The library takes prefixes of national dialling away after a plus too: then it read another number.
    return number is not None and _digits(number) == digits and phonenumbers.is_valid_number(number)


def _hidden(digits: str) -> str:
    shown = len(digits) // 2 if len(digits) < 8 else 4  # noqa: PLR2004 - four digits are at most half of it
    return "•" * (len(digits) - shown) + digits[len(digits) - shown :]
