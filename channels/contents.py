"""What a message says: one set of shapes for both directions, kept as JSON beside messages and in the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from core.models.stream import MessageKind

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    body: str
    preview_url: bool = False
    type: Literal["text"] = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """`provider_media_id` or `link` where the provider holds it, `media_id` where we do (a row of `media`)."""

    kind: Literal["image", "video", "audio", "voice", "document", "sticker"]
    provider_media_id: str | None = None
    link: str | None = None
    media_id: str | None = None
    mime: str | None = None
    sha256: str | None = None
    caption: str | None = None
    filename: str | None = None
    is_animated: bool = False
    type: Literal["media"] = "media"


@dataclass(frozen=True, kw_only=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None
    type: Literal["location"] = "location"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    phone: str
    kind: str | None = None
    wa_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    name: str | None = None
    first_name: str | None = None
    phones: tuple[Phone, ...] = ()
    emails: tuple[str, ...] = ()
    organisation: str | None = None
    vcard: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cards:
    cards: tuple[Card, ...]
    is_answer_to_request: bool = False
    type: Literal["contacts"] = "contacts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction:
    """An empty emoji takes the reaction back."""

    target: str  # the provider's id of the message reacted to
    emoji: str
    type: Literal["reaction"] = "reaction"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Buttons:
    body: str
    options: tuple[Option, ...]
    header: str | None = None
    footer: str | None = None
    type: Literal["buttons"] = "buttons"


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    title: str
    rows: tuple[Option, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Menu:
    body: str
    button: str
    sections: tuple[Section, ...]
    header: str | None = None
    footer: str | None = None
    type: Literal["menu"] = "menu"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkButton:
    body: str
    label: str
    url: str
    header: str | None = None
    footer: str | None = None
    type: Literal["link_button"] = "link_button"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Asks for what the phone itself can give."""

    what: Literal["location", "phone"]
    body: str
    type: Literal["ask"] = "ask"


@dataclass(frozen=True, kw_only=True, slots=True)
class PixItem:
    id: str
    name: str
    amount_cents: int
    quantity: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PixOrder:
    """A PIX charge inside the chat. The code is passed on as it is."""

    body: str
    reference: str
    code: str
    merchant: str
    key: str
    key_kind: Literal["CPF", "CNPJ", "EMAIL", "PHONE", "EVP"]
    items: tuple[PixItem, ...]
    tax_cents: int = 0
    type: Literal["pix_order"] = "pix_order"


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """`name` only for templates with named variables."""

    text: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateButton:
    """`payload` of a quick reply, the address suffix of a link, or the code to copy."""

    index: int
    kind: Literal["quick_reply", "url", "copy_code"]
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    name: str
    language: str
    body: tuple[Variable, ...] = ()
    header: "Media | Location | Variable | None" = None
    buttons: tuple[TemplateButton, ...] = ()
    preview: str | None = None  # what the customer will read, for people who look at the conversation
    type: Literal["template"] = "template"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A button or list row that was chosen, or a form that was filled in."""

    form: Literal["button", "list", "template_button", "flow", "call_permission"]
    id: str
    title: str
    description: str | None = None
    data: Json = field(default_factory=dict)
    type: Literal["choice"] = "choice"


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderItem:
    product: str
    quantity: float
    price: float
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    catalog: str
    items: tuple[OrderItem, ...]
    note: str | None = None
    type: Literal["order"] = "order"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What the channel itself says in the thread (number changed, identity changed)."""

    kind: str
    body: str
    type: Literal["system"] = "system"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported:
    """A message we cannot show: kept whole, and said so."""

    what: str
    raw: Json = field(default_factory=dict)
    type: Literal["unsupported"] = "unsupported"


Content = (
    Text
    | Media
    | Location
    | Cards
    | Reaction
    | Buttons
    | Menu
    | LinkButton
    | Ask
    | PixOrder
    | Template
    | Choice
    | Order
    | Notice
    | Unsupported
)

_CONTENT: Final[TypeAdapter[Content]] = TypeAdapter(Content)
_WORDS: Final = ("body", "caption", "title", "note", "emoji", "preview")
_INTERACTIVE: Final = (Buttons, Menu, LinkButton, Ask, PixOrder, Choice)


def content_to_json(content: Content) -> dict[str, Any]:
    dumped: dict[str, Any] = _CONTENT.dump_python(content, mode="json", exclude_defaults=False)
    return {key: value for key, value in dumped.items() if value not in (None, [], {})}


def content_from_json(kept: Json) -> Content:
    return _CONTENT.validate_python(dict(kept))


def kind_of(content: Content) -> MessageKind:
    """The word under which the API shows it."""
    if isinstance(content, Media):
        return MessageKind(content.kind)
    return MessageKind.INTERACTIVE if isinstance(content, _INTERACTIVE) else MessageKind(content.type)


def words_of(content: Content) -> str | None:
    """What a person reads of it: the text, the caption, the label that was tapped."""
    found = (getattr(content, name, None) for name in _WORDS)
    return next((words for words in found if words and isinstance(words, str)), None)
