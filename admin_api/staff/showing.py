"""What was said in a conversation, as it is shown in its topic: pure, from a line to what is to be said."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from admin_api.staff.stores.lines import Line
from channels.contents import (
    Card,
    Cards,
    Choice,
    Content,
    Location,
    Order,
    Reaction,
    content_from_json,
)
from channels.telegram_staff.notes import About, Body, Locate, Say, Show
from channels.telegram_staff.rich import Rich, bold, italic, join, lines, quote
from core.models.outbox import OutboundState
from core.models.stream import Author, MediaState, MessageKind
from core.texts import Language, Text

_SIGNS: Final[Mapping[Author, str]] = {
    Author.CUSTOMER: "👤",
    Author.BOT: "🤖",
    Author.STAFF: "👥",
    Author.SYSTEM: "⚙️",
}
_PHONE: Final = "📱"  # written on the business's own phone
_UNSENT: Final = frozenset({OutboundState.SUPPRESSED, OutboundState.EXPIRED, OutboundState.DRAFT})
_FILES: Final[Mapping[MessageKind, Text]] = {
    MessageKind.IMAGE: Text("🖼 foto", "🖼 photo"),
    MessageKind.VIDEO: Text("🎬 vídeo", "🎬 video"),
    MessageKind.AUDIO: Text("🎵 áudio", "🎵 audio"),
    MessageKind.VOICE: Text("🎤 áudio", "🎤 voice note"),
    MessageKind.DOCUMENT: Text("📄 documento", "📄 document"),
    MessageKind.STICKER: Text("figurinha", "sticker"),
}
_COMING: Final = Text("(o arquivo ainda está chegando)", "(the file is still on its way)")
_LOST: Final = Text("(o arquivo não pôde ser baixado)", "(the file could not be fetched)")
_TAKEN_BACK: Final = Text("🚫 mensagem apagada", "🚫 message deleted")
_UNSHOWABLE: Final = Text(
    "um tipo de mensagem que ainda não sabemos mostrar", "a kind of message that we cannot show yet"
)


def is_worth_showing(line: Line) -> bool:
    """Not what was written in the group itself, nor what nobody said in the end, or has said yet."""
    return not line.is_of_group and not line.is_put_by and line.state not in _UNSENT


def body_of(line: Line, language: Language) -> Body:
    """Short texts may be said together with their neighbours while the group is behind; files stand alone."""
    if line.is_deleted:
        return _say(line, Rich(_TAKEN_BACK.in_(language)))
    if line.file is not None:
        return _file(line, language)
    content = _content(line)
    if isinstance(content, Location) and not (content.name or content.address):
        return Locate(latitude=content.latitude, longitude=content.longitude, about=About(said=line.id))
    return _say(line, _words(line, content, language))


def unshowable(line: Line, language: Language) -> Say:
    told = Text("⚠️ Uma mensagem que não sei mostrar: veja no sistema.", "⚠️ A message that I cannot show.")
    return Say(text=Rich(told.in_(language)), about=About(said=line.id))


def _content(line: Line) -> Content | None:
    """None where it is of a shape that an older release wrote."""
    try:
        return content_from_json(line.content)
    except ValidationError:
        return None


def history(told: list[Line], language: Language) -> list[str]:
    """Each in one line, for the folded beginning of a topic."""
    return [f"{sign_of(line)} {_flat(line, language)}" for line in told if is_worth_showing(line)]


def edited(line: Line, language: Language, *, reply_to: int | None) -> Say:
    """An edit, or a removal, said below what it is about."""
    if line.is_deleted:
        words = Rich(Text("🚫 apagou esta mensagem", "🚫 deleted this message").in_(language))
    else:
        words = italic(Text("✏️ editou: ", "✏️ edited: ").in_(language)) + (line.text or "")
    return Say(text=f"{sign_of(line)} " + words, reply_to=reply_to, about=About(said=line.id))


def put_by(line: Line, language: Language, *, why: str | None) -> Body:
    """A message whose time has come. `why` it did not leave, where it did not."""
    if why is None:
        return body_of(line, language)
    head = Text("🕓 Estava agendada.", "🕓 It was scheduled.").in_(language)
    return Say(text=lines(f"⚠️ {head} {why}", quote(line.text or "")))


def spoken(line: Line, *, reply_to: int | None) -> Say:
    words = (line.file.words if line.file else None) or ""
    return Say(text="🎧 " + italic(words), reply_to=reply_to, about=About(said=line.id))


def sign_of(line: Line) -> str:
    return _PHONE if line.author is Author.STAFF and line.state is None else _SIGNS[line.author]


def _say(line: Line, words: Rich) -> Say:
    return Say(
        text=f"{sign_of(line)} " + words,
        reply_to=line.reply_to,
        about=About(said=line.id),
        merges=line.reply_to is None,
    )


def _file(line: Line, language: Language) -> Body:
    file = line.file
    if file is None:
        raise ValueError("a line without a file")
    if file.state is not MediaState.STORED or file.storage_key is None:
        told = _COMING if file.state is MediaState.PENDING else _LOST
        return _say(line, lines(_kind(line, language) + f" {told.in_(language)}", line.text or None))
    words = italic(f"🎧 {file.words}") if file.words and line.kind is not MessageKind.IMAGE else None
    caption = lines(*(part for part in (_captioned(line), words) if part))
    return Show(
        storage_key=file.storage_key,
        kind=line.kind,
        mime=file.mime or "application/octet-stream",
        filename=file.filename or f"{line.kind.value}-{line.seq}",
        caption=caption,
        reply_to=line.reply_to,
        about=About(said=line.id),
        media_id=file.id,
    )


def _captioned(line: Line) -> Rich | None:
    """A customer's file without a word needs none; whose it is otherwise is always said."""
    if line.text:
        return f"{sign_of(line)} " + Rich(line.text)
    return None if line.author is Author.CUSTOMER else Rich(sign_of(line))


