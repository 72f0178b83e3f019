"""The adapters of this release, opened for a process: one HTTP client for all calls to providers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from channels.registry import Registry
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from core.http import Limits, open_client
from core.models.people import ConnectionKind
from core.settings import Settings

_LIMITS: Final = Limits(connections=200)


@asynccontextmanager
async def open_registry(settings: Settings) -> AsyncIterator[Registry]:
    async with open_client(limits=_LIMITS) as client:
        whatsapp = WhatsAppCloud(
            client,
            base=settings.whatsapp_api_base,
            version=settings.whatsapp_api_version,
            sandbox_base=settings.masteria_sandbox_url,
        )
        yield Registry({ConnectionKind.WHATSAPP: whatsapp})
