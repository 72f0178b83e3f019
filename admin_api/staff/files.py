"""Files between Telegram and our storage: opened to be shown in the group, fetched when somebody sends one there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Final

from admin_api.staff.asking import Attached
from channels import media
from channels.file_types import UNKNOWN
from channels.stores import media as media_store
from channels.telegram_staff.client import LARGEST_DOWNLOAD, Client
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.notes import Show
from channels.telegram_staff.sending import LARGEST_FILE
from channels.telegram_staff.updates import File
from core.errors import AppError
from core.floor import Floor
from core.ids import CompanyId
from core.models.stream import MessageKind
from core.objects import Label, ObjectKey
from core.storage import Storage
from core.texts import Text
from core.vault import open_vault

KIND: Final = "staff"
LARGE_AT_ONCE: Final = 6  # for all bots of a process: each lies in memory as a whole
_ROOM_SECONDS: Final = 60.0
_MEGABYTE: Final = 1024 * 1024
_TOO_LARGE: Final = Text(
    f"O Telegram só entrega a bots arquivos de até {LARGEST_DOWNLOAD // _MEGABYTE} MB: envie um menor.",
    f"Telegram gives bots files of up to {LARGEST_DOWNLOAD // _MEGABYTE} MB only: send a smaller one.",
)
_LOST: Final = Text(
    "Não consegui buscar o arquivo no Telegram: envie de novo.", "The file could not be fetched: send it again."
)
_ENDINGS: Final = {
    MessageKind.IMAGE: "foto.jpg",
    MessageKind.VOICE: "voz.ogg",
    MessageKind.AUDIO: "audio.mp3",
    MessageKind.VIDEO: "video.mp4",
    MessageKind.STICKER: "figurinha.webp",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Of one company."""

    floor: Floor
    storage: Storage
    company: CompanyId
    room: asyncio.Semaphore  # for large ones that are fetched
    patience: float = _ROOM_SECONDS

    async def open(self, show: Show) -> bytes:
        """As it was received: what lies sealed is opened. More than Telegram takes is not even begun."""
        key = ObjectKey.parse(show.storage_key)
        if key.company != self.company:
            raise Failed(Kind.REFUSED)
        if show.media_id is None:
            return await self.storage.get(key, max_bytes=LARGEST_FILE)
        async with self.floor.database.tenant_session(self.company) as session:
            found = await media_store.find(session, show.media_id)
            kept = found.kept
            if kept is None:
                raise Failed(Kind.REFUSED)
            vault = await open_vault(session, self.floor.ring) if kept.sealed_key is not None else None
        if kept.size > LARGEST_FILE:
            raise Failed(Kind.TOO_LARGE)
        chunks = await media.open_stored(self.storage, show.media_id, kept, vault)
        return b"".join([chunk async for chunk in chunks])

    async def forget(self, show: Show) -> None:
        """It was made for this one message."""
        await self.storage.delete(ObjectKey.parse(show.storage_key))

    async def fetch(self, client: Client, file: File, *, name: str, is_last: bool) -> Attached:
        """Into our storage, under a name that is the same when it is fetched again. On the last try it is said."""
        attached = _attached(file)
        if (file.size or 0) > LARGEST_DOWNLOAD:
            return replace(attached, problem=_TOO_LARGE)
        is_small = file.size is not None and file.size <= _MEGABYTE
        async with nullcontext() if is_small else self._given_room():
            return await self._fetch(client, attached, name=name, is_last=is_last)

    @asynccontextmanager
    async def _given_room(self) -> AsyncIterator[None]:
        """Whoever finds none in time raises what is trouble of ours: tried again later, and no try of the update's."""
        async with asyncio.timeout(self.patience):
            await self.room.acquire()
        try:
            yield
        finally:
            self.room.release()

    async def _fetch(self, client: Client, attached: Attached, *, name: str, is_last: bool) -> Attached:
        try:
            data = await client.download(attached.file_id)
        except Failed as failed:
            if failed.kind in {Kind.UNKNOWN, Kind.FLOOD, Kind.TOKEN} and not is_last:
                raise
            return replace(attached, problem=_TOO_LARGE if failed.kind is Kind.TOO_LARGE else _LOST)
        key = ObjectKey(company=self.company, kind=KIND, name=name)
        await self.storage.put(key, data, label=Label(content_type=UNKNOWN))
        digest = hashlib.sha256(data).hexdigest()
        return replace(attached, size=len(data), storage_key=key.path, sha256=digest)


def _attached(file: File) -> Attached:
    name = file.name or _ENDINGS.get(file.kind, "arquivo")
    return Attached(file_id=file.id, name=name, mime=file.mime, size=file.size, kind=file.kind, seconds=file.seconds)


def unopened(error: AppError, show: Show) -> str:
    """What is said in the place of a file that cannot be shown."""
    size = f" ({LARGEST_FILE // _MEGABYTE} MB)" if isinstance(error, Failed) and error.kind is Kind.TOO_LARGE else ""
    why = "é maior do que o Telegram aceita" + size if size else "não pôde ser aberto"
    return f"📎 {show.filename}: o arquivo {why}. Ele está guardado no sistema."
