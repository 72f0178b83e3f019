"""What a person can send: every kind, as the part of a webhook's message that is particular to it.

Simple
├── Text, Location, Contacts, Reaction, Order
├── ButtonReply, ListReply, FlowReply, CallPermission, LostInteractive
├── TemplateButton
├── NumberChanged, UserIdChanged, IdentityChanged
├── Unsupported, Edit, Revoke
└── Raw                any other message, for what Meta will think of next
Media                  image, video, document, sticker, audio, voice note
"""

import base64
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final

from sandbox.strict import strict
from sandbox.whatsapp.errors import reported
from sandbox.whatsapp.media import Media as Kept

_UNSUPPORTED: Final = 131051
Wire = dict[str, Any]


class MediaType(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    AUDIO = "audio"


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Simple(ABC):
    type: ClassVar[str]

    @abstractmethod
    def wire(self) -> Wire:
        """The keys of the message besides its sender, id and time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Text(Simple):
    type = "text"
    body: str

    def wire(self) -> Wire:
        return {"type": self.type, "text": {"body": self.body}}


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """`media_id` is what the shelf gave; `url` also names the address, as newer webhooks do."""

    type: ClassVar[str] = "media"
    kind: MediaType
    media_id: str
    caption: str | None = None
    filename: str | None = None
    is_animated: bool = False
    is_voice: bool = False
    with_url: bool = False
    mime_type: str | None = None  # None: what the shelf tells

    def wire(self, kept: Kept, link: str) -> Wire:
        told: Wire = {
            "mime_type": self.mime_type or kept.file.mime_type,
            "sha256": base64.b64encode(bytes.fromhex(kept.file.told_digest)).decode(),
            "id": kept.id,
        }
        extra = {"caption": self.caption, "filename": self.filename, "url": link if self.with_url else None}
        told |= {name: value for name, value in extra.items() if value is not None}
        if self.kind is MediaType.STICKER:
            told["animated"] = self.is_animated
        if self.kind is MediaType.AUDIO:
            told["voice"] = self.is_voice
        return {"type": self.kind.value, self.kind.value: told}


@dataclass(frozen=True, kw_only=True, slots=True)
class Location(Simple):
    type = "location"
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None

    def wire(self) -> Wire:
        told: Wire = {"latitude": self.latitude, "longitude": self.longitude}
        extra = {"name": self.name, "address": self.address, "url": self.url}
        return {"type": self.type, self.type: told | {key: value for key, value in extra.items() if value is not None}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Contacts(Simple):
    """`origin` is `contact_request` when they answer our request, else `other`."""

    type = "contacts"
    contacts: tuple[Mapping[str, Any], ...]
    origin: str | None = None

    def wire(self) -> Wire:
        origin = {} if self.origin is None else {"origin": self.origin}
        return {"type": self.type, self.type: list(self.contacts), **origin}


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonReply(Simple):
    type = "button_reply"
    id: str
    title: str

    def wire(self) -> Wire:
        return _interactive(self.type, {"id": self.id, "title": self.title})


@dataclass(frozen=True, kw_only=True, slots=True)
class ListReply(Simple):
    type = "list_reply"
    id: str
    title: str
    description: str | None = None

    def wire(self) -> Wire:
        more = {} if self.description is None else {"description": self.description}
        return _interactive(self.type, {"id": self.id, "title": self.title, **more})


@dataclass(frozen=True, kw_only=True, slots=True)
class FlowReply(Simple):
    """`response_json` is a text with JSON in it."""

    type = "nfm_reply"
    response_json: str
    name: str = "flow"
    body: str = "Sent"

    def wire(self) -> Wire:
        return _interactive(self.type, {"response_json": self.response_json, "body": self.body, "name": self.name})


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPermission(Simple):
    type = "call_permission_reply"
    is_accepted: bool
    expires_at: int | None = None

    def wire(self) -> Wire:
        response = "accept" if self.is_accepted else "reject"
        expiry = {} if self.expires_at is None else {"expiration_timestamp": self.expires_at}
        return _interactive(self.type, {"response": response, **expiry, "response_source": "user_action"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LostInteractive(Simple):
    """An interactive message without its object; the value carries errors instead."""

    type = "lost_interactive"

    def wire(self) -> Wire:
        return {"type": "interactive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateButton(Simple):
    """Without a payload Meta repeats the label."""

    type = "button"
    text: str
    payload: str | None = None

    def wire(self) -> Wire:
        return {"type": self.type, "button": {"payload": self.payload or self.text, "text": self.text}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reaction(Simple):
    """Without an emoji the reaction is taken back."""

    type = "reaction"
    message_id: str
    emoji: str | None = None

    def wire(self) -> Wire:
        emoji = {} if self.emoji is None else {"emoji": self.emoji}
        return {"type": self.type, self.type: {"message_id": self.message_id, **emoji}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Order(Simple):
    """Each item has product_retailer_id, quantity, item_price and currency."""

    type = "order"
    catalog_id: str
    product_items: tuple[Mapping[str, Any], ...]
    text: str = ""

    def wire(self) -> Wire:
        told = {"catalog_id": self.catalog_id, "text": self.text, "product_items": list(self.product_items)}
        return {"type": self.type, self.type: told}


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberChanged(Simple):
    type = "user_changed_number"
    new_phone: str
    new_user_id: str | None = None  # another number is another business-scoped id

    def wire(self) -> Wire:
        return _system(self.type, wa_id=self.new_phone, user_id=self.new_user_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class UserIdChanged(Simple):
    type = "user_changed_user_id"
    new_user_id: str

    def wire(self) -> Wire:
        return _system(self.type, wa_id=None, user_id=self.new_user_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityChanged(Simple):
    type = "customer_identity_changed"
    created_at: int
    hash: str

    def wire(self) -> Wire:
        told = {"acknowledged": "false", "created_timestamp": str(self.created_at), "hash": self.hash}
        return _system(self.type, wa_id=None, user_id=None) | {"identity": told}


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsupported(Simple):
    """`kind` says what it was: edit, poll…"""

    type = "unsupported"
    kind: str | None = None

    def wire(self) -> Wire:
        kind = {} if self.kind is None else {"unsupported": {"type": self.kind}}
        errors = [reported(_UNSUPPORTED, "Message type is currently not supported.")]
        return {"type": self.type, "errors": errors, **kind}


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit(Simple):
    type = "edit"
    message_id: str
    body: str

    def wire(self) -> Wire:
        message = {"type": "text", "text": {"body": self.body}}
        return {"type": self.type, self.type: {"original_message_id": self.message_id, "message": message}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Revoke(Simple):
    type = "revoke"
    message_id: str

    def wire(self) -> Wire:
        return {"type": self.type, self.type: {"original_message_id": self.message_id}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw(Simple):
    type = "raw"
    message: Mapping[str, Any]

    def wire(self) -> Wire:
        return dict(self.message)


Content = Simple | Media
CONTENTS: Final = (
    Text,
    Media,
    Location,
    Contacts,
    ButtonReply,
    ListReply,
    FlowReply,
    CallPermission,
    LostInteractive,
    TemplateButton,
    Reaction,
    Order,
    NumberChanged,
    UserIdChanged,
    IdentityChanged,
    Unsupported,
    Edit,
    Revoke,
    Raw,
)
SYSTEM: Final = (NumberChanged, UserIdChanged, IdentityChanged)


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What a message refers to: a reply names an id, a forward none."""

    message_id: str | None = None
    is_from_business: bool = True
    is_forwarded: bool = False
    is_frequently_forwarded: bool = False
    referred_product: Mapping[str, Any] | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Referral:
    """The ad or post that brought somebody; one from a Status has no `ctwa_clid`."""

    source_url: str
    source_id: str
    source_type: str = "ad"
    headline: str = ""
    body: str = ""
    ctwa_clid: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)  # media_type, image_url, welcome_message…

    def wire(self) -> Wire:
        click = {} if self.ctwa_clid is None else {"ctwa_clid": self.ctwa_clid}
        told = {"source_url": self.source_url, "source_id": self.source_id, "source_type": self.source_type}
        return {**told, "headline": self.headline, "body": self.body, **self.more, **click}


def _interactive(kind: str, told: Wire) -> Wire:
    return {"type": "interactive", "interactive": {"type": kind, kind: told}}


def _system(kind: str, *, wa_id: str | None, user_id: str | None) -> Wire:
    names = {"wa_id": wa_id, "user_id": user_id}
    told = {name: value for name, value in names.items() if value is not None}
    return {"type": "system", "system": {"type": kind, "body": f"User: {kind}", **told}}
