"""The messages of a webhook: what a customer wrote, what the company's own phone wrote, edits and removals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.contents import Content, Json, Unsupported
from channels.envelope import Deleted, Echoed, Edited, IdentityChanged, InboundEvent, Person, Received, Unknown
from channels.whatsapp_cloud.contents import content_of
from channels.whatsapp_cloud.fields import identifier, items, kept, mapping, moment, objects
from channels.whatsapp_cloud.people import Names, person_of, profile_of

Value = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """What every message has, whoever wrote it."""

    provider_id: str
    at: datetime
    person: Person
    reply_to: str | None


def read_messages(value: Value, *, entry_time: object) -> Iterator[InboundEvent]:
    for message in items(value.get("messages")):
        if not isinstance(message, dict):
            yield Unknown(what="message")
            continue
        names = Names(
            number=message.get("from"),
            user_id=message.get("from_user_id"),
            parent_user_id=message.get("from_parent_user_id"),
        )
        head = _head(message, value, names=names, entry_time=entry_time)
        yield _of_customer(message, value, head) if isinstance(head, _Head) else head


def read_echoes(value: Value, *, entry_time: object) -> Iterator[InboundEvent]:
    for message in items(value.get("message_echoes")):
        if not isinstance(message, dict):
            yield Unknown(what="echo")
            continue
        names = Names(
            number=message.get("to"),
            user_id=message.get("to_user_id"),
            parent_user_id=message.get("to_parent_user_id"),
        )
        head = _head(message, value, names=names, entry_time=entry_time)
        yield _of_company(message, value, head) if isinstance(head, _Head) else head


def _head(message: Value, value: Value, *, names: Names, entry_time: object) -> _Head | Unknown:
    provider_id = identifier(message.get("id"))
    if provider_id is None:  # it could not be told from its own repetition
        return Unknown(what="message.id")
    is_alone = len(items(value.get("messages")) + items(value.get("message_echoes"))) == 1
    person = person_of(names, profile_of(names, objects(value.get("contacts")), is_alone=is_alone))
    if not person.identities:
        return Unknown(what="message.person")
    return _Head(
        provider_id=provider_id,
        at=moment(message.get("timestamp"), entry_time),
        person=person,
        reply_to=identifier(mapping(message.get("context")).get("id")),
    )


def _of_customer(message: Value, value: Value, head: _Head) -> InboundEvent:
    changed = _changed(message, head)
    if changed:
        return changed
    context = mapping(message.get("context"))
    return Received(
        provider_id=head.provider_id,
        at=head.at,
        sender=head.person,
        content=_content(message, value),
        reply_to=head.reply_to,
        is_forwarded=context.get("forwarded") is True or context.get("frequently_forwarded") is True,
        referral=_referral(message, context),
        group=identifier(message.get("group_id")),
    )


def _of_company(message: Value, value: Value, head: _Head) -> InboundEvent:
    return _changed(message, head) or Echoed(
        provider_id=head.provider_id,
        at=head.at,
        recipient=head.person,
        content=_content(message, value),
        reply_to=head.reply_to,
    )


def _changed(message: Value, head: _Head) -> Edited | Deleted | IdentityChanged | Unknown | None:
    """What changes something that is already known; None for a message of its own."""
    match message.get("type"):
        case "edit":
            edit = mapping(message.get("edit"))
            target = identifier(edit.get("original_message_id"))
            content = content_of(mapping(edit.get("message")))
            return Edited(target=target, at=head.at, content=content) if target else Unknown(what="edit")
        case "revoke":
            target = identifier(mapping(message.get("revoke")).get("original_message_id"))
            return Deleted(target=target, at=head.at) if target else Unknown(what="revoke")
        case "system":
            return _identity_changed(message, head)
        case _:
            return None


def _identity_changed(message: Value, head: _Head) -> IdentityChanged | None:
    system = mapping(message.get("system"))
    names = Names(
        number=system.get("wa_id") or system.get("new_wa_id"),
        user_id=system.get("user_id"),
        parent_user_id=system.get("parent_user_id"),
    )
    new = person_of(names)
    if not str(system.get("type")).endswith(("changed_number", "changed_user_id")) or not new.identities:
        return None
    return IdentityChanged(old=head.person, new=new, at=head.at, provider_id=head.provider_id)


def _content(message: Value, value: Value) -> Content:
    content = content_of(message)
    if isinstance(content, Unsupported) and "errors" not in message and value.get("errors"):
        # A message can come without its own part; why, the value says beside it.
        return Unsupported(what=content.what, raw=kept({**message, "errors": value.get("errors")}))
    return content


def _referral(message: Value, context: Value) -> Json | None:
    found = kept(message.get("referral"))
    if product := kept(context.get("referred_product")):
        found = {**found, "referred_product": product}
    return found or None
