"""Media that a message refers to: an id of ours, or a link."""

from urllib.parse import urlsplit

from sandbox.whatsapp.fields import Json, invalid, missing, text_if_any, wrong_type
from sandbox.whatsapp.media import Shelf
from sandbox.whatsapp.media_kinds import SENDABLE


def check_media(kind: str, content: Json, shelf: Shelf) -> None:
    """An id of ours, or a link; a link is not fetched."""
    media_id, link = (text_if_any(content, name, f"{kind}.") for name in ("id", "link"))
    if (media_id is None) == (link is None):
        raise missing(f"{kind}.id or {kind}.link") if link is None else invalid(f"Param {kind} has an id and a link.")
    if link is not None and (urlsplit(link).scheme not in {"http", "https"} or not urlsplit(link).netloc):
        raise invalid(f"Param {kind}.link is not a valid URL.")
    if media_id is not None:
        media = shelf.find(media_id)
        if media is None or media.file.mime_type.partition(";")[0] not in SENDABLE[kind].types:
            raise wrong_type(f"Param {kind}['id'] is not a valid whatsapp business account media attachment ID")
