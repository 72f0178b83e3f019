"""The control plane of what is told: statuses, webhooks, templates and their judgement, events of any kind."""

from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import web

from sandbox.panel import Refusal, answer, not_there, read
from sandbox.strict import strict
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.provider import WhatsApp
from sandbox.whatsapp.status_plan import Status, StatusSettings
from sandbox.whatsapp.templates import Review, Template, TemplateStatus
from sandbox.whatsapp.webhooks import WebhookSettings


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    wamid: str | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Tell:
    wamid: str
    status: Status
    code: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    wamid: str
    is_good: bool


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewTemplate:
    waba_id: str
    template: dict[str, Any]
    status: TemplateStatus = TemplateStatus.APPROVED


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateChange:
    status: TemplateStatus | None = None
    reason: str | None = None
    quality: str | None = None
    category: str | None = None
    is_paced: bool | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """For a number it carries metadata, for a WABA the time of its entry."""

    field: str
    value: dict[str, Any]
    phone_id: str | None = None
    waba_id: str | None = None


class DeliveryControl:
    def __init__(self, whatsapp: WhatsApp) -> None:
        self._whatsapp = whatsapp

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/statuses", self._statuses)
        router.add_put(f"{prefix}/statuses", self._set_statuses)
        router.add_post(f"{prefix}/statuses/hold", self._hold)
        router.add_post(f"{prefix}/statuses/release", self._release)
        router.add_post(f"{prefix}/statuses/tell", self._tell)
        router.add_post(f"{prefix}/statuses/judge", self._judge)
        router.add_get(f"{prefix}/webhooks", self._webhooks)
        router.add_put(f"{prefix}/webhooks", self._set_webhooks)
        router.add_post(f"{prefix}/webhooks/pause", self._pause)
        router.add_post(f"{prefix}/webhooks/resume", self._resume)
        router.add_get(f"{prefix}/webhooks/acknowledged/{{message_id}}", self._acknowledged)
        router.add_get(f"{prefix}/templates", self._templates)
        router.add_post(f"{prefix}/templates", self._add_template)
        router.add_patch(f"{prefix}/templates/{{template_id}}", self._change_template)
        router.add_put(f"{prefix}/review", self._set_review)
        router.add_post(f"{prefix}/events", self._event)

    async def _statuses(self, _request: web.Request) -> web.Response:
        statuses = self._whatsapp.statuses
        held = [{"wamid": told.message.wamid, "status": told.status.value} for told in statuses.held]
        return answer({"settings": asdict(statuses.settings), "held": held, "paced": list(statuses.paced)})

    async def _set_statuses(self, request: web.Request) -> web.Response:
        """What is not told is as after the start."""
        self._whatsapp.statuses.settings = await read(request, StatusSettings)
        return await self._statuses(request)

    async def _hold(self, request: web.Request) -> web.Response:
        self._whatsapp.statuses.hold()
        return await self._statuses(request)

    async def _release(self, request: web.Request) -> web.Response:
        return answer({"released": self._whatsapp.statuses.release((await read(request, Release)).wamid)})

    async def _tell(self, request: web.Request) -> web.Response:
        told = await read(request, Tell)
        try:
            self._whatsapp.statuses.tell(told.wamid, told.status, code=told.code)
        except KeyError:
            raise not_there("wamid") from None
        return answer({"told": told.status.value})

    async def _judge(self, request: web.Request) -> web.Response:
        judgement = await read(request, Judgement)
        try:
            self._whatsapp.statuses.judge(judgement.wamid, is_good=judgement.is_good)
        except KeyError:
            raise not_there("wamid") from None
        return answer({"is_good": judgement.is_good})

    async def _webhooks(self, _request: web.Request) -> web.Response:
        webhooks = self._whatsapp.webhooks
        counters = {**asdict(webhooks.counters), "pending": webhooks.pending}
        return answer({"settings": asdict(webhooks.settings), "counters": counters})

    async def _set_webhooks(self, request: web.Request) -> web.Response:
        self._whatsapp.webhooks.settings = await read(request, WebhookSettings)
        return await self._webhooks(request)

    async def _pause(self, request: web.Request) -> web.Response:
        self._whatsapp.webhooks.pause()
        return await self._webhooks(request)

    async def _resume(self, request: web.Request) -> web.Response:
        self._whatsapp.webhooks.resume()
        return await self._webhooks(request)

    async def _acknowledged(self, request: web.Request) -> web.Response:
        return answer({"acknowledged": self._whatsapp.webhooks.was_acknowledged(request.match_info["message_id"])})

    async def _templates(self, request: web.Request) -> web.Response:
        """Of all WABAs, or of one."""
        wabas = request.query.getall("waba_id", None) or self._whatsapp.templates.wabas
        return answer({"templates": [each.wire() for waba in wabas for each in self._whatsapp.templates.of(waba)]})

    async def _add_template(self, request: web.Request) -> web.Response:
        told = await read(request, NewTemplate)
        try:
            template = self._whatsapp.templates.add(told.waba_id, told.template, status=told.status)
        except GraphError as error:
            raise Refusal(422, f"Modelo inválido: {error}.", f"Invalid template: {error}.") from error
        return answer(template.wire(), status=201)

    async def _change_template(self, request: web.Request) -> web.Response:
        """Each change is told as Meta tells it."""
        whatsapp, change = self._whatsapp, await read(request, TemplateChange)
        template = self._template(request.match_info["template_id"])
        if (business := whatsapp.accounts.find_business(template.waba_id)) is None:
            raise not_there("waba_id")
        if change.is_paced is not None:
            template.is_paced = change.is_paced
        if change.category is not None:
            whatsapp.events.template_category(business, template, change.category)
        if change.quality is not None:
            whatsapp.events.template_quality(business, template, change.quality)
        if change.status is not None:
            whatsapp.templates.judge(template.id, change.status, reason=change.reason)
        return answer(template.wire())

    async def _set_review(self, request: web.Request) -> web.Response:
        self._whatsapp.templates.review = await read(request, Review)
        return answer(asdict(self._whatsapp.templates.review))

    async def _event(self, request: web.Request) -> web.Response:
        event = await read(request, Event)
        accounts, events = self._whatsapp.accounts, self._whatsapp.events
        if event.phone_id is not None and (number := accounts.find(event.phone_id)) is not None:
            events.tell_number(number, event.field, event.value)
        elif event.waba_id is not None and (business := accounts.find_business(event.waba_id)) is not None:
            events.tell(business, event.field, event.value)
        else:
            raise not_there("phone_id, waba_id")
        return answer({"field": event.field}, status=201)

    def _template(self, template_id: str) -> Template:
        if (template := self._whatsapp.templates.find(template_id)) is None:
            raise not_there("template_id")
        return template
