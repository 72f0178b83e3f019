"""The paths of the Graph, any version of it, and of the media host."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.whatsapp.accounts import Accounts
from sandbox.whatsapp.doors import Doors
from sandbox.whatsapp.errors import GraphError, unknown_object
from sandbox.whatsapp.fields import Json
from sandbox.whatsapp.graph import Graph
from sandbox.whatsapp.media import DOWNLOADS, Shelf
from sandbox.whatsapp.media_routes import MediaRoutes
from sandbox.whatsapp.objects import Objects
from sandbox.whatsapp.sending import Sending
from sandbox.whatsapp.template_routes import TemplateRoutes
from sandbox.whatsapp.templates import Templates

_VERSION: Final = r"/{version:v\d+\.\d+}"
_OBJECT: Final = _VERSION + r"/{id:\w+}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    graph: Graph
    doors: Doors
    accounts: Accounts
    sending: Sending
    objects: Objects
    shelf: Shelf
    media: MediaRoutes
    templates: Templates
    template_routes: TemplateRoutes

    def add_to(self, app: web.Application) -> None:
        route, router = self.graph.route, app.router
        router.add_post(f"{_OBJECT}/messages", self.sending.handle)
        router.add_post(f"{_OBJECT}/media", route(self.media.upload))
        templates = router.add_resource(f"{_OBJECT}/message_templates")
        templates.add_route("GET", route(self.template_routes.listing))
        templates.add_route("POST", route(self.template_routes.create))
        templates.add_route("DELETE", route(self.template_routes.delete))
        subscribed = router.add_resource(f"{_OBJECT}/subscribed_apps")
        subscribed.add_route("GET", route(self.objects.subscriptions))
        subscribed.add_route("POST", route(self.objects.subscribe))
        subscribed.add_route("DELETE", route(self.objects.unsubscribe))
        router.add_post(f"{_OBJECT}/unpause", route(self.template_routes.unpause))
        for path in ("/debug_token", f"{_VERSION}/debug_token"):
            router.add_get(path, route(self.objects.debug_token))
        one = router.add_resource(_OBJECT)
        one.add_route("GET", route(self._read))
        one.add_route("POST", route(self._write))
        one.add_route("DELETE", route(self._delete))
        router.add_get(DOWNLOADS, self.media.download)
        router.add_route("*", _VERSION + "/{rest:.*}", route(_nothing_there))

    async def _read(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        name = request.match_info["id"]
        if self.accounts.find(name) is not None:
            return self.objects.read_number(self.doors.number(request, name, payload), request)
        if (media := self.shelf.find(name)) is not None:
            return self.media.read(self.media.opened(request, payload, media))
        if (template := self.templates.find(name)) is not None:
            return self.template_routes.read(self.template_routes.opened(request, payload, template), request)
        raise self._unknown(request, payload)

    async def _write(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        name = request.match_info["id"]
        if self.accounts.find(name) is not None:
            return await self.objects.configure_number(self.doors.number(request, name, payload), payload)
        if (template := self.templates.find(name)) is not None:
            return self.template_routes.edit(self.template_routes.opened(request, payload, template), payload)
        raise self._unknown(request, payload)

    async def _delete(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        if (media := self.shelf.find(request.match_info["id"])) is not None:
            return self.media.delete(self.media.opened(request, payload, media))
        raise self._unknown(request, payload)

    def _unknown(self, request: web.Request, payload: Json) -> GraphError:
        """A stranger is told that he is one, not what exists."""
        self.doors.opened(request, payload)
        return unknown_object(request.match_info["id"])


async def _nothing_there(request: web.Request, _payload: Json) -> Mapping[str, Any]:
    message = f"Unknown path components: /{request.match_info['rest'][:128]}"
    raise GraphError(2500, message=message)
