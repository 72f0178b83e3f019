"""What came in and what must come out of it: news of the account, the number and the templates."""

from typing import Any

from channels.envelope import AccountNews, InboundEvent, NewsKind
from tests.contracts.whatsapp_cloud.webhooks import AT, change, news

Case = tuple[dict[str, Any], list[InboundEvent]]


def about(kind: NewsKind, event: str, field: str, value: dict[str, Any]) -> list[InboundEvent]:
    return [AccountNews(kind=kind, event=event, at=AT, detail={**value, "field": field})]


TEMPLATE = {
    "event": "REJECTED",
    "message_template_id": 1689556908129835,
    "message_template_name": "pix_lembrete",
    "message_template_language": "pt_BR",
    "reason": "INVALID_FORMAT",
    "message_template_category": "MARKETING",
    "rejection_info": {"reason": "Variables side by side.", "recommendation": "Write words between them."},
}
SCORE = {
    "previous_quality_score": "GREEN",
    "new_quality_score": "YELLOW",
    "message_template_id": 806312974732579,
    "message_template_name": "pix_lembrete",
    "message_template_language": "pt_BR",
}
COMPONENTS = {
    "message_template_id": 12345678,
    "message_template_name": "pix_lembrete",
    "message_template_language": "pt_BR",
    "message_template_element": "Oi {{1}}!",
}
CATEGORY = {
    "message_template_id": 12345678,
    "message_template_name": "pix_lembrete",
    "message_template_language": "pt_BR",
    "previous_category": "UTILITY",
    "new_category": "MARKETING",
}
QUALITY = {
    "display_phone_number": "551133334444",
    "event": "THROUGHPUT_UPGRADE",
    "max_daily_conversations_per_business": "TIER_10K",
}
CAPABILITY = {"max_daily_conversations_per_business": 2000, "max_phone_numbers_per_waba": 25}
VIOLATION = {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ADULT"}}
RESTRICTION = {
    "event": "ACCOUNT_RESTRICTION",
    "restriction_info": [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1760000000}],
}
DISABLED = {
    "event": "DISABLED_UPDATE",
    "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE", "waba_ban_date": "April 17, 2026"},
}
TIER = {
    "event": "VOLUME_BASED_PRICING_TIER_UPDATE",
    "volume_tier_info": {"pricing_category": "UTILITY", "tier": "25000001:50000000", "region": "Brazil"},
}
ALERT = {
    "entity_type": "BUSINESS",
    "entity_id": "777",
    "alert_info": {
        "alert_severity": "CRITICAL",
        "alert_status": "ACTIVE",
        "alert_type": "OBA_APPROVED",
        "alert_description": "Your account was approved.",
    },
}
NAME = {"display_phone_number": "551133334444", "decision": "APPROVED", "requested_verified_name": "Padaria"}
SECURITY = {"display_phone_number": "551133334444", "event": "PIN_CHANGED", "requester": "1234"}

_OF_ACCOUNT = (
    *("ACCOUNT_DELETED", "ACCOUNT_OFFBOARDED", "ACCOUNT_RECONNECTED", "PARTNER_ADDED", "PARTNER_REMOVED"),
    *("PARTNER_APP_INSTALLED", "PARTNER_APP_UNINSTALLED"),
)
_OF_TEMPLATES = (
    *("APPROVED", "PENDING", "PAUSED", "DISABLED", "FLAGGED", "REINSTATED", "IN_APPEAL", "LOCKED", "LIMIT_EXCEEDED"),
    *("DELETED", "PENDING_DELETION", "ARCHIVED", "UNARCHIVED"),
)


def of(kind: NewsKind, event: str, field: str, value: dict[str, Any]) -> Case:
    return news(field, value), about(kind, event, field, value)


NEWS: dict[str, Case] = {
    "template rejected": of(NewsKind.TEMPLATE, "REJECTED", "message_template_status_update", TEMPLATE),
    **{
        f"template {event}": of(
            NewsKind.TEMPLATE, event, "message_template_status_update", {**TEMPLATE, "event": event}
        )
        for event in _OF_TEMPLATES
    },
    "template's quality": of(NewsKind.TEMPLATE, "YELLOW", "message_template_quality_update", SCORE),
    "template's components": of(
        NewsKind.TEMPLATE, "message_template_components_update", "message_template_components_update", COMPONENTS
    ),
    "template's category": of(NewsKind.TEMPLATE, "MARKETING", "template_category_update", CATEGORY),
    "number's quality": of(NewsKind.QUALITY, "THROUGHPUT_UPGRADE", "phone_number_quality_update", QUALITY),
    "limits": of(NewsKind.LIMITS, "business_capability_update", "business_capability_update", CAPABILITY),
    "violation": of(NewsKind.ACCOUNT, "ACCOUNT_VIOLATION", "account_update", VIOLATION),
    "restriction": of(NewsKind.ACCOUNT, "ACCOUNT_RESTRICTION", "account_update", RESTRICTION),
    "disabled": of(NewsKind.ACCOUNT, "DISABLED_UPDATE", "account_update", DISABLED),
    "pricing tier": of(NewsKind.ACCOUNT, "VOLUME_BASED_PRICING_TIER_UPDATE", "account_update", TIER),
    **{f"account {event}": of(NewsKind.ACCOUNT, event, "account_update", {"event": event}) for event in _OF_ACCOUNT},
    "review": of(NewsKind.ACCOUNT, "APPROVED", "account_review_update", {"decision": "APPROVED"}),
    "name": of(NewsKind.ACCOUNT, "APPROVED", "phone_number_name_update", NAME),
    "alert": of(NewsKind.ALERT, "OBA_APPROVED", "account_alerts", ALERT),
    "security": of(NewsKind.OTHER, "PIN_CHANGED", "security", SECURITY),
    "errors of the system": (
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "777", "time": 1760000000, "changes": [change({"errors": [{"code": 131000}]})]}],
        },
        about(NewsKind.ALERT, "error", "messages", {"errors": [{"code": 131000}]}),
    ),
}
