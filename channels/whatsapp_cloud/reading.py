"""A webhook's body as events, in the order in which they stand in it. Pure, and whatever comes, no exception leaves."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from channels.envelope import InboundEvent, Unknown
from channels.whatsapp_cloud.fields import filled, items, mapping, text, word
from channels.whatsapp_cloud.messages import read_echoes, read_messages
from channels.whatsapp_cloud.news import is_news, read_errors, read_news
from channels.whatsapp_cloud.statuses import read_preferences, read_statuses

Value = Mapping[str, Any]

# Keys of a value that we know and have no use for: a click on a link, a call, the upkeep of a group.
_LEFT_ASIDE: Final = ("user_actions", "calls", "groups", "history", "state_sync")


def read(payload: Mapping[str, Any], line_address: str) -> list[InboundEvent]:
    """What is for this address: changes of its number, and those that name no number at all."""
    if not isinstance(payload, dict) or not isinstance(payload.get("entry"), list):
        return [Unknown(what="body")]
    return list(_of_entries(payload["entry"], line_address))


def _of_entries(entries: list[Any], line_address: str) -> Iterator[InboundEvent]:
    for entry in entries:
        changes = mapping(entry).get("changes")
        if not isinstance(changes, list):
            yield Unknown(what="entry")
        for change in items(changes):
            if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
                yield Unknown(what="change")
            elif _is_for(change["value"], line_address):
                yield from _of_change(change, entry.get("time"))


def _is_for(value: Value, line_address: str) -> bool:
    number = text(mapping(value.get("metadata")).get("phone_number_id"))
    return number is None or number == line_address


def _of_change(change: Mapping[str, Any], entry_time: object) -> Iterator[InboundEvent]:
    field, value = filled(change.get("field")) or "none", change["value"]
    if is_news(field):
        yield read_news(field, value, entry_time=entry_time)
        return
    found = False
    for reader in (read_messages, read_echoes, read_statuses, read_preferences, read_errors):
        for event in reader(value, entry_time=entry_time):
            found = True
            yield event
    aside = [name for name in _LEFT_ASIDE if value.get(name)]
    yield from (Unknown(what=name) for name in aside)
    if not found and not aside:
        yield Unknown(what=f"field.{word(field)}")
