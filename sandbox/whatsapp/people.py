"""The people on the other side: how WhatsApp knows them, and when each wrote to which number."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_BRAZIL: Final = "55"
_LAST_AREA_WITH_NINE: Final = 28
_AREA: Final = slice(2, 4)
_LOCAL: Final = slice(4, None)
_NATIONAL: Final = 11  # digits of a Brazilian number without its country
_OLD_MOBILE: Final = re.compile(r"55\d\d[6-9]\d{7}")
_NEW_MOBILE: Final = re.compile(r"55\d\d9\d{8}")
_NO_DIGIT: Final = re.compile(r"\D")
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")


class NinthDigit(StrEnum):
    """What Meta makes of a Brazilian mobile number."""

    BY_AREA = "by_area"  # kept up to area 28, dropped beyond: how numbers were registered
    KEPT = "kept"
    DROPPED = "dropped"


@dataclass(kw_only=True, slots=True, eq=False)
class Person:
    """`wa_id` or `user_id` may be missing, not both. Who hides the phone writes as `user_id` alone."""

    wa_id: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str = ""
    username: str | None = None
    hides_phone: bool = False
    is_reachable: bool = True
    has_stopped_marketing: bool = False
    wrote_at: dict[str, float] = field(default_factory=dict)
    came_by_ad_at: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return self.wa_id or self.user_id or ""

    @property
    def is_known_by_phone(self) -> bool:
        return self.wa_id is not None and not self.hides_phone


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


class People:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.ninth_digit = NinthDigit.BY_AREA
        self._rewritten: dict[str, str] = {}
        self._by_wa_id: dict[str, Person] = {}
        self._by_user_id: dict[str, Person] = {}

    def rewrite(self, number: str, wa_id: str) -> None:
        """This number is answered with this `wa_id`, whatever the rule."""
        self._rewritten[_NO_DIGIT.sub("", number)] = wa_id.lstrip("+")

    def wa_id_of(self, number: str, *, country: str = "") -> str:
        """A number without plus and without country may get the sender's own country in front."""
        digits = number[1:] if number.startswith("+") and number[1:].isdecimal() else _NO_DIGIT.sub("", number)
        if not number.lstrip().startswith("+") and country == _BRAZIL and len(digits) <= _NATIONAL:
            digits = country + digits
        return self._rewritten.get(digits) or self._with_ninth_digit(digits)

    def find(self, name: str) -> Person | None:
        """By `wa_id` or `user_id`."""
        return self._by_wa_id.get(name) or self._by_user_id.get(name)

    def person(self, *, phone: str | None = None, user_id: str | None = None) -> Person:
        """Whoever has one of the two; both are his from now on."""
        if user_id is not None and not is_user_id(user_id):
            raise ValueError("a user_id is CC.<1 to 128 letters or digits>")
        wa_id = self.wa_id_of(phone) if phone else None
        if not wa_id and not user_id:
            raise ValueError("a person has a phone or a user_id")
        person = self._by_wa_id.get(wa_id or "") or self._by_user_id.get(user_id or "") or Person()
        return self.rename(person, wa_id=wa_id or person.wa_id, user_id=user_id or person.user_id)

    def rename(self, person: Person, *, wa_id: str | None, user_id: str | None) -> Person:
        """The old names are nobody's any more."""
        self._by_wa_id.pop(person.wa_id or "", None)
        self._by_user_id.pop(person.user_id or "", None)
        person.wa_id, person.user_id = wa_id, user_id
        if wa_id:
            self._by_wa_id[wa_id] = person
        if user_id:
            self._by_user_id[user_id] = person
        return person

    def _with_ninth_digit(self, digits: str) -> str:
        if not digits.startswith(_BRAZIL):
            return digits
        keeps = self.ninth_digit is NinthDigit.KEPT or (
            self.ninth_digit is NinthDigit.BY_AREA and int(digits[_AREA] or 0) <= _LAST_AREA_WITH_NINE
        )
        if keeps and _OLD_MOBILE.fullmatch(digits):
            return f"{digits[:4]}9{digits[_LOCAL]}"
        if not keeps and _NEW_MOBILE.fullmatch(digits):
            return digits[:4] + digits[5:]
        return digits
