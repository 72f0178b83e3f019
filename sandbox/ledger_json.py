"""The ledger's entries as the control plane tells them."""

from typing import Any

from sandbox.ledger import Accepted, Call


def call_to(call: Call) -> dict[str, Any]:
    return {
        "number": call.number,
        "monotonic_ns": call.at.monotonic_ns,
        "wall_ns": call.at.wall_ns,
        "phone_id": call.phone_id,
        "recipient": call.recipient,
        "tag": call.tag,
        "body": _text(call.body),
        "outcome": call.outcome.value,
        "code": call.code,
        "fault": call.fault,
        "wamid": call.wamid,
    }


def accepted_to(accepted: Accepted) -> dict[str, Any]:
    return {
        "number": accepted.number,
        "monotonic_ns": accepted.at.monotonic_ns,
        "wall_ns": accepted.at.wall_ns,
        "call": accepted.call,
        "wamid": accepted.wamid,
        "phone_id": accepted.phone_id,
        "recipient": accepted.recipient,
        "tag": accepted.tag,
        "intent": accepted.intent,
        "kind": accepted.kind,
        "text": accepted.text,
        "body": _text(accepted.body),
    }


def _text(body: bytes) -> str:
    return body.decode(errors="backslashreplace")
