"""Judging what Meta posts: each part is believed only under the secret of the connection it is for."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from admin_api.webhooks.doors import Door, Doors
from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.routes import Judged, Posted
from admin_api.webhooks.store import Stray
from channels.base import Address
from channels.whatsapp_cloud.webhook import AddressKind, Piece, addresses_in, cut, is_signed
from core.models.stream import Consumer

MOST_ADDRESSES: Final = 1_000  # what one body may carry at Meta
MOST_STRAY_BYTES: Final = 64 << 10
_MOST_HINTS: Final = 100  # addresses looked at before anything is proved
_MOST_ASKED: Final = 20  # of those, how many the database is asked about
_SIGNATURE: Final = b"x-hub-signature-256"
_SIGNATURE_LENGTH: Final = 71
_MOST_HASHED: Final = 16 << 20  # bytes hashed in search of a secret that fits: some 10 ms
_HASH_BYTES: Final = 4 << 10  # what beginning to hash costs, as if in bytes
_LARGE: Final = 100 << 10  # a body that is taken apart beside the loop
_KEPT_HEADERS: Final = (b"content-type", b"user-agent", _SIGNATURE)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_NOWHERE: Final = Address(AddressKind.ACCOUNT, "")

Entered = Mapping[Address, Door]  # whose secret the body was signed with
Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A body with its parts and a digest of the secret of ours that it was signed with."""

    posted: Posted
    pieces: Sequence[Piece]
    signer: bytes


class Proof:
    """With which secret the body was signed; each is tried once."""

    def __init__(self, posted: Posted) -> None:
        self._body = posted.body
        self._signatures = posted.values(_SIGNATURE)
        self._tried: set[str] = set()

    @property
    def is_possible(self) -> bool:
        return len(self._signatures) == 1 and len(self._signatures[0]) == _SIGNATURE_LENGTH

    def find(self, app_secrets: Iterable[str]) -> str | None:
        """The one that fits. However many there are, no post is worth more than so much hashing."""
        hashed = 0
        for secret in app_secrets:
            if secret in self._tried:
                continue
            hashed += len(self._body) + _HASH_BYTES
            if self._tried and hashed > _MOST_HASHED:
                return None
            self._tried.add(secret)
            if is_signed(self._body, self._signatures, app_secret=secret):
                return secret
        return None


async def judge(posted: Posted, doors: Doors) -> Judged:
    proof = Proof(posted)
    signer = await _signer(posted, proof, doors) if proof.is_possible else None
    if signer is None:
        return Judged()
    pieces = await _taken_apart(posted.body)
    addresses = {address: None for piece in pieces for address in piece.addresses}
    if len(addresses) > MOST_ADDRESSES:
        return Judged()
    known = await doors.find(addresses)
    entered = {address: door for address, behind in known.items() if (door := _door(behind, signer))}
    signed = Signed(posted, pieces, hashlib.sha256(signer.encode("utf-8", "surrogatepass")).digest())
    if entered:
        return _shared_out(signed, known, entered)
    is_small = len(posted.body) <= MOST_STRAY_BYTES
    return Judged(stray=_stray(signed, known) if is_small else None)


async def _signer(posted: Posted, proof: Proof, doors: Doors) -> str | None:
    """The secret of ours that it was signed with, found without believing or parsing anything of it.

    First those behind the doors that its bytes seem to name, then all of ours, then those of a connection so new that
    it is not known here yet.
    """
    hints = list(islice(addresses_in(posted.body), _MOST_HINTS))
    likely = _secrets(doors.known(hints))
    if signer := proof.find([*likely, *doors.app_secrets]):
        return signer
    return proof.find(_secrets(await doors.find(hints, most_asked=_MOST_ASKED)))


def _secrets(known: Mapping[Address, Sequence[Door]]) -> list[str]:
    return list(dict.fromkeys(door.app_secret for behind in known.values() for door in behind))


async def _taken_apart(body: bytes) -> list[Piece]:
    return await asyncio.to_thread(cut, body) if len(body) > _LARGE else cut(body)


def _door(behind: Sequence[Door], signer: str) -> Door | None:
    return next((door for door in behind if door.app_secret == signer), None)


def _shared_out(signed: Signed, known: Collection[Address], entered: Entered) -> Judged:
    """One row per connection, of what is its own: the whole body where that is all there is.

    What is for somebody whose secret is another one is kept aside: whoever signed it, signed it with one of ours.
    """
    posted, pieces = signed.posted, signed.pieces
    doors = {door.connection: door for door in entered.values()}
    [first, *others] = doors.values()
    refused = len(known) - len(entered)
    is_whole = all(piece.payload is not None for piece in pieces)
    are_all_known = all(address in entered for piece in pieces for address in piece.addresses)
    if is_whole and are_all_known and not others:
        return Judged(rows=(_row(posted, first, posted.body, _merged(pieces)),))
    if is_whole:
        rows = [_part(posted, pieces, entered, door) for door in doors.values()]
        return Judged(rows=rows, stray=_stray(signed, entered), refused=refused)
    if refused or any(door.company != first.company for door in others):  # it cannot be taken apart
        stray = Stray(address=_first(pieces), body=posted.body, signer=signed.signer)
        return Judged(stray=stray, refused=refused)
    return Judged(rows=(_row(posted, first, posted.body, None),))


def _part(posted: Posted, pieces: Sequence[Piece], entered: Entered, door: Door) -> Incoming:
    own = [piece for piece in pieces if any(entered.get(address) == door for address in piece.addresses)]
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


def _stray(signed: Signed, taken: Collection[Address]) -> Stray | None:
    """What is for none of these addresses, or for none at all."""
    pieces = signed.pieces
    left = [piece for piece in pieces if not any(address in taken for address in piece.addresses)]
    if not left:
        return None
    is_all = len(left) == len(pieces)
    body = signed.posted.body if is_all else _text(_merged(left)).encode()
    return Stray(address=_first(left), body=body, signer=signed.signer)


def _merged(pieces: Sequence[Piece]) -> Payload | None:
    """As one body again; where it could not be taken apart, it has no payload."""
    payloads = [piece.payload for piece in pieces if piece.payload is not None]
    if len(payloads) <= 1:
        return payloads[0] if payloads else None
    return {**payloads[0], "entry": [entry for payload in payloads for entry in payload["entry"]]}


def _text(payload: Payload | None) -> str:
    return _ENCODER.encode(payload)


def _first(pieces: Sequence[Piece]) -> Address:
    return next((address for piece in pieces for address in piece.addresses), _NOWHERE)
