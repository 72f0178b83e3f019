"""Which messages are taken, and what is answered to them: the path that every benchmark of sending walks."""

import time
from dataclasses import dataclass
from typing import Any, Final

from sandbox.faults import Occasion
from sandbox.ground import Ground
from sandbox.ledger import Call, Message
from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.content import Checked, check_content
from sandbox.whatsapp.customers import Customers
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, inside, invalid, one_of, text, text_if_any
from sandbox.whatsapp.ids import Ids
from sandbox.whatsapp.media import Shelf
from sandbox.whatsapp.people import People
from sandbox.whatsapp.pricing import AD_WINDOW, SERVICE, Pricing, pricing
from sandbox.whatsapp.recipients import Recipient, recipient_of
from sandbox.whatsapp.statuses import Outgoing, Statuses
from sandbox.whatsapp.template_sends import fill, template_of
from sandbox.whatsapp.templates import Template, Templates

_WINDOW: Final = 24 * 3600.0
_LONGEST_TAG: Final = 512
_SENDING: Final = frozenset({"CONNECTED", "FLAGGED"})
_LOCKED: Final = 131031
_CODES_OF_STATUS: Final = {"BANNED": _LOCKED, "RESTRICTED": _LOCKED, "RATE_LIMITED": 131048}
_UNREGISTERED: Final = 133010
_INDIVIDUAL: Final = frozenset({"individual"})
_PRODUCT: Final = frozenset({"whatsapp"})
_TYPING: Final = frozenset({"text"})
_READ: Final = frozenset({"read"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A message that nothing speaks against."""

    number: Number
    recipient: Recipient
    checked: Checked
    template: Template | None
    tag: str | None

    def occasion(self, path: str) -> Occasion:
        return Occasion(path=path, sends=True, phone_id=self.number.id, recipients=self.recipient.names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    ground: Ground
    ids: Ids
    people: People
    shelf: Shelf
    templates: Templates
    customers: Customers
    statuses: Statuses

    def check(self, number: Number, payload: Json) -> Draft:
        """Everything that refuses a message, the limits last: what is refused for another reason costs nothing."""
        check_product(payload)
        if "recipient_type" in payload:
            one_of(payload, "recipient_type", _INDIVIDUAL)
        recipient = recipient_of(payload, number, self.people)
        if payload.get("context") is not None:
            text(inside(payload, "context"), "message_id", "context.")
        tag = text_if_any(payload, "biz_opaque_callback_data", most=_LONGEST_TAG)
        kind = text(payload, "type") if "type" in payload else "text"
        template, checked = self._content(kind, payload, number, recipient)
        _check_number(number)
        self._check_limits(number, recipient)
        return Draft(number=number, recipient=recipient, checked=checked, template=template, tag=tag)

    async def accept(self, call: Call, draft: Draft) -> dict[str, Any]:
        """The answer. The message is in the ledger before anything else learns of it."""
        recipient, checked = draft.recipient, draft.checked
        wamid = self.ids.wamid(recipient.key)
        message = Message(wamid=wamid, recipient=recipient.key, kind=checked.kind, text=checked.text)
        self.ground.ledger.accept(call, message)
        is_paced = draft.template is not None and draft.template.is_paced
        await self.statuses.follow(
            Outgoing(
                wamid=wamid,
                number=draft.number,
                to=recipient.input,
                recipient=recipient.key,
                person=recipient.person,
                tag=draft.tag,
                pricing=self._price(draft),
                is_by_phone=recipient.is_by_phone,
                has_voice=checked.has_voice,
                is_paced=is_paced,
            )
        )
        told: dict[str, Any] = {"id": wamid}
        if draft.template is not None:
            told["message_status"] = "held_for_quality_assessment" if is_paced else "accepted"
        return {"messaging_product": "whatsapp", "contacts": [recipient.wire()], "messages": [told]}

    def mark_read(self, payload: Json) -> dict[str, Any]:
        check_product(payload)
        one_of(payload, "status", _READ)
        if not self.customers.wrote(text(payload, "message_id")):
            raise invalid("Param message_id is not a message that you received.")
        if payload.get("typing_indicator") is not None:
            one_of(inside(payload, "typing_indicator"), "type", _TYPING, "typing_indicator.")
        return {"success": True}

    def _content(
        self, kind: str, payload: Json, number: Number, recipient: Recipient
    ) -> tuple[Template | None, Checked]:
        if kind != "template":
            checked = check_content(kind, payload, self.shelf)
            if not self._is_in_window(number, recipient):
                raise GraphError(
                    131047,
                    "Message failed to send because more than 24 hours have passed since the customer last replied "
                    "to this number.",
                )
            return None, checked
        content = inside(payload, "template")
        template = template_of(content, number.business.id, self.templates)
        words = fill(template, content, self.shelf)
        _check_wishes(template, recipient)
        return template, Checked(kind=kind, text=words)

    def _is_in_window(self, number: Number, recipient: Recipient) -> bool:
        wrote_at = recipient.person.wrote_at.get(number.id) if recipient.person is not None else None
        return wrote_at is not None and self.ground.clock.seconds() < wrote_at + _WINDOW

    def _check_limits(self, number: Number, recipient: Recipient) -> None:
        now = time.monotonic()
        if number.per_second is not None and not number.per_second.take("", now):
            raise GraphError(130429, "Cloud API message throughput has been reached.")
        if number.pair is not None and not number.pair.take(recipient.key, now):
            raise GraphError(131056, "Too many messages from this phone number to the same phone number.")

    def _price(self, draft: Draft) -> Pricing:
        now, person, phone_id = self.ground.clock.seconds(), draft.recipient.person, draft.number.id
        came_at = person.came_by_ad_at.get(phone_id) if person is not None else None
        return pricing(
            category=draft.template.category.lower() if draft.template is not None else SERVICE,
            is_in_window=self._is_in_window(draft.number, draft.recipient),
            came_by_ad=came_at is not None and now < came_at + AD_WINDOW,
            now=now,
        )


def check_product(payload: Json) -> None:
    one_of(payload, "messaging_product", _PRODUCT)


def _check_number(number: Number) -> None:
    if number.status not in _SENDING:
        code = _CODES_OF_STATUS.get(number.status, _UNREGISTERED)
        raise GraphError(code, f"The phone number is {number.status}.")


def _check_wishes(template: Template, recipient: Recipient) -> None:
    if template.category == "AUTHENTICATION" and not recipient.is_by_phone:
        raise GraphError(131062, "Authentication templates are sent to phone numbers only.")
    if template.category == "MARKETING" and recipient.person is not None and recipient.person.has_stopped_marketing:
        raise GraphError(131050, "The recipient has chosen to stop marketing messages from your business.")
