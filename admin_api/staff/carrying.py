"""What somebody wrote in a topic as a message for the customer; or why their channel cannot carry it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from admin_api.staff.asking import Attached
from channels.base import Capabilities
from channels.contents import Content, Location, Media, Text
from channels.media import MOST_BYTES
from channels.telegram_staff.updates import Said
from channels.whatsapp_cloud.capabilities import CLOUD
from core.errors import Conflict
from core.ids import new_id
from core.models.people import ConnectionKind
from core.models.stream import MessageKind
from core.texts import Text as Words

_MEGABYTE: Final = 1024 * 1024
_STILL: Final = "image/webp"
_KINDS: Final[Mapping[ConnectionKind, Capabilities]] = {ConnectionKind.WHATSAPP: CLOUD}
_NAMES: Final[Mapping[MessageKind, Words]] = {
    MessageKind.IMAGE: Words("fotos", "photos"),
    MessageKind.VIDEO: Words("vídeos", "videos"),
    MessageKind.AUDIO: Words("áudios", "audio"),
    MessageKind.VOICE: Words("mensagens de voz", "voice notes"),
    MessageKind.DOCUMENT: Words("documentos", "documents"),
    MessageKind.STICKER: Words("figurinhas", "stickers"),
    MessageKind.LOCATION: Words("localizações", "locations"),
    MessageKind.REACTION: Words("reações", "reactions"),
}
_WHERE_WORDS_FIT: Final = frozenset({MessageKind.IMAGE, MessageKind.VIDEO, MessageKind.DOCUMENT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Cargo:
    """What is sent, in this order; and the file that the first of it carries, for a row of ours."""

    contents: tuple[Content, ...]
    file: Attached | None = None
    media: UUID | None = None


def cargo_of(said: Said, attached: Attached | None, channel: ConnectionKind) -> Cargo:
    """Raises what can be said to whoever wrote it."""
    words = said.text.strip()
    if said.spot is not None:
        refuse_unfit(channel, MessageKind.LOCATION)
        return Cargo(contents=(Location(latitude=said.spot.latitude, longitude=said.spot.longitude),))
    if said.file is not None or attached is not None:
        return _file(words, attached, channel)
    if said.other or not words:
        raise _unsendable(said.other)
    longest = _KINDS[channel].longest_text if channel in _KINDS else len(words)
    if len(words) > longest:
        raise Conflict(
            f"O texto passa de {longest} caracteres, que é o que o canal leva: divida em dois.",
            f"The text is longer than the {longest} characters that the channel carries: send it in two.",
        )
    return Cargo(contents=(Text(body=words),))


def refuse_unfit(channel: ConnectionKind, kind: MessageKind) -> None:
    known = _KINDS.get(channel)
    if known is not None and kind not in known.sends:
        name = _NAMES.get(kind, Words(kind.value, kind.value))
        raise Conflict(f"Este canal não leva {name.pt}: nada foi enviado.", f"This channel carries no {name.en}.")


def _file(words: str, attached: Attached | None, channel: ConnectionKind) -> Cargo:
    if attached is None or attached.storage_key is None:
        why = attached.problem if attached and attached.problem else Words("Envie de novo.", "Send it again.")
        raise Conflict(f"O arquivo não foi enviado. {why.pt}", f"The file was not sent. {why.en}")
    kind = attached.kind
    refuse_unfit(channel, kind)
    if kind is MessageKind.STICKER and attached.mime not in {None, _STILL}:
        raise Conflict("Figurinha animada não é aceita: nada foi enviado.", "Animated stickers are not taken.")
    most = MOST_BYTES.get(kind)
    if most is not None and (attached.size or 0) > most:
        size = most // _MEGABYTE
        raise Conflict(
            f"O arquivo passa de {size} MB, que é o que o canal leva: nada foi enviado.",
            f"The file is larger than the {size} MB that the channel carries: nothing was sent.",
        )
    media = new_id()
    takes_words = kind in _WHERE_WORDS_FIT
    content = Media(
        kind=kind.value,  # type: ignore[arg-type] # a file has no other kind
        media_id=str(media),
        mime=attached.mime,
        caption=words if takes_words and words else None,
        filename=attached.name if kind is MessageKind.DOCUMENT else None,
    )
    rest: tuple[Content, ...] = () if takes_words or not words else (Text(body=words),)
    return Cargo(contents=(content, *rest), file=attached, media=media)


def _unsendable(what: str | None) -> Conflict:
    name = what or "?"
    return Conflict(
        f"Isto não dá para enviar por aqui ({name}): mande como texto, foto, áudio ou documento.",
        f"This cannot be sent from here ({name}): send text, a photo, audio or a document.",
    )
