"""The sandbox's control plane from the outside: what a test asks of the provider, and what its book says."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx

_PAGE: Final = 10_000
_SECONDS: Final = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A request that reached the provider."""

    number: int
    at_ns: int  # on the clock of this machine that nobody turns
    recipient: str
    tag: str | None
    outcome: str
    fault: str | None
    code: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A message that the provider accepted; `number` is its place among all."""

    number: int
    at_ns: int
    call: int
    wamid: str
    recipient: str
    tag: str | None
    intent: str | None


@dataclass(frozen=True, slots=True)
class Panel:
    client: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def open(cls, port: int) -> AsyncIterator["Panel"]:
        url = f"http://127.0.0.1:{port}/_sandbox"
        async with httpx.AsyncClient(base_url=url, timeout=_SECONDS, trust_env=False) as client:
            yield cls(client)

    async def answers(self) -> None:
        """Until the sandbox is there."""
        end = time.monotonic() + _SECONDS
        while True:
            try:
                (await self.client.get("/clock")).raise_for_status()
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            else:
                return

    async def post(self, path: str, told: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return _told(await self.client.post(path, json=told or {}))

    async def put(self, path: str, told: Mapping[str, Any]) -> dict[str, Any]:
        return _told(await self.client.put(path, json=told))

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return _told(await self.client.get(path, params=query))

    async def add_faults(self, *faults: Mapping[str, Any]) -> None:
        await self.post("/faults", {"faults": list(faults)})

    async def clear_faults(self) -> None:
        _told(await self.client.delete("/faults"))

    async def faults_met(self) -> dict[str, int]:
        met: dict[str, int] = (await self.get("/faults"))["met"]
        return met

    async def statuses(self, **settings: Any) -> None:
        await self.put("/whatsapp/statuses", settings)

    async def webhooks(self, **settings: Any) -> None:
        await self.put("/whatsapp/webhooks", settings)

    async def write(self, phone_id: str, phone: str, content: Mapping[str, Any]) -> str:
        """A customer writes; the id of the message."""
        told = {"phone_id": phone_id, "person": {"phone": phone}, "content": dict(content)}
        message: str = (await self.post("/whatsapp/messages", told))["id"]
        return message

    async def say(self, phone_id: str, phone: str, body: str) -> str:
        return await self.write(phone_id, phone, {"type": "text", "body": body})

    async def stop_marketing(self, phone_id: str, phone: str) -> None:
        told = {"phone_id": phone_id, "person": {"phone": phone}, "wants_marketing": False}
        await self.post("/whatsapp/preferences", told)

    async def was_acknowledged(self, message: str) -> bool:
        return bool((await self.get(f"/whatsapp/webhooks/acknowledged/{message}"))["acknowledged"])

    async def still_to_tell(self) -> int:
        """What is planned and what nobody has acknowledged yet."""
        counters = await self.get("/counters")
        return int(counters["planned"]) + int(counters["webhooks"]["pending"])

    async def calls(self) -> list[Call]:
        return [
            Call(
                number=item["number"],
                at_ns=item["monotonic_ns"],
                recipient=item["recipient"],
                tag=item["tag"],
                outcome=item["outcome"],
                fault=item["fault"],
                code=item["code"],
            )
            for item in await self._pages("/ledger/calls")
        ]

    async def accepted(self) -> list[Taken]:
        return [
            Taken(
                number=item["number"],
                at_ns=item["monotonic_ns"],
                call=item["call"],
                wamid=item["wamid"],
                recipient=item["recipient"],
                tag=item["tag"],
                intent=item["intent"],
            )
            for item in await self._pages("/ledger/accepted")
        ]

    async def count_accepted(self) -> int:
        return int((await self.get("/counters"))["ledger"]["accepted"])

    async def _pages(self, path: str) -> Sequence[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = await self.get(path, after=after, limit=_PAGE)
            if page["forgotten"]:
                raise AssertionError(f"the ledger forgot {page['forgotten']} entries: it is no oracle any more")
            found += page["items"]
            after = page["next"]
        return found


def _told(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        raise AssertionError(f"the sandbox refused {answer.request.url.path}: {answer.text}")
    told: dict[str, Any] = answer.json()
    return told
