"""What travels inside the system: what arrived, what should leave, what became of it. What it says: `contents.py`."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from channels.contents import Content, Json
from core.models.people import IdentityKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """One way in which a person is known to a channel, as the channel spells it."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whoever is at the other end: a set of identities, of which any one may be missing."""

    identities: tuple[Identity, ...]
    name: str | None = None


# --- what arrived ---


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A customer wrote."""

    provider_id: str
    at: datetime
    sender: Person
    content: Content
    reply_to: str | None = None
    is_forwarded: bool = False
    referral: Json | None = None  # the advertisement or product that brought the customer
    group: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Echoed:
    """Somebody of the company wrote from the business's own phone: a human took over."""

    provider_id: str
    at: datetime
    recipient: Person
    content: Content
    reply_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    target: str
    at: datetime
    content: Content


@dataclass(frozen=True, kw_only=True, slots=True)
class Deleted:
    target: str
    at: datetime


class Status(StrEnum):
    """What became of a message of ours. `played` (a voice note heard) counts as read."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged:
    provider_id: str
    status: Status
    at: datetime
    tag: str | None = None  # what we hung on the message before the call
    error: "ProviderError | None" = None
    pricing: Json | None = None
    recipient: Person | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderError:
    """`kind` is the word for it in `channels/errors.py`."""

    kind: str
    code: str
    title: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferenceChanged:
    """The customer told the provider to stop, or to go on."""

    person: Person
    at: datetime
    is_stop: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityChanged:
    """The same person under another number or id."""

    old: Person
    new: Person
    at: datetime
    provider_id: str


class NewsKind(StrEnum):
    TEMPLATE = "template"
    QUALITY = "quality"
    LIMITS = "limits"
    ACCOUNT = "account"
    ALERT = "alert"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountNews:
    """About the connection, not about a customer."""

    kind: NewsKind
    event: str
    at: datetime
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A shape we do not know: kept in the raw event, counted, never an error."""

    what: str


InboundEvent = (
    Received | Echoed | Edited | Deleted | StatusChanged | PreferenceChanged | IdentityChanged | AccountNews | Unknown
)


# --- what should leave --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundMessage:
    """One message for a provider. The tag comes back on every status of it."""

    to: tuple[Identity, ...]  # the address that worked last comes first
    content: Content
    tag: str
    reply_to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The provider took it, which is not yet a delivery."""

    provider_id: str
    recipient: Person | None = None  # the address as the provider spells it: the one to know the person by
    is_held: bool = False  # kept back for a quality check: silence then proves nothing