def _kind(line: Line, language: Language) -> Rich:
    known = _FILES.get(line.kind)
    return Rich(known.in_(language) if known else line.kind.value)


def _words(line: Line, content: Content | None, language: Language) -> Rich:
    match content:
        case Location():
            return _location(content, language)
        case Cards():
            return _cards(content, language)
        case Order():
            return _order(content, language)
        case Reaction():
            return italic(_reacted(content.emoji).in_(language))
        case Choice():
            return "☑️ " + bold(content.title)
    return Rich(line.text or _UNSHOWABLE.in_(language))


def _reacted(emoji: str) -> Text:
    return Text(f"reagiu com {emoji}", f"reacted with {emoji}") if emoji else Text("tirou a reação", "unreacted")


def _location(content: Location, _: Language) -> Rich:
    place = " · ".join(part for part in (content.name, content.address) if part)
    return Rich(f"📍 {place} ({content.latitude:.5f}, {content.longitude:.5f})")


def _cards(content: Cards, language: Language) -> Rich:
    head = Text("enviou contatos:", "sent contacts:").in_(language)
    return lines(italic(head), *(_card(card) for card in content.cards))


def _card(card: Card) -> Rich:
    phones = ", ".join(phone.phone for phone in card.phones)
    return "👤 " + bold(card.name or card.first_name or "?") + (f" {phones}" if phones else "")


def _order(content: Order, language: Language) -> Rich:
    items = join("\n", (Rich(f"• {item.quantity:g} × {item.product}") for item in content.items))
    head = Text("🛒 pedido pelo catálogo:", "🛒 order from the catalogue:").in_(language)
    return lines(italic(head), items, content.note)


def _flat(line: Line, language: Language) -> str:
    if line.is_deleted:
        return _TAKEN_BACK.in_(language)
    words = line.text or (line.file.words if line.file else None)
    kind = _kind(line, language).text if line.file is not None else ""
    return " ".join(part for part in (kind, " ".join((words or "").split())) if part) or line.kind.value
