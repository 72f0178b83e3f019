"""Webhooks as Meta would post them, for those that a test wants to cut, order and repeat itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from sandbox.whatsapp.wire import sign, to_json
from tests.chaos.crowd import SECRETS, Crowd, Person

_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Mailman:
    crowd: Crowd

    def message(self, person: Person, name: str, *, at: int, **said: Any) -> bytes:
        """`said` is what Meta keeps under the message's type: `text={"body": "oi"}`."""
        [kind] = said
        told = {"from": person.phone, "id": name, "timestamp": str(at), "type": kind, **said}
        contact = {"profile": {"name": "Cliente"}, "wa_id": person.phone}
        return self._body({"contacts": [contact], "messages": [told]})

    def status(self, person: Person, wamid: str, status: str, *, at: int) -> bytes:
        told = {"id": wamid, "status": status, "timestamp": str(at), "recipient_id": person.phone}
        return self._body({"statuses": [told]})

    async def post(self, client: httpx.AsyncClient, body: bytes) -> int:
        """The status of the answer."""
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, SECRETS["app_secret"])}
        url = f"{self.crowd.stage.api_url}/webhooks/whatsapp"
        return (await client.post(url, content=body, headers=headers)).status_code

    def _body(self, value: Mapping[str, Any]) -> bytes:
        number = {"display_phone_number": "5511999990000", "phone_number_id": self.crowd.phone_id}
        whole = {"messaging_product": "whatsapp", "metadata": number, **value}
        change = {"field": "messages", "value": whole}
        entry = {"id": self.crowd.account, "changes": [change]}
        return to_json({"object": "whatsapp_business_account", "entry": [entry]})


def open_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_SECONDS, trust_env=False)
