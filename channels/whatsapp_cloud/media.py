"""Files: fetched in two steps, with the token shown to Meta's own hosts alone; and given to Meta before a send."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from channels.base import Line, MediaHead, MediaStream
from channels.errors import ProviderTrouble, Unfit
from channels.whatsapp_cloud.fields import LONGEST_NAME, filled, identifier, number
from channels.whatsapp_cloud.graph import Graph, bearer, path_part, phone_of
from channels.whatsapp_cloud.verdicts import settled
from core.clock import Deadline
from core.errors import FieldError, Malformed, NotFound
from core.http import Incoming, receive
from core.targets import MAX_HOPS, MAX_URL, Blocked, Reason
from core.texts import Text

_KB: Final = 1024
_MB: Final = 1024 * _KB
MOST_BYTES: Final = 100 * _MB
_HOSTS: Final = ("fbsbx.com", "fbcdn.net", "whatsapp.net", "facebook.com")
# So plain that no two parsers can read a host out of it in two ways.
_ADDRESS: Final = re.compile(r"(?P<origin>(?:https|http)://(?P<host>[A-Za-z0-9.-]{1,253})(?::[0-9]{1,5})?)(?:[/?].*)?")
_VISIBLE: Final = re.compile(r"[\x21-\x5b\x5d-\x7e]+")
_VISIBLE_TYPE: Final = re.compile(r"[A-Za-z0-9.+/-]+(?:; ?[A-Za-z0-9=.+-]+)*")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OK: Final = 200
_GONE: Final = frozenset({404, 410})
_TRIES: Final = 2

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_DOCUMENTS: Final = (
    *("text/plain", "text/csv", "application/pdf", "application/msword"),
    *("application/vnd.ms-excel", "application/vnd.ms-powerpoint"),
    *(
        f"{_OFFICE}.{kind}"
        for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
    ),
)
_LARGEST: Final = {
    **dict.fromkeys(("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * _MB),
    **dict.fromkeys(("image/jpeg", "image/png"), 5 * _MB),
    **dict.fromkeys(("video/mp4", "video/3gpp"), 16 * _MB),
    "image/webp": 500 * _KB,
    **dict.fromkeys(_DOCUMENTS, MOST_BYTES),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Located:
    url: str
    head: MediaHead


@asynccontextmanager
async def open_media(
    graph: Graph, provider_media_id: str, *, line: Line, deadline: Deadline
) -> AsyncIterator[MediaStream]:
    """The file, not read yet. NotFound where Meta has it no more, Blocked where its address is not Meta's."""
    for tried in range(1, _TRIES + 1):
        located = await _locate(graph, provider_media_id, line=line, deadline=deadline)
        async with _download(graph, located.url, line=line, deadline=deadline) as incoming:
            if incoming.status in _GONE and tried < _TRIES:  # an address lives five minutes: ask for a new one
                continue
            _demand_file(incoming)
            yield MediaStream(head=located.head, chunks=incoming.pieces)
            return


async def upload(graph: Graph, data: bytes, *, mime: str, line: Line, deadline: Deadline) -> str:
    _demand_sendable(data, mime)
    boundary = hashlib.sha256(data).hexdigest()
    head, tail = _form(boundary, mime)
    path = f"{phone_of(line)}/media"
    request = graph.post(line, path, head + data + tail, content_type=f"multipart/form-data; boundary={boundary}")
    given = identifier(settled(await graph.call(request, deadline=deadline)).get("id"))
    if given is None:
        raise ProviderTrouble("answer_unreadable")
    return given


# --- fetching ---------------------------------------------------------------------------------------------------------


async def _locate(graph: Graph, provider_media_id: str, *, line: Line, deadline: Deadline) -> _Located:
    request = graph.get(line, path_part(provider_media_id), {"phone_number_id": phone_of(line)})
    try:
        told = settled(await graph.call(request, deadline=deadline))
    except Unfit:  # "does not exist, or cannot be loaded": deleted, expired, or another number's
        raise _not_there() from None
    url = filled(told.get("url"))
    if url is None:
        raise ProviderTrouble("answer_unreadable")
    return _Located(url=url, head=_head(told))


