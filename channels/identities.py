"""How a person is known, in one form: what is compared, and what is only shown."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from channels.envelope import Identity, Person
from core.models.people import IdentityKind
from core.phones import canonical, from_wa_id

LONGEST_NAME: Final = 120
# A name at the provider is shown and never compared: it changes hands.
MATCHED: Final = frozenset(IdentityKind) - {IdentityKind.USERNAME}
_UNSEEN: Final = frozenset({"Cs", "Cn", "Co"})
_BREAKS: Final = frozenset({"Cc", "Zl", "Zp"})
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def canonical_identity(identity: Identity) -> Identity:
    """With an empty value where it names nobody."""
    return Identity(kind=identity.kind, value=_FORMS[identity.kind](identity.value))


def identities_of(person: Person) -> tuple[Identity, ...]:
    """All in their canonical form. An id of WhatsApp tells a phone number too."""
    told = [canonical_identity(identity) for identity in person.identities]
    phones = [from_wa_id(identity.value) for identity in told if identity.kind is IdentityKind.WA_ID]
    told += [Identity(kind=IdentityKind.PHONE, value=phone) for phone in phones if phone]
    return tuple(dict.fromkeys(identity for identity in told if identity.value))


def clean_name(name: str | None) -> str | None:
    """One line, without what cannot be seen or turns the writing round; joiners inside emoji stay."""
    seen = "".join(_shown(character) for character in name or "")
    return " ".join(seen.split())[:LONGEST_NAME].strip() or None


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category in _BREAKS:
        return " "
    return "" if category in _UNSEEN or character in _TURNING else character


def _phone(value: str) -> str:
    """What has its country is a number by itself; anything else is read as people write it."""
    return (from_wa_id(value.strip()) if value.strip().startswith("+") else None) or canonical(value) or ""


_FORMS: Final[Mapping[IdentityKind, Callable[[str], str]]] = {
    IdentityKind.PHONE: _phone,
    IdentityKind.WA_ID: lambda value: value.strip().removeprefix("+"),
    IdentityKind.BSUID: str.strip,
    IdentityKind.LID: str.strip,
    IdentityKind.USERNAME: lambda value: value.strip().removeprefix("@"),
    IdentityKind.EMAIL: lambda value: value.strip().casefold(),
}
