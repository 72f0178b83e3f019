"""What a provider tells of an account and its templates: the latest of each kind, beside what a look at it told."""

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.envelope import AccountNews, NewsKind
from core.db.sessions import TenantSession

# What happens to a template and is no state of it: it may be sent again, or still.
_STATUSES: Final[Mapping[str, str | None]] = {
    "REINSTATED": "APPROVED",
    "UNARCHIVED": "APPROVED",
    "FLAGGED": None,
    "LOCKED": None,
}


async def note(session: TenantSession, connection: UUID, news: AccountNews) -> None:
    """Older news that come late change nothing."""
    said = {"event": news.event, "at": news.at.isoformat(), "detail": dict(news.detail)}
    bound = {"connection": connection, "kind": news.kind.value, "at": news.at, "said": json.dumps(said)}
    await session.execute(_NOTE, bound)
    if news.kind is NewsKind.TEMPLATE:
        await _note_template(session, news)


async def _note_template(session: TenantSession, news: AccountNews) -> None:
    """By its id, for the numbers of one account share their templates."""
    template = news.detail.get("message_template_id")
    if template is None:
        return
    field = news.detail.get("field")
    changes: dict[str, Any] = dict.fromkeys(("status", "quality", "category"))
    if field == "message_template_status_update":
        changes["status"] = _STATUSES.get(news.event, news.event)
    elif field == "message_template_quality_update":
        changes["quality"] = news.event
    elif field == "template_category_update":
        changes["category"] = news.event
    await session.execute(_TEMPLATE, {"template": str(template), "at": news.at, **changes})


_NOTE: Final = text("""
    UPDATE connections SET health = health || jsonb_build_object('news',
        coalesce(health -> 'news', '{}') || jsonb_build_object(CAST(:kind AS text), CAST(:said AS jsonb)))
    WHERE id = :connection
      AND coalesce(CAST(health -> 'news' -> CAST(:kind AS text) ->> 'at' AS timestamptz), '-infinity') <= :at
""")

_TEMPLATE: Final = text("""
    UPDATE message_templates SET status = coalesce(CAST(:status AS text), status),
        quality = coalesce(CAST(:quality AS text), quality), category = coalesce(CAST(:category AS text), category),
        synced_at = :at
    WHERE provider_id = :template AND synced_at <= :at
""")
