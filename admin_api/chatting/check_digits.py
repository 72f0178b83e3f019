"""Codes as banks and the post write them, with their check digits: a PIX, the line of a boleto, a parcel. Pure."""

import binascii
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from typing import Final

_REAL: Final = "9"  # the currency, on a boleto
_FACTOR_RESTARTED: Final = (date(2025, 2, 22), 1000)  # on that day the four digits for the due date began anew
_FACTORS: Final = 9000
_FREE_FIELD: Final = 25
_FREE_IN_FIRST: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Payee:
    key: str
    name: str  # without accents, 25 characters at most
    city: str  # 15


def pix(payee: Payee, *, cents: int, reference: str) -> str:
    """With the checksum behind it, over all that is before it and its own head."""
    account = _field(0, "br.gov.bcb.pix") + _field(1, payee.key)
    fields = (
        _field(0, "01"),
        _field(26, account),
        _field(52, "0000"),
        _field(53, "986"),
        _field(54, f"{cents // 100}.{cents % 100:02d}"),
        _field(58, "BR"),
        _field(59, payee.name),
        _field(60, payee.city),
        _field(62, _field(5, reference)),
    )
    code = "".join(fields) + "6304"
    return f"{code}{binascii.crc_hqx(code.encode('ascii'), 0xFFFF):04X}"


def boleto(bank: str, free: str, *, cents: int, due_on: date) -> str:
    """`free`: what the bank puts into its own field, 25 digits at most."""
    rest = free.zfill(_FREE_FIELD)
    since, first = _FACTOR_RESTARTED
    factor = first + (due_on - since).days % _FACTORS
    amount = f"{factor:04d}{cents:010d}"
    check = _by_eleven(bank + _REAL + amount + rest)
    head, tail = rest[:_FREE_IN_FIRST], rest[_FREE_IN_FIRST:]
    fields = (bank + _REAL + head, tail[:10], tail[10:])
    typed = (f"{one[:5]}.{one[5:]}{_by_ten(one)}" for one in fields)
    return f"{' '.join(typed)} {check} {amount}"


def parcel(letters: str, number: int) -> str:
    """A tracking code of the post's."""
    digits = f"{number:08d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return f"{letters}{digits}{check}BR"


def _field(number: int, value: str) -> str:
    return f"{number:02d}{len(value):02d}{value}"


def _by_ten(digits: str) -> int:
    """From the right, times two and one by turns, the digits of each product summed."""
    products = (int(digit) * weight for digit, weight in zip(reversed(digits), cycle((2, 1)), strict=False))
    return -sum(product // 10 + product % 10 for product in products) % 10


def _by_eleven(digits: str) -> int:
    weighted = zip(reversed(digits), cycle(range(2, 10)), strict=False)
    check = 11 - sum(int(digit) * weight for digit, weight in weighted) % 11
    return check if check < 10 else 1  # noqa: PLR2004 - one digit
