"""What a message says: each type of Meta's as our content. A type without what it promises is `Unsupported`."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal

from channels.contents import (
    Card,
    Cards,
    Choice,
    Content,
    Location,
    Media,
    Notice,
    Order,
    OrderItem,
    Phone,
    Reaction,
    Text,
    Unsupported,
)
from channels.whatsapp_cloud.fields import (
    LONGEST_NAME,
    filled,
    identifier,
    kept,
    mapping,
    number,
    objects,
    text,
    without_nothing,
    word,
)

Message = Mapping[str, Any]
MediaKind = Literal["image", "video", "audio", "voice", "document", "sticker"]

_MOST_CARDS: Final = 300
_MOST_PARTS: Final = 50  # numbers or addresses of one card
_MOST_PRODUCTS: Final = 1000
_LONGEST_LINK: Final = 4096


def content_of(message: Message) -> Content:
    """Never fails: what cannot be shown is kept whole."""
    kind = text(message.get("type")) or "none"
    read = _READERS.get(kind)
    return (read(message) if read else None) or _unsupported(message, kind)


def _unsupported(message: Message, kind: str) -> Unsupported:
    what = mapping(message.get("unsupported")).get("type") if kind == "unsupported" else None
    return Unsupported(what=word(what or kind), raw=kept(dict(message)))


def _text(message: Message) -> Text | None:
    body = text(mapping(message.get("text")).get("body"))
    return None if body is None else Text(body=body)


def _media(kind: MediaKind) -> Callable[[Message], Media | None]:
    def read(message: Message) -> Media | None:
        part = mapping(message.get(kind))
        provider_id = identifier(part.get("id"))
        link = None if provider_id else filled(part.get("url"), _LONGEST_LINK)
        if not provider_id and not link:
            return None
        return Media(
            kind="voice" if kind == "audio" and part.get("voice") is True else kind,
            provider_media_id=provider_id,
            link=link,
            mime=filled(part.get("mime_type"), LONGEST_NAME),
            sha256=filled(part.get("sha256"), LONGEST_NAME),
            caption=filled(part.get("caption")),
            filename=filled(part.get("filename"), LONGEST_NAME),
            is_animated=part.get("animated") is True,
        )

    return read


def _location(message: Message) -> Location | None:
    part = mapping(message.get("location"))
    latitude, longitude = number(part.get("latitude")), number(part.get("longitude"))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004 - the globe
        return None
    return Location(
        latitude=latitude,
        longitude=longitude,
        name=filled(part.get("name"), LONGEST_NAME),
        address=filled(part.get("address")),
        url=filled(part.get("url"), _LONGEST_LINK),
    )


def _cards(message: Message) -> Cards | None:
    cards = tuple(_card(card) for card in objects(message.get("contacts"))[:_MOST_CARDS])
    return Cards(cards=cards, is_answer_to_request=message.get("origin") == "contact_request") if cards else None


def _card(card: Message) -> Card:
    name = mapping(card.get("name"))
    whole = " ".join(filter(None, (text(name.get("first_name"), LONGEST_NAME), text(name.get("last_name")))))
    return Card(
        name=filled(name.get("formatted_name"), LONGEST_NAME) or filled(whole, LONGEST_NAME),
        first_name=filled(name.get("first_name"), LONGEST_NAME),
        phones=tuple(_phones(card)),
        emails=tuple(
            email
            for part in objects(card.get("emails"))[:_MOST_PARTS]
            if (email := filled(part.get("email"), LONGEST_NAME))
        ),
        organisation=filled(mapping(card.get("org")).get("company"), LONGEST_NAME),
        vcard=filled(card.get("vcard")),
    )


def _phones(card: Message) -> list[Phone]:
    return [
        Phone(
            phone=phone,
            kind=filled(part.get("type"), LONGEST_NAME),
            wa_id=filled(part.get("wa_id"), LONGEST_NAME),
        )
        for part in objects(card.get("phones"))[:_MOST_PARTS]
        if (phone := filled(part.get("phone") or part.get("wa_id"), LONGEST_NAME))
    ]


def _reaction(message: Message) -> Reaction | None:
    part = mapping(message.get("reaction"))
    target = identifier(part.get("message_id"))
    return Reaction(target=target, emoji=text(part.get("emoji"), LONGEST_NAME) or "") if target else None


def _template_button(message: Message) -> Choice | None:
    part = mapping(message.get("button"))
    title, payload = text(part.get("text"), LONGEST_NAME), text(part.get("payload"))
    if title is None and payload is None:
        return None
    return Choice(form="template_button", id=payload or title or "", title=title or payload or "")


def _interactive(message: Message) -> Choice | None:
    part = mapping(message.get("interactive"))
    kind = text(part.get("type")) or ""
    read = _ANSWERS.get(kind)
    answer = part.get(kind)
    return read(answer) if read and isinstance(answer, dict) else None


def _button_reply(answer: Message) -> Choice:
    return Choice(form="button", id=text(answer.get("id")) or "", title=text(answer.get("title")) or "")


def _list_reply(answer: Message) -> Choice:
    return Choice(
        form="list",
        id=text(answer.get("id")) or "",
        title=text(answer.get("title")) or "",
        description=filled(answer.get("description")),
    )


def _form_reply(answer: Message) -> Choice:
    written = text(answer.get("response_json"))
    try:
        data = json.loads(written or "{}", strict=False)
    except (ValueError, RecursionError):
        data = None
    return Choice(
        form="flow",
        id=text(answer.get("name"), LONGEST_NAME) or "",
        title=text(answer.get("body")) or "",
        data=kept(data) if isinstance(data, dict) else {"response_json": written},
    )


def _call_reply(answer: Message) -> Choice:
    response = text(answer.get("response"), LONGEST_NAME) or ""
    details = {name: answer.get(name) for name in ("expiration_timestamp", "response_source")}
    return Choice(form="call_permission", id=response, title=response, data=kept(without_nothing(details)))


def _order(message: Message) -> Order | None:
    part = mapping(message.get("order"))
    products = objects(part.get("product_items"))[:_MOST_PRODUCTS]
    if not products:
        return None
    return Order(
        catalog=text(part.get("catalog_id"), LONGEST_NAME) or "",
        items=tuple(
            OrderItem(
                product=text(product.get("product_retailer_id"), LONGEST_NAME) or "",
                quantity=number(product.get("quantity")) or 0.0,
                price=number(product.get("item_price")) or 0.0,
                currency=text(product.get("currency"), LONGEST_NAME) or "",
            )
            for product in products
        ),
        note=filled(part.get("text")),
    )


def _system(message: Message) -> Notice:
    part = mapping(message.get("system"))
    return Notice(kind=word(part.get("type")), body=text(part.get("body")) or "")


_ANSWERS: Final[Mapping[str, Callable[[Message], Choice]]] = MappingProxyType(
    {
        "button_reply": _button_reply,
        "list_reply": _list_reply,
        "nfm_reply": _form_reply,
        "call_permission_reply": _call_reply,
    }
)
_READERS: Final[Mapping[str, Callable[[Message], Content | None]]] = MappingProxyType(
    {
        "text": _text,
        "image": _media("image"),
        "video": _media("video"),
        "audio": _media("audio"),
        "document": _media("document"),
        "sticker": _media("sticker"),
        "location": _location,
        "contacts": _cards,
        "reaction": _reaction,
        "button": _template_button,
        "interactive": _interactive,
        "order": _order,
        "system": _system,
    }
)
