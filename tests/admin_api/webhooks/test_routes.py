"""No webhook without a judge: a route under /webhooks that checks nothing fails here."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from admin_api.app import make_app
from admin_api.webhooks.endpoints import HandshakeRoute
from admin_api.webhooks.routes import PREFIX, SignedRoute
from tests.admin_api.webhooks import meta
from tests.fixtures.api import client_of, floor_of_nothing


def unjudged(routes: Iterable[BaseRoute]) -> list[str]:
    """Routes that reach below /webhooks and are not of the kinds that check who calls."""
    return [
        path
        for path, route in _paths(routes)
        if _is_below(path) and not isinstance(route, SignedRoute | HandshakeRoute)
    ]


def _paths(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Whatever a route is, by the path it says; one that says none might answer anywhere."""
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        path = prefix + str(getattr(route, "path", "") if not inner else _prefix_of(route))
        if inner:
            yield from _paths(inner, path)
        else:
            yield path, route


def _prefix_of(route: BaseRoute) -> str:
    context = getattr(route, "include_context", None)
    return str(getattr(context, "prefix", "") or getattr(route, "path", ""))


def _is_below(path: str) -> bool:
    """Also a pattern whose first part could be anything."""
    first = path.strip("/").split("/")[0]
    return first == PREFIX.strip("/") or not first or "{" in first


class TestEveryRoute:
    def test_none_below_webhooks_is_without_its_judge(self, tmp_path: Path) -> None:
        assert unjudged(make_app(floor_of_nothing(tmp_path)).routes) == []

    def test_the_webhooks_are_among_them(self, tmp_path: Path) -> None:
        found = {(path, type(route)) for path, route in _paths(make_app(floor_of_nothing(tmp_path)).routes)}
        assert {("/webhooks/whatsapp", SignedRoute), ("/webhooks/whatsapp", HandshakeRoute)} <= found
        assert "/health" in {path for path, _ in found}

    @pytest.mark.parametrize(
        "planted",
        [
            Route("/webhooks/new", lambda _: PlainTextResponse("ok"), methods=["POST"]),
            Route("/webhooks", lambda _: PlainTextResponse("ok")),
            Route("/{anything:path}", lambda _: PlainTextResponse("ok")),
            Mount("/webhooks", routes=[Route("/new", lambda _: PlainTextResponse("ok"))]),
            Mount("/webhooks/new", PlainTextResponse("ok")),
            WebSocketRoute("/webhooks/new", lambda _: None),
        ],
    )
    def test_a_planted_one_is_found(self, planted: BaseRoute) -> None:
        assert len(unjudged([planted])) == 1

    @pytest.mark.parametrize("prefix", ["", "/webhooks"])
    def test_one_planted_by_a_router_is_found(self, prefix: str) -> None:
        router = APIRouter()
        router.add_api_route(f"{'' if prefix else '/webhooks'}/new", lambda: "ok", methods=["POST"])
        app = FastAPI(openapi_url=None)
        app.include_router(router, prefix=prefix)
        assert len(unjudged(app.routes)) == 1

    def test_one_elsewhere_is_none(self) -> None:
        assert unjudged([Route("/health", lambda _: PlainTextResponse("ok"))]) == []


class TestWithoutAnInbox:
    async def test_an_application_that_opened_none_takes_nothing(self, tmp_path: Path) -> None:
        async with client_of(make_app(floor_of_nothing(tmp_path))) as client:
            for response in (await client.post(meta.URL, content=b"{}"), await client.get(meta.URL)):
                assert response.status_code == 503
                assert response.headers["retry-after"]
