"""A customer at the simulated WhatsApp: writes, and has a phone on which things arrive."""

from dataclasses import dataclass
from typing import Any, Final

import httpx

from admin_api.chatting.provider import ask

_PAGE: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    provider: httpx.AsyncClient
    phone_id: str  # the line they write to
    phone: str
    name: str

    async def say(self, body: str) -> str:
        """What the provider calls it."""
        told = {
            "phone_id": self.phone_id,
            "person": {"phone": self.phone, "name": self.name},
            "content": {"type": "text", "body": body},
        }
        return str((await ask(self.provider, "POST", "/whatsapp/messages", told=told))["id"])


@dataclass(slots=True)
class Phones:
    """What the provider took for anybody, read on from where it was read last."""

    provider: httpx.AsyncClient
    read: int = 0

    async def news(self) -> list[dict[str, Any]]:
        """All there is, oldest first."""
        found: list[dict[str, Any]] = []
        while True:
            page = await ask(self.provider, "GET", "/ledger/accepted", wanted={"after": self.read, "limit": _PAGE})
            items: list[dict[str, Any]] = page["items"]
            found += items
            self.read = items[-1]["number"] if items else self.read
            if page["next"] is None:
                return found
