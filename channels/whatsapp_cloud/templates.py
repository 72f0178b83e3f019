"""The templates of an account, as Meta has them now."""

from collections.abc import Mapping
from typing import Any, Final

from channels.base import KnownTemplate, Line
from channels.whatsapp_cloud.fields import LONGEST_NAME, filled, kept, mapping, objects, text
from channels.whatsapp_cloud.graph import Graph, account_of
from channels.whatsapp_cloud.verdicts import settled
from core.clock import Deadline

_FIELDS: Final = "name,status,category,language,components,quality_score"
_PAGE: Final = 200
_MOST_PAGES: Final = 60  # twice what a verified business may have


async def list_templates(graph: Graph, *, line: Line, deadline: Deadline) -> list[KnownTemplate]:
    """All pages, each by the cursor of the one before: the address for the next that Meta gives is not followed."""
    query = {"fields": _FIELDS, "limit": str(_PAGE)}
    found: dict[str, KnownTemplate] = {}
    for _ in range(_MOST_PAGES):
        request = graph.get(line, f"{account_of(line)}/message_templates", query)
        page = settled(await graph.call(request, deadline=deadline))
        found |= {template.provider_id: template for template in map(_known, objects(page.get("data"))) if template}
        paging = mapping(page.get("paging"))
        after = filled(mapping(paging.get("cursors")).get("after"))
        if not after or not paging.get("next") or after == query.get("after"):
            break
        query = {**query, "after": after}
    return list(found.values())


def _known(told: Mapping[str, Any]) -> KnownTemplate | None:
    provider_id, name, language = (filled(told.get(field), LONGEST_NAME) for field in ("id", "name", "language"))
    if not provider_id or not name or not language:
        return None
    return KnownTemplate(
        provider_id=provider_id,
        name=name,
        language=language,
        status=text(told.get("status"), LONGEST_NAME) or "UNKNOWN",
        category=text(told.get("category"), LONGEST_NAME) or "UNKNOWN",
        components=tuple(kept(part) for part in objects(told.get("components"))),
        quality=filled(mapping(told.get("quality_score")).get("score"), LONGEST_NAME),
    )
