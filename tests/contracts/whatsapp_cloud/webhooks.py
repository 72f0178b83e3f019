"""Webhooks in Meta's shapes, with invented values: the frame around what a case is about."""

import json
from datetime import UTC, datetime
from typing import Any

from channels.envelope import Identity, Person
from core.models.people import IdentityKind

PHONE_ID = "111222333444555"
WABA = "777888999000111"
WA_ID = "551187654321"  # as WhatsApp still knows many Brazilian accounts: without the ninth digit
E164 = "+5511987654321"
USER_ID = "BR.1502576394655843"
PARENT_ID = "BR.ENT.11815799212886844830"
METADATA = {"display_phone_number": "551133334444", "phone_number_id": PHONE_ID}
CONTACT: dict[str, Any] = {"profile": {"name": "Ana", "username": "@ana.souza"}, "wa_id": WA_ID, "user_id": USER_ID}
AT = datetime.fromtimestamp(1_760_000_000, UTC)

WA = Identity(kind=IdentityKind.WA_ID, value=WA_ID)
PHONE = Identity(kind=IdentityKind.PHONE, value=E164)
BSUID = Identity(kind=IdentityKind.BSUID, value=USER_ID)
PARENT = Identity(kind=IdentityKind.BSUID, value=PARENT_ID)
USERNAME = Identity(kind=IdentityKind.USERNAME, value="ana.souza")
ANA = Person(identities=(WA, PHONE, BSUID, USERNAME), name="Ana")


def change(value: dict[str, Any], field: str = "messages") -> dict[str, Any]:
    return {"value": {"messaging_product": "whatsapp", "metadata": METADATA, **value}, "field": field}


def webhook(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": list(changes)}]}


def news(field: str, value: dict[str, Any]) -> dict[str, Any]:
    """Of the account: with the entry's time, without a number."""
    entry = {"id": WABA, "time": 1_760_000_000, "changes": [{"value": value, "field": field}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


def message(kind: str, part: object = None, **more: object) -> dict[str, Any]:
    """One message of Ana's; `more` overrides, and None takes away."""
    whole = {
        "from": WA_ID,
        "from_user_id": USER_ID,
        "id": "wamid.IN==",
        "timestamp": "1760000000",
        "type": kind,
        kind: part,
        **more,
    }
    return {name: value for name, value in whole.items() if value is not None}


def inbound(kind: str, part: object = None, **more: object) -> dict[str, Any]:
    return webhook(change({"contacts": [CONTACT], "messages": [message(kind, part, **more)]}))


def status(word: str, **more: object) -> dict[str, Any]:
    whole = {"id": "wamid.OUT==", "status": word, "timestamp": "1760000000", "recipient_id": WA_ID, **more}
    return webhook(change({"statuses": [{name: value for name, value in whole.items() if value is not None}]}))


def as_sent(payload: dict[str, Any]) -> bytes:
    """As Meta writes it: everything that is not ASCII is escaped."""
    return json.dumps(payload, separators=(",", ":")).encode()
