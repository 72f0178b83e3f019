"""Meta's hand: bodies in its wire format, signed with whatever secret a test gives it."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Sequence
from typing import Any, Final

URL: Final = "/webhooks/whatsapp"
SIGNATURE: Final = "X-Hub-Signature-256"
_numbers: Final = itertools.count(1)

Json = dict[str, Any]


def message(text: str = "Olá! Quero um bolo 🎂") -> Json:
    return {
        "from": "5511987654321",
        "id": f"wamid.{next(_numbers)}",
        "timestamp": "1760000000",
        "type": "text",
        "text": {"body": text},
    }


def change(phone: str, *messages: Json) -> Json:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "5511912345678", "phone_number_id": phone},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": "5511987654321"}],
        "messages": list(messages) or [message()],
    }
    return {"field": "messages", "value": value}


def account_change(event: str = "APPROVED") -> Json:
    value = {"event": event, "message_template_id": 1, "message_template_name": "ola"}
    return {"field": "message_template_status_update", "value": value}


def entry(account: str, *changes: Json) -> Json:
    return {"id": account, "time": 1_760_000_000, "changes": list(changes)}


def body(*entries: Json) -> bytes:
    """As Meta writes it: what is not ASCII is escaped, in small letters."""
    return json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}, separators=(",", ":")).encode()


def posted_to(phone: str, *messages: Json, account: str = "999") -> bytes:
    return body(entry(account, change(phone, *messages)))


def signature(posted: bytes, app_secret: str) -> str:
    return f"sha256={hmac.new(app_secret.encode(), posted, hashlib.sha256).hexdigest()}"


def headers(posted: bytes, app_secret: str) -> dict[str, str]:
    return {SIGNATURE: signature(posted, app_secret), "Content-Type": "application/json", "User-Agent": "facebook"}


def phones_in(payload: Json) -> set[str]:
    changes = [change for entry in payload["entry"] for change in entry["changes"]]
    return {change["value"]["metadata"]["phone_number_id"] for change in changes if "metadata" in change["value"]}


def ids_in(payloads: Sequence[Json]) -> list[str]:
    """Of every message in them."""
    changes = [change for payload in payloads for entry in payload["entry"] for change in entry["changes"]]
    return [message["id"] for change in changes for message in change["value"].get("messages", ())]
