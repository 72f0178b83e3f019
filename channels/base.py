"""What a channel must be able to do. An adapter translates; it knows no database, queue or web framework."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from channels.envelope import Accepted, InboundEvent, OutboundMessage
from core.clock import Deadline
from core.ids import ConnectionId
from core.models.people import ConnectionKind
from core.models.stream import MessageKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a channel can carry, for those who choose what to send."""

    sends: frozenset[MessageKind]
    has_window: bool  # free text only while the customer wrote within a day
    has_templates: bool
    has_typing: bool
    echoes_tag: bool  # statuses carry what we hung on the message: an unknown send can be settled
    longest_text: int
    per_second: int  # of one connection, unless its settings say otherwise
    pair_seconds: int = 0  # the pause between two messages to one person; 0 where there is none
    pair_burst: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One connection, opened for a call: what it is called outside, and what opens it."""

    connection: ConnectionId
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)


class Address(NamedTuple):
    """An outside name under which a connection answers, e.g. a phone number id. Looked up for every webhook."""

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaHead:
    """What the provider says of a file before we fetch it."""

    mime: str | None
    size: int | None
    sha256: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaStream:
    head: MediaHead
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownTemplate:
    provider_id: str
    name: str
    language: str
    status: str
    category: str
    components: tuple[Mapping[str, Any], ...]
    quality: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """What the provider says of the connection itself."""

    detail: Mapping[str, Any]
    token_expires_at: datetime | None = None


class Adapter(Protocol):
    """Raises `SendError` where the provider proved refusal, `Unproven` or `CallFailed` where it did not answer so."""

    @property
    def kind(self) -> ConnectionKind: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def read(self, payload: Mapping[str, Any], line_address: str) -> list[InboundEvent]:
        """What a provider's body says to the connection of this address; pure, and never raises for an odd shape."""
        ...

    async def send(self, message: OutboundMessage, line: Line, deadline: Deadline, *, starts_by: Deadline) -> Accepted:
        """The first byte leaves by `starts_by` or never; the answer is waited for until the deadline."""
        ...

    async def acknowledge(self, provider_id: str, line: Line, deadline: Deadline, *, is_typing: bool) -> None:
        """Mark as read, and show that somebody is writing. A failure is the caller's to ignore."""
        ...

    def open_media(
        self, provider_media_id: str, line: Line, deadline: Deadline
    ) -> "AbstractAsyncContextManager[MediaStream]": ...

    async def upload(self, data: bytes, mime: str, line: Line, deadline: Deadline) -> str:
        """Give a file to the provider; its id there."""
        ...

    async def list_templates(self, line: Line, deadline: Deadline) -> list[KnownTemplate]: ...

    async def check(self, line: Line, deadline: Deadline) -> Health: ...
