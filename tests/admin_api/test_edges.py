"""What every request passes and every response carries, whatever else becomes of it."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel

from admin_api.app import make_app
from admin_api.edges import MOST_BYTES
from core.errors import TooMany
from core.logging import get_logger
from tests.fixtures.api import Wire, client_of, floor_of_nothing, served

PROMISED: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
HOSTILE_IDS: Final = (
    "short",
    "a" * 65,
    "with space in it",
    "line\tbreak-here",
    "%0d%0aSet-Cookie:a=b",
    "<script>alert(1)</script>",
    "${jndi:ldap://evil/a}",
    "abcdefgh\u00e9",
)


class Named(BaseModel):
    name: str


def planted(home: Path, *, public_url: str | None = None) -> FastAPI:
    app = make_app(floor_of_nothing(home, public_url=public_url))
    log = get_logger("planted")

    @app.post("/length")
    async def length(request: Request) -> int:
        log.info("planted.read")
        return len(await request.body())

    @app.post("/named")
    async def named(body: Named) -> str:
        return body.name

    @app.post("/unread")
    async def unread() -> str:
        return "fine"

    @app.get("/bug")
    async def bug() -> None:
        raise RuntimeError

    @app.get("/later")
    async def later() -> None:
        raise TooMany("Espere.", "Wait.", retry_after=1)

    return app


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(planted(tmp_path)) as client:
        yield client


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    async with served(planted(tmp_path)) as wire:
        yield wire


class TestSecurityHeaders:
    @pytest.mark.parametrize(
        ("method", "path", "sent", "status"),
        [
            ("GET", "/health", {}, 200),
            ("GET", "/ready", {}, 503),
            ("GET", "/nothing", {}, 404),
            ("POST", "/health", {}, 405),
            ("POST", "/length", {"headers": {"content-length": str(MOST_BYTES + 1)}}, 413),
            ("POST", "/length", {"content": bytes(MOST_BYTES + 1)}, 413),
            ("POST", "/named", {"json": {}}, 422),
            ("GET", "/later", {}, 429),
            ("GET", "/bug", {}, 500),
        ],
        ids=lambda value: str(value) if isinstance(value, int) else None,
    )
    async def test_every_response_carries_them_and_a_request_id(
        self, client: httpx.AsyncClient, method: str, path: str, sent: dict[str, Any], status: int
    ) -> None:
        answer = await client.request(method, path, **sent)

        assert answer.status_code == status
        assert {name: answer.headers.get(name) for name in PROMISED} == PROMISED
        assert len(answer.headers.get_list("x-request-id")) == 1

    async def test_https_is_insisted_upon_where_the_public_address_has_it(self, tmp_path: Path) -> None:
        async with client_of(planted(tmp_path, public_url="https://loja.example")) as client:
            for path in ("/health", "/nothing", "/bug"):
                answer = await client.get(path)
                assert answer.headers["strict-transport-security"].startswith("max-age=31536000")

    @pytest.mark.parametrize("public_url", [None, "http://127.0.0.1:8000"])
    async def test_without_https_nobody_is_locked_out_by_it(self, tmp_path: Path, public_url: str | None) -> None:
        async with client_of(planted(tmp_path, public_url=public_url)) as client:
            assert "strict-transport-security" not in (await client.get("/health")).headers


class TestRequestId:
    async def test_one_is_made_for_each_request(self, client: httpx.AsyncClient) -> None:
        ids = {(await client.get("/health")).headers["x-request-id"] for _ in range(10)}

        assert len(ids) == 10

    async def test_a_well_formed_one_is_taken_over(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/nothing", headers={"X-Request-Id": "trace-0123.ABC_9"})

        assert answer.headers["x-request-id"] == "trace-0123.ABC_9"

    @pytest.mark.parametrize("given", HOSTILE_IDS)
    async def test_a_hostile_one_is_replaced(self, client: httpx.AsyncClient, given: str) -> None:
        answer = await client.get("/health", headers={b"X-Request-Id": given.encode("latin-1")})

        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 36

    async def test_log_lines_of_the_request_carry_it(
        self, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        answer = await client.post("/length", content=b"the body of a message")

        lines = [record.getMessage() for record in caplog.records if record.name == "masteria.planted"]
        assert len(lines) == 1
        assert answer.headers["x-request-id"] in lines[0]
        assert "the body of a message" not in caplog.text


class TestBodyCap:
    async def test_a_body_of_exactly_the_most_is_taken(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/length", content=bytes(MOST_BYTES))

        assert (answer.status_code, answer.json()) == (200, MOST_BYTES)

    @pytest.mark.parametrize("announced", [str(MOST_BYTES + 1), "9" * 400, "9" * 5_000, "0" * 30 + "9" * 8])
    async def test_an_announced_length_beyond_it_is_refused_unread(
        self, client: httpx.AsyncClient, announced: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        answer = await client.post("/length", content=b"x", headers={"content-length": announced})

        assert answer.status_code == 413
        assert answer.headers["connection"] == "close"
        assert "planted.read" not in caplog.text

    @pytest.mark.parametrize("announced", [b"\xb2", b"\xb9\xb3", b"-1", b"1e9", b"0x10", b"", b" "])
    async def test_a_length_that_is_no_number_is_judged_by_what_arrives(
        self, client: httpx.AsyncClient, announced: bytes
    ) -> None:
        answer = await client.post("/length", content=b"four", headers={b"content-length": announced})

        assert (answer.status_code, answer.json()) == (200, 4)

    @pytest.mark.parametrize("announced", ["0", "10", None])
    async def test_a_lie_about_the_length_does_not_help(self, client: httpx.AsyncClient, announced: str | None) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield bytes(MOST_BYTES // 3)

        headers = {} if announced is None else {"content-length": announced}
        answer = await client.post("/length", content=pieces(), headers=headers)

        assert answer.status_code == 413

    async def test_json_that_is_too_large_is_refused_before_it_is_parsed(self, client: httpx.AsyncClient) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"[" * MOST_BYTES
            yield b"["

        answer = await client.post("/named", content=pieces(), headers={"content-type": "application/json"})

        assert answer.status_code == 413

    async def test_on_the_wire_chunks_are_counted_and_the_connection_is_closed(self, wire: Wire) -> None:
        head = b"POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + bytes(0x10000) + b"\r\n"

        answer = await wire.exchange(head, *[chunk] * 49)

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer

    async def test_on_the_wire_whoever_waits_for_a_go_ahead_gets_none(self, wire: Wire) -> None:
        announced = f"Content-Length: {MOST_BYTES + 1}\r\nExpect: 100-continue\r\n\r\n".encode()

        answer = await wire.exchange(b"POST /length HTTP/1.1\r\nHost: a\r\n" + announced)

        assert answer.startswith(b"HTTP/1.1 413 ")

    async def test_the_refusal_speaks_the_callers_language(self, client: httpx.AsyncClient) -> None:
        sent = {"content-length": str(MOST_BYTES + 1)}
        portuguese = await client.post("/length", headers=sent)
        english = await client.post("/length", headers=sent | {"accept-language": "en-GB"})

        assert portuguese.headers["content-type"] == "application/problem+json"
        assert (portuguese.json()["title"], portuguese.headers["content-language"]) == ("Grande demais", "pt-BR")
        assert (english.json()["title"], english.headers["content-language"]) == ("Too large", "en")
