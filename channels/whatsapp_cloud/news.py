"""What Meta tells about the account, the number and the templates: section 8 of the fact sheet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from channels.envelope import AccountNews, NewsKind
from channels.whatsapp_cloud.fields import filled, kept, mapping, moment, word

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Field:
    kind: NewsKind
    event: tuple[str, ...] = ("event",)  # where its word stands; the field's own name where there is none


_FIELDS: Final[Mapping[str, _Field]] = MappingProxyType(
    {
        "message_template_status_update": _Field(NewsKind.TEMPLATE),
        "message_template_quality_update": _Field(NewsKind.TEMPLATE, ("new_quality_score",)),
        "message_template_components_update": _Field(NewsKind.TEMPLATE, ()),
        "template_category_update": _Field(NewsKind.TEMPLATE, ("new_category",)),
        "phone_number_quality_update": _Field(NewsKind.QUALITY),
        "business_capability_update": _Field(NewsKind.LIMITS, ()),
        "account_update": _Field(NewsKind.ACCOUNT),
        "account_review_update": _Field(NewsKind.ACCOUNT, ("decision",)),
        "phone_number_name_update": _Field(NewsKind.ACCOUNT, ("decision",)),
        "account_alerts": _Field(NewsKind.ALERT, ("alert_info", "alert_type")),
        "security": _Field(NewsKind.OTHER),
    }
)


def is_news(field: str) -> bool:
    return field in _FIELDS


def read_news(field: str, value: Value, *, entry_time: object) -> AccountNews:
    known = _FIELDS[field]
    found: Any = value
    for step in known.event:
        found = mapping(found).get(step)
    event = word(found) if known.event and filled(found) else field
    return AccountNews(kind=known.kind, event=event, at=moment(entry_time), detail=kept({**value, "field": field}))


def read_errors(value: Value, *, entry_time: object) -> Iterator[AccountNews]:
    """Errors of the system itself. Beside a message or a status they are about it, and told with it."""
    errors = value.get("errors")
    if errors and not value.get("messages") and not value.get("statuses"):
        yield AccountNews(
            kind=NewsKind.ALERT,
            event="error",
            at=moment(entry_time),
            detail=kept({"errors": errors, "field": "messages"}),
        )
