"""What Meta's webhook asks before anything is read: is it signed, whom is it for, and what part of it is whose.

What reads like an address is looked for before the signature can be judged, for the secret depends on it; the body is
taken apart only after. Nothing here trusts it.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from channels.base import Address
from channels.whatsapp_cloud.fields import DEEPEST, cleaned, items, mapping

_SIGNATURE: Final = re.compile(r"sha256=[0-9a-f]{64}")
_SIGNATURE_LENGTH: Final = 71
_ID: Final = re.compile(r"[0-9]{1,32}")
_LARGEST_ID: Final = 10**32
_MOST_PARTS: Final = 60_000  # of one body: a full batch of a thousand items has some thirty thousand
_MOST_FOUND: Final = 5000  # mentions of an address looked at in a body that is not JSON
_PHONE_IN_BYTES: Final = re.compile(rb'"phone_number_id"\s{0,8}:\s{0,8}"?([0-9]{1,32})(?![0-9])')
_ACCOUNT_IN_BYTES: Final = re.compile(rb'"id"\s{0,8}:\s{0,8}"?([0-9]{1,32})"?\s{0,8},\s{0,8}"(?:time|changes)"\s{0,8}:')
# What jsonb refuses, or might: NUL, a surrogate (of a pair or alone), no number, a number too large for a float.
_SUSPECT: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\x00|[eE]\+?[0-9]{3}")


class AddressKind(StrEnum):
    """The kinds under which addresses are kept."""

    PHONE = "whatsapp.phone"
    ACCOUNT = "whatsapp.account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The part of a body that is for one address, fit for a JSON column.

    Without a payload the body could not be taken apart; then `addresses` are all that were seen in it.
    """

    addresses: tuple[Address, ...]
    payload: dict[str, Any] | None


def is_signed(body: bytes, signatures: str | Sequence[str], *, app_secret: str) -> bool:
    """`signatures`: every value of the header X-Hub-Signature-256; more or fewer than one proves nothing."""
    values = [signatures] if isinstance(signatures, str) else list(signatures)
    if len(values) != 1 or not app_secret:
        return False
    [given] = values
    if len(given) != _SIGNATURE_LENGTH or not _SIGNATURE.fullmatch(given):
        return False
    expected = hmac.new(app_secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, f"sha256={expected}")


def cut(body: bytes) -> list[Piece]:
    """One piece per address, in the order in which they appear; a last one without address for what has none."""
    payload = None if _is_bomb(body) else _parsed(body)
    if payload is None:
        return [Piece(addresses=tuple(addresses_in(body)), payload=None)]
    parts = _by_address(payload)
    if len(parts) <= 1:
        return [Piece(addresses=tuple(address for address in parts if address), payload=payload)]
    return [
        Piece(addresses=(address,) if address else (), payload={**payload, "entry": entries})
        for address, entries in sorted(parts.items(), key=lambda part: part[0] is None)
    ]


def _is_bomb(body: bytes) -> bool:
    """More parts than anyone sends, in time that grows with the length alone. What stands inside strings is no part."""
    if _count_parts(body) <= _MOST_PARTS:
        return False
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return bare.count(b'"') > 2 * _MOST_PARTS or _count_parts(b"".join(bare.split(b'"')[::2])) > _MOST_PARTS


def _count_parts(text: bytes) -> int:
    return sum(map(text.count, (b",", b"[", b"{")))


def _parsed(body: bytes) -> dict[str, Any] | None:
    """The body as JSON that can be stored; None where it is no object, or no JSON at all."""
    try:
        payload = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_constant=_nothing)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict):
        return None
    if (_may_be_deep(body) and _is_deep(payload)) or (_SUSPECT.search(body) and not _is_storable(payload)):
        return mapping(cleaned(payload))
    return payload


def _nothing(_: str) -> None:
    """For NaN and the infinities, which are not JSON."""


def _may_be_deep(body: bytes) -> bool:
    """What is opened so seldom is never that deep: most bodies need no walk."""
    return body.count(b"{") + body.count(b"[") > DEEPEST


def _is_deep(payload: dict[str, Any]) -> bool:
    level: list[Any] = [payload]
    for _ in range(DEEPEST):
        level = [
            child
            for part in level
            for child in (part.values() if isinstance(part, dict) else part)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _is_storable(payload: dict[str, Any]) -> bool:
    try:
        text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, RecursionError):  # a lone surrogate is a UnicodeEncodeError, which is one
        return False
    return "\\u0000" not in text


def _by_address(payload: dict[str, Any]) -> dict[Address | None, list[Any]]:
    """The entries for each address; an entry whose changes are for several stands with each of them, in part."""
    parts: dict[Address | None, list[Any]] = {}
    for entry in items(payload.get("entry")):
        account = _address(AddressKind.ACCOUNT, mapping(entry).get("id"))
        changes = items(mapping(entry).get("changes"))
        if not changes and entry is not None:
            parts.setdefault(account, []).append(entry)
        of_entry: dict[Address | None, list[Any]] = {}
        for change in changes:
            if change is not None:
                of_entry.setdefault(_address_of(change, account), []).append(change)
        for address, own in of_entry.items():
            parts.setdefault(address, []).append({**entry, "changes": own})
    return parts


def _address_of(change: object, account: Address | None) -> Address | None:
    number = mapping(mapping(mapping(change).get("value")).get("metadata")).get("phone_number_id")
    return account if number is None else _address(AddressKind.PHONE, number)


def _address(kind: AddressKind, value: object) -> Address | None:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST_ID
    text = str(value) if is_number else value
    if isinstance(text, str) and _ID.fullmatch(text):
        return Address(kind=kind, value=text)
    return None


def addresses_in(body: bytes) -> Iterator[Address]:
    """What reads like one, each once, in time that grows with the length alone: a hint at whose it is, no more."""
    seen: set[Address] = set()
    for kind, pattern in ((AddressKind.PHONE, _PHONE_IN_BYTES), (AddressKind.ACCOUNT, _ACCOUNT_IN_BYTES)):
        for found in islice(pattern.finditer(body), _MOST_FOUND):
            address = Address(kind=kind, value=found[1].decode())
            if address not in seen:
                seen.add(address)
                yield address
