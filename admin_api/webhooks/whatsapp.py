"""Judging what Meta posts: each part is believed only under the secret of the connection it is for."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from admin_api.webhooks.doors import Door, Doors
from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.routes import Judged, Posted
from admin_api.webhooks.store import Address, Stray
from channels.whatsapp_cloud.webhook import Address as CutAddress
from channels.whatsapp_cloud.webhook import AddressKind, Piece, cut, is_signed
from core.models.stream import Consumer

MOST_ADDRESSES: Final = 1_000  # what one body may carry at Meta
MOST_STRAY_BYTES: Final = 64 << 10
_SIGNATURE: Final = b"x-hub-signature-256"
_SIGNATURE_LENGTH: Final = 71
_MOST_HASHED: Final = 32 << 20  # bytes hashed in search of a secret that fits
_KEPT_HEADERS: Final = (b"content-type", b"user-agent", _SIGNATURE)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_NOWHERE: Final = Address(AddressKind.ACCOUNT, "")

Entered = Mapping[Address, Door]  # whose secret the body was signed with
Payload = dict[str, Any]


class Proof:
    """Whether the body was signed with a secret, found out once for each."""

    def __init__(self, posted: Posted) -> None:
        self._body = posted.body
        self._signatures = posted.values(_SIGNATURE)
        self._known: dict[str, bool] = {}

    @property
    def is_possible(self) -> bool:
        return len(self._signatures) == 1 and len(self._signatures[0]) == _SIGNATURE_LENGTH

    def holds(self, app_secret: str) -> bool:
        if app_secret not in self._known:
            self._known[app_secret] = is_signed(self._body, self._signatures, app_secret=app_secret)
        return self._known[app_secret]

    def holds_any(self, app_secrets: Collection[str]) -> bool:
        return any(self.holds(secret) for secret in app_secrets)

    def is_cheap(self, app_secrets: Collection[str]) -> bool:
        return len(self._body) * len(app_secrets) <= _MOST_HASHED


async def judge(posted: Posted, doors: Doors) -> Judged:
    proof = Proof(posted)
    if not proof.is_possible or _is_large_forgery(posted, proof, doors.app_secrets):
        return Judged()
    pieces = cut(posted.body)
    addresses = {_address(address) for piece in pieces for address in piece.addresses}
    if len(addresses) > MOST_ADDRESSES:
        return Judged()
    known = await doors.find(addresses)
    entered = {address: door for address, behind in known.items() if (door := _door(behind, proof))}
    if entered:
        return _shared_out(posted, pieces, known, entered)
    left = _stray(posted, pieces, known)
    is_small = len(posted.body) <= MOST_STRAY_BYTES and proof.is_cheap(doors.app_secrets)
    return Judged(stray=left if is_small and proof.holds_any(doors.app_secrets) else None)


def _is_large_forgery(posted: Posted, proof: Proof, app_secrets: Collection[str]) -> bool:
    """Hashing is cheaper than parsing: a large body that no secret fits is not worth being parsed."""
    is_large = len(posted.body) > MOST_STRAY_BYTES
    return is_large and proof.is_cheap(app_secrets) and not proof.holds_any(app_secrets)


def _door(behind: Sequence[Door], proof: Proof) -> Door | None:
    return next((door for door in behind if proof.holds(door.app_secret)), None)


def _shared_out(posted: Posted, pieces: Sequence[Piece], known: Collection[Address], entered: Entered) -> Judged:
    """One row per connection, of what is its own: the whole body where that is all there is."""
    doors = {door.connection: door for door in entered.values()}
    [first, *others] = doors.values()
    refused = len(known) - len(entered)
    is_whole = all(piece.payload is not None for piece in pieces)
    are_all_known = all(_address(address) in entered for piece in pieces for address in piece.addresses)
    if is_whole and are_all_known and not others:
        return Judged(rows=(_row(posted, first, posted.body, _merged(pieces)),))
    if is_whole:
        rows = [_part(posted, pieces, entered, door) for door in doors.values()]
        return Judged(rows=rows, stray=_stray(posted, pieces, known), refused=refused)
    if refused or any(door.company != first.company for door in others):  # it cannot be taken apart
        return Judged(stray=Stray(address=_first(pieces), body=posted.body), refused=refused)
    return Judged(rows=(_row(posted, first, posted.body, None),))


def _part(posted: Posted, pieces: Sequence[Piece], entered: Entered, door: Door) -> Incoming:
    own = [piece for piece in pieces if any(entered.get(_address(address)) == door for address in piece.addresses)]
    payload = _merged(own)
    return _row(posted, door, _text(payload).encode(), payload)


def _row(posted: Posted, door: Door, body: bytes, payload: Payload | None) -> Incoming:
    return Incoming(
        company=door.company,
        connection=door.connection,
        consumer=Consumer.ENGINE,
        body=body,
        digest=hashlib.sha256(posted.body).digest(),
        headers={name.decode(): value.decode("latin-1") for name, value in posted.headers if name in _KEPT_HEADERS},
        payload=None if payload is None else _text(payload),
    )


def _stray(posted: Posted, pieces: Sequence[Piece], known: Collection[Address]) -> Stray | None:
    """What is for addresses that nobody here has, or for none."""
    left = [piece for piece in pieces if not any(_address(address) in known for address in piece.addresses)]
    if not left:
        return None
    is_all = len(left) == len(pieces)
    return Stray(address=_first(left), body=posted.body if is_all else _text(_merged(left)).encode())


def _merged(pieces: Sequence[Piece]) -> Payload | None:
    """As one body again; where it could not be taken apart, it has no payload."""
    payloads = [piece.payload for piece in pieces if piece.payload is not None]
    if len(payloads) <= 1:
        return payloads[0] if payloads else None
    return {**payloads[0], "entry": [entry for payload in payloads for entry in payload["entry"]]}


def _text(payload: Payload | None) -> str:
    return _ENCODER.encode(payload)


def _first(pieces: Sequence[Piece]) -> Address:
    return next((_address(address) for piece in pieces for address in piece.addresses), _NOWHERE)


def _address(address: CutAddress) -> Address:
    return Address(address.kind, address.value)
