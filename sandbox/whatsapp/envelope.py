"""What Meta puts into one POST: updates of several accounts, grouped the way it groups them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sandbox.whatsapp.wire import to_json

MOST_BYTES: Final = 3 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One change. `time` is set for account and template events; `key` names a message that came in."""

    waba_id: str
    field: str
    value: Mapping[str, Any]
    time: int | None = None
    key: str | None = None


def envelope(updates: Sequence[Update]) -> dict[str, Any]:
    entries: dict[tuple[str, int | None], dict[str, Any]] = {}
    for update in updates:
        entry = entries.setdefault((update.waba_id, update.time), _entry(update))
        if not (entry["changes"] and _joined(entry["changes"][-1], update)):
            entry["changes"].append({"field": update.field, "value": _copied(update.value)})
    return {"object": "whatsapp_business_account", "entry": list(entries.values())}


def bodies(updates: Sequence[Update]) -> Iterator[tuple[bytes, Sequence[Update]]]:
    """Each within the size that Meta keeps to."""
    body = to_json(envelope(updates))
    if len(body) <= MOST_BYTES or len(updates) == 1:
        yield body, updates
        return
    middle = len(updates) // 2
    yield from bodies(updates[:middle])
    yield from bodies(updates[middle:])


def _entry(update: Update) -> dict[str, Any]:
    time = {} if update.time is None else {"time": update.time}
    return {"id": update.waba_id, **time, "changes": []}


def _joined(change: dict[str, Any], update: Update) -> bool:
    """Statuses of one number share a value; messages keep theirs, whose contacts belong to them."""
    value = change["value"]
    if "statuses" not in value or "statuses" not in update.value or value["metadata"] != update.value["metadata"]:
        return False
    value["statuses"] += update.value["statuses"]
    if "contacts" in update.value:
        value["contacts"] = value.get("contacts", []) + update.value["contacts"]
    return True


def _copied(value: Mapping[str, Any]) -> dict[str, Any]:
    """Deep enough for joining: an update may be told twice."""
    return {name: list(part) if isinstance(part, list) else part for name, part in value.items()}
