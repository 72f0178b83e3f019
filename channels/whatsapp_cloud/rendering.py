"""Our messages as request bodies of the Cloud API. Whatever Meta would refuse for its shape is refused here first."""

import json
from collections.abc import Mapping
from typing import Any, Final

from channels.contents import (
    Ask,
    Buttons,
    Card,
    Cards,
    Content,
    LinkButton,
    Location,
    Media,
    Menu,
    PixOrder,
    Reaction,
    Template,
    Text,
)
from channels.envelope import Identity, OutboundMessage
from channels.errors import Undeliverable
from channels.whatsapp_cloud.fields import without_nothing
from channels.whatsapp_cloud.interactive import render_interactive
from channels.whatsapp_cloud.limits import LONGEST_CAPTION, LONGEST_ID, LONGEST_NAME, LONGEST_TAG, LONGEST_TEXT, Checks
from channels.whatsapp_cloud.parts import location_part, media_reference
from channels.whatsapp_cloud.template_rendering import render_template
from core.models.people import IdentityKind

Part = dict[str, Any]

_CAPTIONED: Final = frozenset({"image", "video", "document"})
_MOST_CARDS: Final = 256
_MOST_PHONES: Final = 20
_LONGEST_FILENAME: Final = 240
_LONGEST_EMOJI: Final = 32


def render(message: OutboundMessage) -> bytes:
    """The body of `POST /{phone}/messages`; Malformed with every field that does not fit."""
    checks = Checks()
    body = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(message.to),
        **_part(message.content, checks),
    }
    if message.reply_to and not isinstance(message.content, Reaction):  # which names its message itself
        body["context"] = {"message_id": checks.length("reply_to", message.reply_to, LONGEST_ID)}
    body["biz_opaque_callback_data"] = checks.words("tag", message.tag, LONGEST_TAG)
    checks.demand()
    return encode(body)


def encode(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _recipient(to: tuple[Identity, ...]) -> Part:
    """The first identity that WhatsApp can write to. Without the plus Meta may put its own country code in front."""
    for identity in to:
        match identity.kind:
            case IdentityKind.PHONE | IdentityKind.WA_ID:
                return {"to": f"+{identity.value.removeprefix('+')}"}
            case IdentityKind.BSUID:
                return {"recipient": identity.value}
            case _:
                continue
    raise Undeliverable


def _part(content: Content, checks: Checks) -> Part:
    kind: str = content.type
    part: object = {}
    match content:
        case Text(body=body, preview_url=preview_url):
            part = {"body": checks.words("body", body, LONGEST_TEXT), "preview_url": preview_url}
        case Media():
            kind, part = "audio" if content.kind == "voice" else content.kind, _media(content, checks)
        case Location():
            part = location_part("location", content, checks)
        case Cards():
            part = _cards(content, checks)
        case Reaction():
            part = _reaction(content, checks)
        case Template():
            part = render_template(content, checks)
        case Buttons() | Menu() | LinkButton() | Ask() | PixOrder():
            kind, part = "interactive", render_interactive(content, checks)
        case _:
            checks.refuse("type", "não pode ser enviado pelo WhatsApp.", "cannot be sent on WhatsApp.")
    return {"type": kind, kind: part}


def _media(media: Media, checks: Checks) -> Part:
    part = media_reference("media", media, checks)
    if media.kind == "voice":
        part["voice"] = True
    if media.caption is not None:
        if media.kind not in _CAPTIONED:
            checks.refuse("caption", "este tipo de arquivo não leva legenda.", "this kind of file takes no caption.")
        part["caption"] = checks.words("caption", media.caption, LONGEST_CAPTION)
    if media.kind == "document" and media.filename is not None:
        part["filename"] = checks.words("filename", media.filename, _LONGEST_FILENAME)
    return part


def _cards(content: Cards, checks: Checks) -> list[Part]:
    checks.count("contacts", len(content.cards), most=_MOST_CARDS)
    return [_card(f"contacts[{index}]", card, checks) for index, card in enumerate(content.cards)]


def _card(field: str, card: Card, checks: Checks) -> Part:
    checks.count(f"{field}.phones", len(card.phones), least=0, most=_MOST_PHONES)
    name = checks.words(f"{field}.name", card.name or card.first_name or "", LONGEST_NAME)
    first_name = checks.words(f"{field}.first_name", card.first_name or card.name or "", LONGEST_NAME)
    phones = [
        without_nothing(
            {
                "phone": checks.words(f"{field}.phones[{index}].phone", phone.phone, LONGEST_NAME),
                "type": checks.words_if_any(f"{field}.phones[{index}].kind", phone.kind, LONGEST_NAME),
                "wa_id": checks.words_if_any(f"{field}.phones[{index}].wa_id", phone.wa_id, LONGEST_NAME),
            }
        )
        for index, phone in enumerate(card.phones)
    ]
    emails = [{"email": checks.words(f"{field}.emails", email, LONGEST_NAME)} for email in card.emails]
    organisation = checks.words_if_any(f"{field}.organisation", card.organisation, LONGEST_NAME)
    return {
        "name": {"formatted_name": name, "first_name": first_name},
        **({"phones": phones} if phones else {}),
        **({"emails": emails} if emails else {}),
        **({"org": {"company": organisation}} if organisation else {}),
    }


def _reaction(reaction: Reaction, checks: Checks) -> Part:
    """An empty emoji takes the reaction back."""
    return {
        "message_id": checks.words("target", reaction.target, LONGEST_ID),
        "emoji": checks.length("emoji", reaction.emoji, _LONGEST_EMOJI),
    }
