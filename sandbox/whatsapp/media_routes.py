"""Media over HTTP: upload, look up, download, delete."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import BodyPartReader, web

from sandbox.whatsapp.accounts import Accounts
from sandbox.whatsapp.doors import Doors, token_of
from sandbox.whatsapp.downloads import download
from sandbox.whatsapp.errors import GraphError, unknown_object
from sandbox.whatsapp.fields import Json, missing, wrong_type
from sandbox.whatsapp.media import File, Media, Shelf
from sandbox.whatsapp.media_kinds import LARGEST, UPLOADABLE, most_bytes
from sandbox.whatsapp.messages import check_product

_LONGEST_FIELD: Final = 1024
_CHUNK: Final = 256 * 1024
_UPLOAD_FAILED: Final = 131053
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_NO_USER_AGENT: Final = 400


class MediaRoutes:
    def __init__(self, shelf: Shelf, doors: Doors, accounts: Accounts) -> None:
        self._shelf = shelf
        self._doors = doors
        self._accounts = accounts

    async def upload(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        number = self._doors.number(request, request.match_info["id"], payload)
        if request.content_type != "multipart/form-data":
            raise wrong_type("The request is not multipart/form-data.")
        try:
            fields, data, part_type = await _parts(request)
        except ValueError:
            raise wrong_type("The multipart body is malformed.") from None
        check_product(fields)
        if data is None:
            raise missing("file")
        mime_type = fields.get("type") or part_type
        essence = mime_type.partition(";")[0].strip()
        if essence not in UPLOADABLE:
            raise wrong_type(f"Param file must be a file with one of the following types: {', '.join(UPLOADABLE)}.")
        if not 0 < len(data) <= most_bytes(essence):
            raise GraphError(_UPLOAD_FAILED, f"The file is empty or larger than {most_bytes(essence)} bytes.")
        return {"id": self._shelf.upload(File(data=data, mime_type=mime_type), phone_id=number.id).id}

    def read(self, media: Media) -> Mapping[str, Any]:
        return {
            "messaging_product": "whatsapp",
            "url": self._shelf.link(media),
            "mime_type": media.file.mime_type,
            "sha256": media.file.told_digest,
            "file_size": media.file.told_size,
            "id": media.id,
        }

    def delete(self, media: Media) -> Mapping[str, Any]:
        self._shelf.delete(media.id)
        return {"success": True}

    def opened(self, request: web.Request, payload: Json, media: Media) -> Media:
        """With `phone_number_id` only if it is that number's."""
        number = self._doors.number(request, media.phone_id, payload)
        if request.query.get("phone_number_id", number.id) != number.id:
            raise unknown_object(media.id)
        return media

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Not the Graph: it wants the token all the same, and who is asking."""
        media = self._linked(request)
        opened = {number.id for number in self._accounts.of_token(token_of(request))}
        if not opened or (media is not None and media.phone_id not in opened):
            return web.Response(status=_UNAUTHORIZED, text="Authentication error")
        if not request.headers.get("User-Agent"):
            return web.Response(status=_NO_USER_AGENT, text="Bad request")
        if media is None:
            return web.Response(status=_NOT_FOUND, text="URL signature expired")
        return await download(request, media.file.data, media.file.mime_type, media.file.manner)

    def _linked(self, request: web.Request) -> Media | None:
        media_id, expiry, seal = (request.query.get(name, "") for name in ("mid", "ext", "hash"))
        return self._shelf.linked(media_id, expiry, seal)


async def _parts(request: web.Request) -> tuple[dict[str, str], bytes | None, str]:
    """The fields, the file, and the type that its part names."""
    fields: dict[str, str] = {}
    data, part_type = None, ""
    reader = await request.multipart()
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "file":
            data, part_type = await _read(part, LARGEST + 1), part.headers.get("Content-Type", "")
        elif part.name is not None:
            fields[part.name] = (await _read(part, _LONGEST_FIELD)).decode(errors="replace")
    return fields, data, part_type


async def _read(part: BodyPartReader, most: int) -> bytes:
    """No more than `most` are kept, all are read."""
    data = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        data += chunk[: max(0, most - len(data))]
    return bytes(data)
