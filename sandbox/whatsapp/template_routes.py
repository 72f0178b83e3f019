"""`/{waba}/message_templates` and `/{template_id}`: listing in pages, creating, editing, deleting."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from sandbox.whatsapp.doors import Doors
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, wrong_type
from sandbox.whatsapp.templates import Template, Templates, TemplateStatus

_PAGE: Final = 25
_LARGEST_PAGE: Final = 1000
_DEFAULT_FIELDS: Final = ("name", "parameter_format", "components", "language", "status", "category", "id")


class TemplateRoutes:
    def __init__(self, templates: Templates, doors: Doors) -> None:
        self._templates = templates
        self._doors = doors

    async def listing(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._doors.business(request, request.match_info["id"], payload)
        found = [each for each in self._templates.of(business.id) if _suits(each, request.query)]
        start, end = _bounds(request.query, [each.id for each in found])
        page = found[start:end]
        names = _fields(request)
        answer: dict[str, Any] = {"data": [_chosen(each, names) for each in page]}
        if page:
            answer["paging"] = _paging(request, page, has_more=end < len(found), has_before=start > 0)
        return answer

    async def create(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._doors.business(request, request.match_info["id"], payload)
        template = self._templates.create(business.id, payload)
        return {"id": template.id, "status": template.status.value, "category": template.category}

    async def delete(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._doors.business(request, request.match_info["id"], payload)
        if not (name := request.query.get("name")):
            raise GraphError(100, "Param name is required.")
        self._templates.delete(business.id, name, request.query.get("hsm_id"))
        return {"success": True}

    async def unpause(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        template = self.opened(request, payload, self._templates.get(request.match_info["id"]))
        if template.status is not TemplateStatus.PAUSED:
            raise GraphError(100, "The template is not paused.")
        self._templates.judge(template.id, TemplateStatus.APPROVED)
        return {"success": True}

    def read(self, template: Template, request: web.Request) -> Mapping[str, Any]:
        return _chosen(template, _fields(request))

    def edit(self, template: Template, payload: Json) -> Mapping[str, Any]:
        self._templates.edit(template, payload)
        return {"success": True}

    def opened(self, request: web.Request, payload: Json, template: Template) -> Template:
        self._doors.business(request, template.waba_id, payload)
        return template


def _suits(template: Template, query: Mapping[str, str]) -> bool:
    told = {"status": template.status.value, "category": template.category, "language": template.language}
    return (
        all(query[key].casefold() == value.casefold() for key, value in told.items() if key in query)
        and query.get("name", template.name) == template.name
        and query.get("name_or_content", "").casefold() in f"{template.name} {template.components}".casefold()
    )


def _bounds(query: Mapping[str, str], ids: Sequence[str]) -> tuple[int, int]:
    limit = query.get("limit", str(_PAGE))
    if not limit.isdecimal() or not 0 < int(limit) <= _LARGEST_PAGE:
        raise wrong_type(f"Param limit must be a number from 1 to {_LARGEST_PAGE}.")
    if "before" in query:
        end = _place(query["before"], ids)
        return max(0, end - int(limit)), end
    start = _place(query["after"], ids) + 1 if "after" in query else 0
    return start, start + int(limit)


def _paging(request: web.Request, page: Sequence[Template], *, has_more: bool, has_before: bool) -> dict[str, Any]:
    paging: dict[str, Any] = {"cursors": {"before": _cursor(page[0].id), "after": _cursor(page[-1].id)}}
    for name, is_there in (("next", has_more), ("previous", has_before)):
        if is_there:
            step = "after" if name == "next" else "before"
            query = {key: value for key, value in request.query.items() if key not in {"after", "before"}}
            url = request.url.origin().with_path(request.path)
            paging[name] = str(url.with_query({**query, step: paging["cursors"][step]}))
    return paging


def _place(cursor: str, ids: Sequence[str]) -> int:
    try:
        return ids.index(base64.urlsafe_b64decode(cursor).decode())
    except (ValueError, binascii.Error):
        raise wrong_type("Invalid cursor.") from None


def _cursor(template_id: str) -> str:
    return base64.urlsafe_b64encode(template_id.encode()).decode()


def _fields(request: web.Request) -> list[str]:
    return [name for name in request.query.get("fields", ",".join(_DEFAULT_FIELDS)).split(",") if name]


def _chosen(template: Template, names: Sequence[str]) -> dict[str, Any]:
    wire = template.wire()
    if unknown := [name for name in names if name not in wire]:
        raise GraphError(
            100,
            message=f"(#100) Tried accessing nonexisting field ({unknown[0][:64]}) on node type "
            "(WhatsAppBusinessHSMMessageTemplate)",
        )
    return {name: wire[name] for name in (*names, "id")}
