"""What Meta tells about numbers, accounts and templates, and about people who wrote nothing."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.clock import VirtualClock
from sandbox.whatsapp.accounts import Business, Number
from sandbox.whatsapp.envelope import Update
from sandbox.whatsapp.errors import reported
from sandbox.whatsapp.people import Person
from sandbox.whatsapp.templates import Template
from sandbox.whatsapp.webhooks import Webhooks

_STOPPED: Final = "User requested to stop marketing messages"
_RESUMED: Final = "User requested to resume marketing messages"


class Events:
    """`tell` and `tell_number` send any field with any value; the others know Meta's shapes."""

    def __init__(self, webhooks: Webhooks, clock: VirtualClock) -> None:
        self._webhooks = webhooks
        self._clock = clock

    def tell(self, business: Business, field: str, value: Mapping[str, Any]) -> None:
        """A management field: it goes to the app, with the time of its entry and without metadata."""
        update = Update(waba_id=business.id, field=field, value=value, time=int(self._clock.seconds()))
        self._webhooks.push(business.destinations, update)

    def tell_number(self, number: Number, field: str, value: Mapping[str, Any], *, key: str | None = None) -> None:
        """What happens on one number goes where its messages go."""
        whole = {"messaging_product": "whatsapp", "metadata": number.metadata, **value}
        update = Update(waba_id=number.business.id, field=field, value=whole, key=key)
        self._webhooks.push([number.destination] if number.destination else [], update)

    def template_status(
        self, business: Business, template: Template, *, event: str | None = None, reason: str | None = None
    ) -> None:
        """`event` also knows words that are no status: FLAGGED, REINSTATED, LOCKED, UNARCHIVED."""
        value = {"event": event or template.status.value, **_named(template), "reason": reason}
        value["message_template_category"] = template.category
        self.tell(business, "message_template_status_update", value)

    def template_quality(self, business: Business, template: Template, quality: str) -> None:
        scores = {"previous_quality_score": template.quality, "new_quality_score": quality}
        template.quality = quality
        self.tell(business, "message_template_quality_update", scores | _named(template))

    def template_category(self, business: Business, template: Template, category: str) -> None:
        categories = {"previous_category": template.category, "new_category": category}
        template.category = category
        self.tell(business, "template_category_update", _named(template) | categories)

    def template_components(self, business: Business, template: Template) -> None:
        parts = {
            f"message_template_{name}": part["text"]
            for name, kind in (("title", "HEADER"), ("element", "BODY"), ("footer", "FOOTER"))
            if (part := template.component(kind)) is not None and "text" in part
        }
        self.tell(business, "message_template_components_update", _named(template) | parts)

    def messaging_limit(self, number: Number, limit: str, *, event: str = "ONBOARDING") -> None:
        """Of the number's whole business, and told twice: for the number and for the business."""
        for sibling in number.business.numbers:
            sibling.messaging_limit = limit
        name, limits = number.metadata["display_phone_number"], {"max_daily_conversations_per_business": limit}
        self.tell(
            number.business, "phone_number_quality_update", {"display_phone_number": name, "event": event} | limits
        )
        self.tell(number.business, "business_capability_update", limits)

    def account(self, business: Business, event: str, more: Mapping[str, Any] | None = None) -> None:
        self.tell(business, "account_update", {"event": event, **(more or {})})

    def alert(self, business: Business, *, severity: str, kind: str, description: str) -> None:
        info = {
            "alert_severity": severity,
            "alert_status": "ACTIVE",
            "alert_type": kind,
            "alert_description": description,
        }
        self.tell(business, "account_alerts", {"entity_type": "WABA", "entity_id": business.id, "alert_info": info})

    def review(self, business: Business, decision: str) -> None:
        self.tell(business, "account_review_update", {"decision": decision})

    def name(self, number: Number, name: str, decision: str) -> None:
        number.name_status = decision
        told = {"decision": decision, "requested_verified_name": name, "rejection_reason": None}
        place = {"display_phone_number": number.metadata["display_phone_number"]}
        self.tell(number.business, "phone_number_name_update", place | told)

    def preference(self, number: Number, person: Person, *, wants_marketing: bool) -> None:
        person.has_stopped_marketing = not wants_marketing
        wish = {
            **identity(person),
            "detail": _RESUMED if wants_marketing else _STOPPED,
            "category": "marketing_messages",
            "value": "resume" if wants_marketing else "stop",
            "timestamp": int(self._clock.seconds()),
        }
        self.tell_number(number, "user_preferences", {"contacts": [contact(person)], "user_preferences": [wish]})

    def link_click(self, number: Number) -> None:
        """On `messages`, without messages, statuses or contacts."""
        click = {
            "action_type": "marketing_messages_link_click",
            "timestamp": str(int(self._clock.seconds())),
            "marketing_messages_link_click_data": {"click_component": "cta", "click_id": "click", "product_id": "sku"},
        }
        self.tell_number(number, "messages", {"user_actions": [click]})

    def system_error(self, number: Number, code: int) -> None:
        """On `messages`, with `errors` alone."""
        self.tell_number(number, "messages", {"errors": [reported(code)]})


def identity(person: Person) -> dict[str, Any]:
    """How Meta names somebody: without the phone if he hides it."""
    names = {
        "wa_id": person.wa_id if person.is_known_by_phone else None,
        "user_id": person.user_id,
        "parent_user_id": person.parent_user_id,
    }
    return {name: value for name, value in names.items() if value is not None}


def contact(person: Person) -> dict[str, Any]:
    username = {} if person.username is None else {"username": person.username}
    return {"profile": {"name": person.name, **username}, **identity(person)}


def _named(template: Template) -> dict[str, Any]:
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }
