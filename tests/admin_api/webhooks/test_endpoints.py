"""What Meta posts, however odd, and its handshake, through the whole application."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import pytest

from admin_api.edges import MOST_BYTES
from admin_api.webhooks import routes
from core.models.people import Connection, ConnectionState
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.place import Place, Shop, kept_ids, rows_of, strays
from tests.fixtures.servers import Servers


class TestKeeping:
    async def test_the_row_holds_the_bytes_the_company_and_the_connection(self, place: Place, ana: Shop) -> None:
        body = ana.post()

        await place.post(body, meta.headers(body, ana.app_secret))

        [row] = await rows_of(place.floor, ana.company)
        assert row.body == body
        assert row.payload == json.loads(body)
        assert row.connection_id == ana.connection
        assert row.headers["x-hub-signature-256"] == meta.signature(body, ana.app_secret)
        assert (row.consumer, row.state, row.attempts) == ("engine", "new", 0)

    async def test_the_same_post_twice_is_two_rows_which_the_message_layer_makes_one(
        self, place: Place, ana: Shop
    ) -> None:
        body = ana.post()
        for _ in range(2):
            assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200
        assert len(await rows_of(place.floor, ana.company)) == 2

    @pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "nothing", ""])
    async def test_a_wrong_content_type_is_fine(self, place: Place, ana: Shop, content_type: str) -> None:
        body = ana.post()
        headers = meta.headers(body, ana.app_secret) | {"Content-Type": content_type}

        assert (await place.post(body, headers)).status_code == 200
        assert len(await rows_of(place.floor, ana.company)) == 1

    async def test_a_disabled_connection_still_hears(self, place: Place, ana: Shop) -> None:
        async with place.floor.database.tenant_session(ana.company) as session:
            row = await session.get_one(Connection, (ana.company, ana.connection))
            row.state = ConnectionState.DISABLED
        await place.inbox.doors.load()

        assert (await place.deliver(ana)).status_code == 200
        assert len(await rows_of(place.floor, ana.company)) == 1

    async def test_the_answer_is_bare(self, place: Place, ana: Shop) -> None:
        response = await place.deliver(ana)

        assert response.content == b""
        assert response.headers["content-length"] == "0"


class TestOddBodies:
    """What is signed is kept whole, whatever it is; what a column of JSON cannot hold is kept as bytes."""

    @pytest.mark.parametrize(
        "odd",
        [
            pytest.param(
                lambda body: body.replace(b'"type":"text"', b'"type":"hologram","hologram":{}'), id="a new type"
            ),
            pytest.param(lambda body: body.replace(b'"field":"messages"', b'"field":"dreams"'), id="a new field"),
            pytest.param(lambda body: body.replace(b'"text":{"body"', b'"text":null,"was":{"body"'), id="a null"),
            pytest.param(lambda body: body.replace(b"Ol", b"\xff\xfe\x80"), id="bytes that are no UTF-8"),
            pytest.param(lambda body: body.replace(b"Ol", b"\\ud83d"), id="half of a surrogate pair"),
            pytest.param(lambda body: body.replace(b"Ol", b"\\udc00\\ud800"), id="a pair the wrong way round"),
            pytest.param(lambda body: body.replace(b"Ol", b"\\u0000"), id="an escaped NUL"),
            pytest.param(lambda body: body.replace(b"Ol", b"\x00"), id="a NUL"),
            pytest.param(lambda body: body.replace(b"Ol", b"a\nb\tc"), id="control characters"),
            pytest.param(
                lambda body: body.replace(b"1760000000}", b"NaN}").replace(b'"time":1760000000', b'"time":NaN'),
                id="no number",
            ),
            pytest.param(
                lambda body: body.replace(b'"time":1760000000', b'"time":1e999999'), id="a number without end"
            ),
            pytest.param(lambda body: body.replace(b'"time":1760000000', b'"time":' + b"9" * 5_000), id="5,000 digits"),
            pytest.param(lambda body: body.replace(b'"time":', b'"time":1,"time":'), id="a key twice"),
            pytest.param(
                lambda body: body.replace(b'"time":1760000000', b'"time":' + b"[" * 500 + b"]" * 500), id="500 deep"
            ),
            pytest.param(
                lambda body: body.replace(b'"time":1760000000', b'"time":' + b"[" * 90_000 + b"]" * 90_000),
                id="90,000 deep",
            ),
            pytest.param(lambda body: b"\xef\xbb\xbf" + body, id="a byte order mark"),
            pytest.param(lambda body: body[:-2], id="cut short"),
        ],
    )
    async def test_it_is_kept_byte_for_byte(self, place: Place, ana: Shop, odd: Callable[[bytes], bytes]) -> None:
        plain = ana.post()
        body = odd(plain)
        assert body != plain

        response = await place.post(body, meta.headers(body, ana.app_secret))

        assert response.status_code == 200
        [row] = await rows_of(place.floor, ana.company)
        assert row.body == body

    @pytest.mark.parametrize(
        "empty",
        [b"", b"{}", b"[]", b"null", b"nonsense", b'{"object":"whatsapp_business_account","entry":[]}', b"\xff"],
    )
    async def test_a_signed_body_that_names_nobody_is_kept_aside(
        self, servers: Servers, place: Place, ana: Shop, empty: bytes
    ) -> None:
        before = await strays(servers, place.floor)

        response = await place.post(empty, meta.headers(empty, ana.app_secret))

        assert response.status_code == 200
        assert [row["body"] for row in (await strays(servers, place.floor))[len(before) :]] == [empty]
        assert await rows_of(place.floor, ana.company) == []

    async def test_a_thousand_items_are_one_row_with_all_of_them(self, place: Place, ana: Shop) -> None:
        messages = [meta.message(f"número {number}") for number in range(1_000)]

        response = await place.deliver(ana, *messages)

        assert response.status_code == 200
        assert await kept_ids(place.floor, ana.company) == [message["id"] for message in messages]

    async def test_three_megabytes_are_kept(self, place: Place, ana: Shop) -> None:
        body = ana.post(meta.message("x" * (MOST_BYTES - 1_000)))
        assert MOST_BYTES - 1_000 < len(body) < MOST_BYTES

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 200
        [row] = await rows_of(place.floor, ana.company)
        assert row.body == body

    async def test_more_is_refused(self, place: Place, ana: Shop) -> None:
        body = ana.post(meta.message("x" * MOST_BYTES))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code == 413
        assert await rows_of(place.floor, ana.company) == []

    async def test_more_in_pieces_of_unknown_length_is_refused(self, place: Place, ana: Shop) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(4):
                yield b" " * (1 << 20)

        response = await place.client.post(meta.URL, content=pieces(), headers=meta.headers(b"", ana.app_secret))

        assert response.status_code == 413

    async def test_one_that_dribbles_is_cut_off(self, place: Place, ana: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(routes, "_BODY_SECONDS", 0.2)

        async def dribble() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.sleep(5)
            yield b"}"

        response = await place.client.post(meta.URL, content=dribble(), headers=meta.headers(b"{}", ana.app_secret))

        assert response.status_code == 408

    async def test_one_that_never_begins_is_cut_off(
        self, place: Place, ana: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes, "_BODY_SECONDS", 0.2)

        async def silence() -> AsyncIterator[bytes]:
            await asyncio.sleep(5)
            yield b"{}"

        response = await place.client.post(meta.URL, content=silence(), headers=meta.headers(b"{}", ana.app_secret))

        assert response.status_code == 408

    async def test_one_in_many_pieces_is_one_body(self, place: Place, ana: Shop) -> None:
        body = ana.post()

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 7):
                yield body[start : start + 7]

        response = await place.client.post(meta.URL, content=pieces(), headers=meta.headers(body, ana.app_secret))

        assert response.status_code == 200
        [row] = await rows_of(place.floor, ana.company)
        assert row.body == body

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "gzip, identity"])
    async def test_a_packed_body_is_refused_unopened(self, place: Place, ana: Shop, encoding: str) -> None:
        body = gzip.compress(ana.post())
        headers = meta.headers(body, ana.app_secret) | {"Content-Encoding": encoding}

        assert (await place.post(body, headers)).status_code == 415
        assert await rows_of(place.floor, ana.company) == []

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_no_other_method_is_offered(self, place: Place, method: str) -> None:
        assert (await place.client.request(method, meta.URL)).status_code == 405


def _handshake(shop: Shop, **given: str) -> dict[str, str]:
    asked = {"mode": "subscribe", "verify_token": shop.verify_token, "challenge": "1158201444"} | given
    return {f"hub.{name}": value for name, value in asked.items()}


class TestHandshake:
    @pytest.mark.parametrize("challenge", ["1158201444", "0", "9" * 128])
    async def test_whoever_knows_a_token_gets_the_challenge_as_plain_text(
        self, place: Place, ana: Shop, challenge: str
    ) -> None:
        response = await place.client.get(meta.URL, params=_handshake(ana, challenge=challenge))

        assert response.status_code == 200
        assert response.text == challenge
        assert response.headers["content-type"].startswith("text/plain")
        assert response.headers["x-content-type-options"] == "nosniff"

    async def test_the_token_of_any_connection_will_do(self, place: Place, ana: Shop, beto: Shop) -> None:
        for shop in (ana, beto):
            assert (await place.client.get(meta.URL, params=_handshake(shop))).status_code == 200

    @pytest.mark.parametrize(
        "wrong",
        [
            {"verify_token": "errado"},
            {"verify_token": ""},
            {"verify_token": "\ud800"},
            {"mode": "unsubscribe"},
            {"mode": ""},
            {"challenge": ""},
            {"challenge": "<script>alert(1)</script>"},
            {"challenge": "1\r\nX: y"},
            {"challenge": "1 2"},
            {"challenge": "a.B-c_9"},
            {"challenge": "١٢٣"},
            {"challenge": "9" * 129},
        ],
    )
    async def test_anything_else_is_forbidden_and_nothing_is_echoed(
        self, place: Place, ana: Shop, wrong: dict[str, str]
    ) -> None:
        query = urlencode(_handshake(ana, **wrong), errors="surrogatepass")

        response = await place.client.get(f"{meta.URL}?{query}")

        assert response.status_code == 403
        assert "script" not in response.text

    async def test_a_token_that_only_begins_right_is_wrong(self, place: Place, ana: Shop) -> None:
        for token in (ana.verify_token[:-1], f"{ana.verify_token}x", ana.verify_token.upper()):
            response = await place.client.get(meta.URL, params=_handshake(ana, verify_token=token))
            assert response.status_code == 403

    async def test_without_a_query_it_is_forbidden(self, place: Place) -> None:
        assert (await place.client.get(meta.URL)).status_code == 403
