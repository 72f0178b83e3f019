"""Media that people sent and businesses uploaded: kept in memory, up to a bound, under ids and short-lived URLs."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from sandbox.clock import VirtualClock
from sandbox.strict import strict
from sandbox.whatsapp.downloads import PLAIN, Manner
from sandbox.whatsapp.errors import unknown_object
from sandbox.whatsapp.ids import Ids

URL_LIFE: Final = 5 * 60
_DAY: Final = 24 * 3600
_RECEIVED_LIFE: Final = 7 * _DAY
_UPLOADED_LIFE: Final = 30 * _DAY
_MOST_BYTES: Final = 512 * 1024 * 1024
DOWNLOADS: Final = "/whatsapp_business/attachments/"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Any bytes, told as anything. What is None is told truthfully."""

    data: bytes = field(repr=False)
    mime_type: str
    sha256: str | None = None  # hex
    file_size: int | None = None
    host: str | None = None  # `http://elsewhere:8000`: where its URL points
    manner: Manner = PLAIN

    @property
    def told_digest(self) -> str:
        return self.sha256 or hashlib.sha256(self.data).hexdigest()

    @property
    def told_size(self) -> int:
        return len(self.data) if self.file_size is None else self.file_size


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    id: str
    file: File
    phone_id: str
    expires_at: float
    is_uploaded: bool


class Shelf:
    def __init__(self, url: str, clock: VirtualClock, ids: Ids) -> None:
        self._url = url
        self._clock = clock
        self._ids = ids
        self._secret = secrets.token_bytes(16)
        self.clear()

    def clear(self) -> None:
        self._media: OrderedDict[str, Media] = OrderedDict()
        self._bytes = 0

    def receive(self, file: File, *, phone_id: str) -> Media:
        """A person sent it to this number."""
        return self._keep(file, phone_id=phone_id, life=_RECEIVED_LIFE, is_uploaded=False)

    def upload(self, file: File, *, phone_id: str) -> Media:
        return self._keep(file, phone_id=phone_id, life=_UPLOADED_LIFE, is_uploaded=True)

    def find(self, media_id: str) -> Media | None:
        media = self._media.get(media_id)
        return media if media is not None and self._clock.seconds() < media.expires_at else None

    def get(self, media_id: str) -> Media:
        if (media := self.find(media_id)) is None:
            raise unknown_object(media_id)
        return media

    def delete(self, media_id: str) -> None:
        self._bytes -= len(self._media.pop(media_id).file.data)

    def link(self, media: Media) -> str:
        """A URL that works for five minutes."""
        expiry = str(int(self._clock.seconds()) + URL_LIFE)
        query = urlencode({"mid": media.id, "ext": expiry, "hash": self._seal(media.id, expiry)})
        return f"{media.file.host or self._url}{DOWNLOADS}?{query}"

    def linked(self, media_id: str, expiry: str, seal: str) -> Media | None:
        """What a URL stands for while it works."""
        is_ours = hmac.compare_digest(seal.encode(), self._seal(media_id, expiry).encode())
        return self.find(media_id) if is_ours and self._clock.seconds() < int(expiry) else None

    def _seal(self, media_id: str, expiry: str) -> str:
        return hmac.new(self._secret, f"{media_id} {expiry}".encode(), hashlib.sha256).hexdigest()[:32]

    def _keep(self, file: File, *, phone_id: str, life: int, is_uploaded: bool) -> Media:
        expires_at = self._clock.seconds() + life
        media = Media(
            id=self._ids.numeric(), file=file, phone_id=phone_id, expires_at=expires_at, is_uploaded=is_uploaded
        )
        self._media[media.id] = media
        self._bytes += len(file.data)
        while self._bytes > _MOST_BYTES and len(self._media) > 1:
            self.delete(next(iter(self._media)))
        return media
