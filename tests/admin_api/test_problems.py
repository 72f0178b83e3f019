"""Every refusal as an RFC 9457 problem: its status, its language, and what it does not tell."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, field_validator
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from admin_api.app import make_app
from core.errors import (
    AppError,
    Conflict,
    FieldError,
    Forbidden,
    Malformed,
    Misconfigured,
    NotFound,
    Refused,
    Tampered,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from core.texts import Text
from tests.fixtures.api import client_of, floor_of_nothing, served

SECRET: Final = "zebra-9f8e7d6c5b4a39281706f5e4d3c2b1a0"


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: int
    note: str = ""

    @field_validator("note")
    @classmethod
    def _refuse(cls, value: str) -> str:
        if value == "no":
            raise ValueError("a note must say something")
        return value


def failing(home: Path, error: Exception | None = None) -> FastAPI:
    floor = floor_of_nothing(home)
    app = make_app(floor)

    @app.post("/orders")
    async def order(body: Order) -> int:
        return body.amount

    @app.get("/query")
    async def query() -> None:
        async with floor.database.crossing() as session:
            await session.execute(text("SELECT 1"))

    @app.api_route("/fails", methods=["GET", "POST"])
    async def fails(request: Request) -> None:
        await request.body()
        raise error or AssertionError

    return app


async def answer_to(error: Exception, home: Path, language: str = "pt") -> httpx.Response:
    async with client_of(failing(home, error)) as client:
        return await client.get("/fails", headers={"accept-language": language})


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(failing(tmp_path)) as client:
        yield client


class TestShape:
    async def test_an_unknown_route_is_a_problem_in_portuguese(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/nothing")

        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["content-language"] == "pt-BR"
        assert answer.json() == {
            "type": "about:blank",
            "title": "Não encontrado",
            "status": 404,
            "detail": "GET /nothing",
            "errors": [],
        }

    @pytest.mark.parametrize(
        ("accepted", "title"),
        [
            ("en", "Not found"),
            ("de, en-US;q=0.8", "Not found"),
            ("pt-PT, en", "Não encontrado"),
            ("ja", "Não encontrado"),
        ],
    )
    async def test_the_language_is_the_first_of_ours_that_is_accepted(
        self, client: httpx.AsyncClient, accepted: str, title: str
    ) -> None:
        answer = await client.get("/nothing", headers={"accept-language": accepted})

        assert answer.json()["title"] == title

    async def test_a_wrong_method_names_the_right_ones(self, client: httpx.AsyncClient) -> None:
        answer = await client.put("/orders", headers={"accept-language": "en"})

        assert (answer.status_code, answer.json()["title"]) == (405, "Method not allowed")
        assert answer.headers["allow"] == "POST"

    @pytest.mark.parametrize("host", ["[", "a:b:c", "[::1", "evil\\@a", "", "a" * 5_000])
    async def test_a_hostile_host_changes_nothing(self, client: httpx.AsyncClient, host: str) -> None:
        answer = await client.get("/nothing", headers={"host": host})

        assert (answer.status_code, answer.json()["detail"]) == (404, "GET /nothing")

    @pytest.mark.parametrize(
        "path", ["/%ff%fe", "/%00", "/a%0d%0ab", "/<script>", "//evil/../..", "/%F0%9F%98%80?%ff=1"]
    )
    async def test_a_hostile_path_is_only_not_found(self, client: httpx.AsyncClient, path: str) -> None:
        assert (await client.get(f"http://test{path}")).status_code == 404


class TestMalformed:
    async def test_each_wrong_field_is_named(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/orders", json={"amount": "many", "note": "no", "colour": 1})

        assert (answer.status_code, answer.json()["title"]) == (422, "Pedido malformado")
        assert {error["field"] for error in answer.json()["errors"]} == {"body.amount", "body.note", "body.colour"}
        assert all(error["message"] for error in answer.json()["errors"])

    async def test_what_was_sent_is_not_repeated(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/orders", json={"amount": SECRET, "note": SECRET})

        assert answer.status_code == 422
        assert SECRET not in answer.text

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"",
            b"null",
            b"\xff\xfe",
            b'{"\\ud800": 1}',
            b'{"amount": NaN}',
            b"[" * 100_000,
            b'{"amount": 1' + b"0" * 5_000 + b"}",
        ],
        ids=["cut", "empty", "null", "not-utf8", "surrogate", "nan", "deep", "huge-number"],
    )
    async def test_a_body_that_cannot_be_read_is_the_callers_mistake(
        self, client: httpx.AsyncClient, body: bytes
    ) -> None:
        answer = await client.post("/orders", content=body, headers={"content-type": "application/json"})

        assert (answer.status_code, answer.json()["title"]) == (422, "Pedido malformado")
        assert answer.headers["content-type"] == "application/problem+json"
        assert all(error["field"].startswith("body") for error in answer.json()["errors"])
        assert answer.json()["errors"] != []

    @pytest.mark.parametrize(("language", "said"), [("pt", "não é um JSON válido"), ("en", "not valid JSON")])
    @pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[" * 100_000], ids=["cut", "not-utf8", "deep"])
    async def test_what_is_no_json_is_said_to_be_so(
        self, client: httpx.AsyncClient, body: bytes, language: str, said: str
    ) -> None:
        headers = {"content-type": "application/json", "accept-language": language}
        answer = await client.post("/orders", content=body, headers=headers)

        assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "body", "message": said}])

    async def test_our_own_refusal_of_fields_has_the_same_shape(self, tmp_path: Path) -> None:
        wrong = FieldError(field="body.slug", message=Text("letra grande", "capital letter"))

        answer = await answer_to(Malformed("Nome ruim.", "Bad name.", errors=(wrong,)), tmp_path, "en")

        assert answer.json()["detail"] == "Bad name."
        assert answer.json()["errors"] == [{"field": "body.slug", "message": "capital letter"}]


class TestChallenge:
    async def test_whoever_has_no_credential_is_told_where_to_put_one(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/contacts")

        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'ApiKey realm="X-API-Key"')

    async def test_no_other_refusal_asks_for_one(self, tmp_path: Path) -> None:
        assert "www-authenticate" not in (await answer_to(Forbidden("Não.", "No."), tmp_path)).headers


class TestStatuses:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (Refused, 400),
            (Unauthenticated, 401),
            (Forbidden, 403),
            (NotFound, 404),
            (Conflict, 409),
            (TooLarge, 413),
            (Malformed, 422),
        ],
    )
    async def test_a_refusal_has_its_status_and_says_why(
        self, tmp_path: Path, kind: type[AppError], status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = await answer_to(kind("Assim não.", "Not like this."), tmp_path)

        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert (answer.json()["title"], answer.json()["detail"]) == (kind.title.pt, "Assim não.")
        assert "retry-after" not in answer.headers
        assert "request.failed" not in caplog.text

    @pytest.mark.parametrize(("seconds", "said"), [(0, "1"), (0.2, "1"), (2.0, "2"), (2.1, "3"), (90, "90")])
    async def test_too_many_says_after_how_long_never_too_short(
        self, tmp_path: Path, seconds: float, said: str
    ) -> None:
        answer = await answer_to(TooMany("Espere.", "Wait.", retry_after=seconds), tmp_path)

        assert (answer.status_code, answer.headers["retry-after"]) == (429, said)

    @pytest.mark.parametrize(("kind", "status"), [(Unavailable, 503), (Misconfigured, 500), (Tampered, 500)])
    async def test_what_concerns_the_operator_is_logged_and_not_told(
        self, tmp_path: Path, kind: type[AppError], status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = await answer_to(kind("em db.interno:5432", "at db.internal:5432"), tmp_path)

        assert answer.status_code == status
        assert "5432" not in answer.text
        assert "db.internal:5432" in caplog.text

    async def test_unavailable_may_be_tried_again(self, tmp_path: Path) -> None:
        answer = await answer_to(Unavailable("Fora.", "Away."), tmp_path)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


class TestDatabaseAway:
    async def test_it_is_a_503_that_may_be_tried_again(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/query")

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "banco de dados" in answer.json()["detail"]
        assert "secret-word" not in answer.text

    @pytest.mark.parametrize(
        "error",
        [
            TimeoutError(),
            PoolTimeout(),
            ConnectionResetError(),
            OperationalError("q", {}, OSError(), connection_invalidated=True),
        ],
        ids=["no-answer", "no-free-connection", "reset", "broke"],
    )
    async def test_so_is_every_way_of_being_away(self, tmp_path: Path, error: Exception) -> None:
        assert (await answer_to(error, tmp_path)).status_code == 503

    @pytest.mark.parametrize(("state", "status"), [("57P03", 503), ("53300", 503), ("23505", 500), ("42P01", 500)])
    async def test_a_statement_that_it_refused_is_a_bug(self, tmp_path: Path, state: str, status: int) -> None:
        refusal: Any = type("Refusal", (Exception,), {"sqlstate": state})

        assert (await answer_to(DBAPIError("q", {}, refusal()), tmp_path)).status_code == status


class TestBug:
    async def test_it_tells_the_caller_nothing_of_itself(self, tmp_path: Path) -> None:
        answer = await answer_to(RuntimeError(f"token={SECRET}"), tmp_path, "en")

        assert answer.status_code == 500
        assert answer.json() == {
            "type": "about:blank",
            "title": "Internal error",
            "status": 500,
            "detail": "Something broke on our side and was recorded.",
            "errors": [],
        }

    async def test_it_is_logged_once_without_secret_or_payload(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="masteria")
        async with client_of(failing(tmp_path, RuntimeError(f"token={SECRET}"))) as client:
            await client.post("/fails", content=b"the body of a message")

        assert caplog.text.count("request.broke") == 1
        assert "RuntimeError" in caplog.text
        assert SECRET not in caplog.text
        assert "the body of a message" not in caplog.text

    async def test_on_the_wire_the_connection_serves_on(self, tmp_path: Path) -> None:
        async with served(failing(tmp_path, RuntimeError(SECRET))) as wire:
            answer = await wire.exchange(
                b"GET /fails HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            )

        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"HTTP/1.1 200 OK" in answer

    async def test_a_caller_that_hangs_up_half_way_is_no_bug(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        half = b"POST /fails HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf"
        async with served(failing(tmp_path)) as wire, wire.opened(half):
            await asyncio.sleep(0.05)

        assert caplog.text == ""
