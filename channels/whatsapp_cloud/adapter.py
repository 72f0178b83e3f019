"""WhatsApp Cloud as a channel of ours."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from channels.base import Capabilities, Health, KnownTemplate, Line, MediaStream
from channels.envelope import Accepted, InboundEvent, OutboundMessage
from channels.whatsapp_cloud import health, media, reading, templates
from channels.whatsapp_cloud.capabilities import CLOUD
from channels.whatsapp_cloud.graph import Bases, Graph, phone_of
from channels.whatsapp_cloud.rendering import encode, render
from channels.whatsapp_cloud.verdicts import accepted, settled
from core.clock import Deadline
from core.models.people import ConnectionKind


class WhatsAppCloud:
    """`base` is a host: the version and the path are ours. `sandbox_base` serves the lines that say `is_sandbox`."""

    kind = ConnectionKind.WHATSAPP
    capabilities: Capabilities = CLOUD

    def __init__(self, client: httpx.AsyncClient, *, base: str, version: str, sandbox_base: str | None = None) -> None:
        self._graph = Graph(client, Bases(real=base, version=version, sandbox=sandbox_base))

    def read(self, payload: Mapping[str, Any], line_address: str) -> list[InboundEvent]:
        return reading.read(payload, line_address)

    async def send(self, message: OutboundMessage, line: Line, deadline: Deadline, *, starts_by: Deadline) -> Accepted:
        """Once. Besides what every adapter raises, Malformed for a message that Meta would refuse: nothing was sent."""
        request = self._graph.post(line, f"{phone_of(line)}/messages", render(message))
        return accepted(await self._graph.call(request, deadline=deadline, starts_by=starts_by))

    async def acknowledge(self, provider_id: str, line: Line, deadline: Deadline, *, is_typing: bool) -> None:
        body = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": provider_id,
            **({"typing_indicator": {"type": "text"}} if is_typing else {}),
        }
        request = self._graph.post(line, f"{phone_of(line)}/messages", encode(body))
        settled(await self._graph.call(request, deadline=deadline))

    def open_media(
        self, provider_media_id: str, line: Line, deadline: Deadline
    ) -> AbstractAsyncContextManager[MediaStream]:
        return media.open_media(self._graph, provider_media_id, line=line, deadline=deadline)

    async def upload(self, data: bytes, mime: str, line: Line, deadline: Deadline) -> str:
        return await media.upload(self._graph, data, mime=mime, line=line, deadline=deadline)

    async def list_templates(self, line: Line, deadline: Deadline) -> list[KnownTemplate]:
        return await templates.list_templates(self._graph, line=line, deadline=deadline)

    async def check(self, line: Line, deadline: Deadline) -> Health:
        return await health.check(self._graph, line=line, deadline=deadline)
