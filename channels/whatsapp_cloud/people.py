"""Who a person of a webhook is: a set of identities, of which WhatsApp may leave out any."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from channels.envelope import Identity, Person
from channels.whatsapp_cloud.fields import LONGEST_NAME, filled, mapping, text
from core.models.people import IdentityKind
from core.phones import from_wa_id

_WA_ID: Final = re.compile(r"\+?([0-9]{5,20})")
# `CC.` and letters or digits; with `ENT.` the id that several portfolios of one business share.
_USER_ID: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The values under which a webhook may name one person."""

    number: object = None
    user_id: object = None
    parent_user_id: object = None


def person_of(names: Names, profile: dict[str, Any] | None = None) -> Person:
    """`profile`: the element of `contacts` that is about this person."""
    about = profile or {}
    details = mapping(about.get("profile"))
    username = filled(details.get("username") or about.get("username"), LONGEST_NAME)
    found = (
        *_of_number(names.number if _wa_id(names.number) else about.get("wa_id")),
        *_of_user_ids(names.user_id or about.get("user_id"), names.parent_user_id or about.get("parent_user_id")),
        *((_identity(IdentityKind.USERNAME, username.removeprefix("@")),) if username else ()),
    )
    return Person(identities=found, name=filled(details.get("name"), LONGEST_NAME))


def profile_of(names: Names, profiles: Iterable[dict[str, Any]], *, is_alone: bool) -> dict[str, Any] | None:
    """The profile that names the same person; never one that names another, or two people would become one.

    `is_alone`: a single profile may be taken on trust where the message names nobody.
    """
    candidates = list(profiles)
    number, user_id = _wa_id(names.number), text(names.user_id)
    for profile in candidates:
        is_same_number = number is not None and _wa_id(profile.get("wa_id")) == number
        is_same_user = bool(user_id) and text(profile.get("user_id")) == user_id
        if is_same_number or is_same_user:
            return profile
    is_nobody_named = number is None and not user_id
    return candidates[0] if is_alone and is_nobody_named and len(candidates) == 1 else None


def _of_number(value: object) -> Iterable[Identity]:
    wa_id = _wa_id(value)
    if wa_id is None:
        return
    yield _identity(IdentityKind.WA_ID, wa_id)
    if phone := from_wa_id(wa_id):
        yield _identity(IdentityKind.PHONE, phone)


def _of_user_ids(*values: object) -> Iterable[Identity]:
    for value in values:
        user_id = text(value)
        if user_id and _USER_ID.fullmatch(user_id):
            yield _identity(IdentityKind.BSUID, user_id)


def _wa_id(value: object) -> str | None:
    match = _WA_ID.fullmatch(text(value) or "")
    return match[1] if match else None


def _identity(kind: IdentityKind, value: str) -> Identity:
    return Identity(kind=kind, value=value)