def _head(told: dict[str, Any]) -> MediaHead:
    size = number(told.get("file_size"))
    return MediaHead(
        mime=filled(told.get("mime_type"), LONGEST_NAME),
        size=int(size) if size is not None and size >= 0 else None,
        sha256=filled(told.get("sha256"), LONGEST_NAME),
    )


@asynccontextmanager
async def _download(graph: Graph, url: str, *, line: Line, deadline: Deadline) -> AsyncIterator[Incoming]:
    """Each address on the way is judged before it is asked, and so before it sees the token."""
    base = graph.base_of(line)
    here = _judged(url, base=base)
    headers = {**bearer(line), "Accept-Encoding": "identity"}
    for _ in range(MAX_HOPS + 1):
        request = graph.client.build_request("GET", here, headers=headers)
        async with receive(graph.client, request, deadline=deadline, max_bytes=MOST_BYTES) as incoming:
            location = incoming.headers.get("location", "")
            if incoming.status not in _REDIRECTS or not location:
                yield incoming
                return
        here = _judged(_joined(here, location), base=base)
    raise Blocked(Reason.HOPS)


def _joined(here: str, location: str) -> str:
    try:
        return urljoin(here, location)
    except ValueError:
        raise Blocked(Reason.HOST) from None


def _judged(url: str, *, base: str) -> str:
    """An address of Meta's, or of the server that the calls go to anyway."""
    if len(url) > MAX_URL:
        raise Blocked(Reason.LENGTH)
    if not _VISIBLE.fullmatch(url):
        raise Blocked(Reason.CHARACTERS)
    found, own = _ADDRESS.fullmatch(url), _ADDRESS.fullmatch(base)
    if found is None:
        raise Blocked(Reason.HOST)
    if own is not None and found["origin"].lower() == own["origin"].lower():
        return url
    if not found["origin"].startswith("https:"):
        raise Blocked(Reason.SCHEME)
    host = found["host"].lower()
    if found["origin"].lower() not in {f"https://{host}", f"https://{host}:443"}:
        raise Blocked(Reason.PORT)
    if not any(host == known or host.endswith(f".{known}") for known in _HOSTS):
        raise Blocked(Reason.HOST)
    return url


def _demand_file(incoming: Incoming) -> None:
    if incoming.status in _GONE:
        raise _not_there()
    if incoming.status != _OK:
        raise ProviderTrouble(str(incoming.status))


def _not_there() -> NotFound:
    return NotFound("O WhatsApp não tem mais este arquivo.", "WhatsApp does not have this file any more.")


# --- giving -----------------------------------------------------------------------------------------------------------


def _demand_sendable(data: bytes, mime: str) -> None:
    largest = _LARGEST.get(mime.partition(";")[0].strip().lower())
    if largest is None or not _VISIBLE_TYPE.fullmatch(mime):
        raise _refused("o tipo não é aceito pelo WhatsApp.", "the type is not one that WhatsApp takes.")
    if not 0 < len(data) <= largest:
        raise _refused(
            f"o arquivo precisa ter entre 1 e {largest} bytes.", f"the file must have between 1 and {largest} bytes."
        )


def _refused(pt: str, en: str) -> Malformed:
    message = Text(pt, en)
    return Malformed(
        f"O arquivo não cabe no WhatsApp: {pt}",
        f"The file does not fit WhatsApp: {en}",
        errors=(FieldError(field="media", message=message),),
    )


def _form(boundary: str, mime: str) -> tuple[bytes, bytes]:
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("messaging_product", "whatsapp"), ("type", mime))
    )
    file = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: {mime}\r\n\r\n'
    )
    return (fields + file).encode(), f"\r\n--{boundary}--\r\n".encode()
