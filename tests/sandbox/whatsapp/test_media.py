"""Media over HTTP: uploaded, looked up, downloaded for five minutes, and in every way that hurts."""

import asyncio
import hashlib
import time
import zlib
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.whatsapp import media as shelves
from sandbox.whatsapp.downloads import (
    PLAIN,
    Endless,
    Failing,
    GzipBomb,
    Manner,
    Redirect,
    Slow,
    WrongLength,
)
from sandbox.whatsapp.media import File
from sandbox.world import Sandbox
from tests.sandbox.numbers import NUMBER, TOKEN, account

pytestmark = pytest.mark.usefixtures("number")

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
FIELDS: Final = {"messaging_product": "whatsapp", "type": "image/png"}


async def upload(
    meta: httpx.AsyncClient, data: bytes = PNG, mime_type: str = "image/png", fields: dict[str, str] | None = None
) -> httpx.Response:
    files = {"file": ("a", data, mime_type)}
    return await meta.post(f"/{NUMBER}/media", data=FIELDS if fields is None else fields, files=files)


async def link_to(sandbox: Sandbox, meta: httpx.AsyncClient, manner: Manner = PLAIN, **changes: Any) -> str:
    """The URL of a file that a customer sent."""
    file = File(**({"data": PNG, "mime_type": "image/png", "manner": manner} | changes))
    media = sandbox.whatsapp.shelf.receive(file, phone_id=NUMBER)
    return str((await meta.get(f"/{media.id}")).json()["url"])


class TestUpload:
    async def test_what_is_uploaded_can_be_looked_up_and_downloaded(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        media_id = (await upload(meta)).json()["id"]

        found = (await meta.get(f"/{media_id}")).json()

        assert found == {
            "messaging_product": "whatsapp",
            "url": found["url"],
            "mime_type": "image/png",
            "sha256": hashlib.sha256(PNG).hexdigest(),
            "file_size": len(PNG),
            "id": media_id,
        }
        downloaded = await meta.get(found["url"])
        assert (downloaded.content, downloaded.headers["Content-Type"]) == (PNG, "image/png")
        assert found["url"].startswith(sandbox.url)

    @pytest.mark.parametrize(
        ("data", "mime_type", "code"),
        [
            (b"", "image/png", 131053),
            (bytes(5 * 1024 * 1024 + 1), "image/png", 131053),
            (bytes(500 * 1024 + 1), "image/webp", 131053),
            (b"x", "application/x-msdownload", 100),
            (b"x", "image/gif", 100),
        ],
    )
    async def test_a_file_that_whatsapp_does_not_carry_is_refused(
        self, meta: httpx.AsyncClient, data: bytes, mime_type: str, code: int
    ) -> None:
        answer = await upload(meta, data, mime_type, FIELDS | {"type": mime_type})

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)

    async def test_a_type_may_have_parameters_and_stand_on_the_part(self, meta: httpx.AsyncClient) -> None:
        answer = await upload(meta, b"OggS", "audio/ogg; codecs=opus", {"messaging_product": "whatsapp"})

        found = (await meta.get(f"/{answer.json()['id']}")).json()
        assert found["mime_type"] == "audio/ogg; codecs=opus"

    async def test_every_part_is_needed(self, meta: httpx.AsyncClient) -> None:
        without_product = await upload(meta, fields={"type": "image/png"})
        without_file = await meta.post(f"/{NUMBER}/media", data=FIELDS, files={"other": ("a", b"x")})
        without_parts = await meta.post(f"/{NUMBER}/media", json=FIELDS)
        malformed = await meta.post(f"/{NUMBER}/media", content=b"x", headers={"Content-Type": "multipart/form-data"})

        codes = [answer.json()["error"]["code"] for answer in (without_product, without_file, without_parts, malformed)]
        assert codes == [131008, 131008, 100, 100]

    async def test_it_is_kept_for_30_days_and_what_customers_send_for_7(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        uploaded = (await upload(meta)).json()["id"]
        received = sandbox.whatsapp.shelf.receive(File(data=b"x", mime_type="a/b"), phone_id=NUMBER).id

        await sandbox.clock.turn(timedelta(days=7))
        after_week = [(await meta.get(f"/{each}")).status_code for each in (uploaded, received)]
        await sandbox.clock.turn(timedelta(days=23))
        after_month = (await meta.get(f"/{uploaded}")).json()["error"]

        assert after_week == [200, 400]
        assert (after_month["code"], after_month["error_subcode"]) == (100, 33)

    async def test_the_shelf_has_a_bound(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(shelves, "_MOST_BYTES", 25)
        file = File(data=b"x" * 10, mime_type="a/b")
        kept = [sandbox.whatsapp.shelf.receive(file, phone_id=NUMBER) for _ in range(4)]

        assert [sandbox.whatsapp.shelf.find(media.id) is not None for media in kept] == [False, False, True, True]


class TestDelete:
    async def test_it_is_gone(self, meta: httpx.AsyncClient) -> None:
        media_id = (await upload(meta)).json()["id"]

        assert (await meta.delete(f"/{media_id}")).json() == {"success": True}
        assert (await meta.get(f"/{media_id}")).status_code == 400
        assert (await meta.delete(f"/{media_id}")).status_code == 400


class TestLookup:
    async def test_with_a_number_it_must_be_that_numbers(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        await sandbox.whatsapp.connect(account(phone_id="2"))
        media_id = (await upload(meta)).json()["id"]

        statuses = [
            (await meta.get(f"/{media_id}", params={"phone_number_id": phone_id})).status_code
            for phone_id in (NUMBER, "2")
        ]

        assert statuses == [200, 400]

    async def test_lies_about_a_file_are_told_as_they_are(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        lie = File(data=b"x", mime_type="image/png", sha256="00" * 32, file_size=2**31)
        media = sandbox.whatsapp.shelf.receive(lie, phone_id=NUMBER)

        found = (await meta.get(f"/{media.id}")).json()

        assert (found["sha256"], found["file_size"]) == ("00" * 32, 2**31)


class TestDownload:
    async def test_it_needs_the_token(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta)
        other = account(phone_id="2", waba_id="3", app_id="4", access_token="other")
        await sandbox.whatsapp.connect(other)
        statuses = []
        async with httpx.AsyncClient() as stranger:
            for token in (None, "wrong", "other", TOKEN):
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                statuses.append((await stranger.get(url, headers=headers)).status_code)

        assert statuses == [401, 401, 401, 200]

    async def test_it_needs_a_user_agent(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta)

        assert (await meta.get(url, headers={"User-Agent": ""})).status_code == 400

    async def test_a_url_lives_five_minutes_and_the_next_one_too(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        media_id = (await upload(meta)).json()["id"]
        url = (await meta.get(f"/{media_id}")).json()["url"]
        await sandbox.clock.turn(timedelta(minutes=4))
        in_time = (await meta.get(url)).status_code
        await sandbox.clock.turn(timedelta(minutes=1))
        too_late = (await meta.get(url)).status_code
        fresh = (await meta.get((await meta.get(f"/{media_id}")).json()["url"])).status_code

        assert (in_time, too_late, fresh) == (200, 404, 200)

    async def test_a_url_cannot_be_made_up(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta)

        for forged in (url[:-1] + "é", url.replace("ext=", "ext=9"), url.partition("?")[0]):
            assert (await meta.get(forged)).status_code == 404

    async def test_it_may_point_to_another_host(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta, host="http://evil.example:81")

        assert urlsplit(url).netloc == "evil.example:81"


class TestManners:
    async def test_slow_bytes_come_over_time(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta, Slow(seconds=0.1))
        start = time.perf_counter()

        assert (await meta.get(url)).content == PNG
        assert time.perf_counter() - start > 0.09

    async def test_endless_bytes_come_until_nobody_listens(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url, count = await link_to(sandbox, meta, Endless()), 0

        async with meta.stream("GET", url) as answer:
            async for piece in answer.aiter_raw():
                count += len(piece)
                if count > 4_000_000:
                    break

        assert "Content-Length" not in answer.headers

    @pytest.mark.parametrize("length", [len(PNG) * 2, 2 * 1024**3])
    async def test_a_length_that_is_too_long_ends_early(
        self, sandbox: Sandbox, meta: httpx.AsyncClient, length: int
    ) -> None:
        url = await link_to(sandbox, meta, WrongLength(length=length))

        with pytest.raises(httpx.RemoteProtocolError):
            await meta.get(url)

    async def test_a_length_that_is_too_short_is_followed_by_more(
        self, sandbox: Sandbox, meta: httpx.AsyncClient
    ) -> None:
        url = urlsplit(await link_to(sandbox, meta, WrongLength(length=10)))
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        request = (
            f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        )
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

        assert b"Content-Length: 10\r\n" in head + b"\r\n"
        assert body == PNG

    async def test_a_bomb_is_little_on_the_wire(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta, GzipBomb(size=20_000_000))

        async with meta.stream("GET", url) as answer:
            packed = b"".join([piece async for piece in answer.aiter_raw()])

        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(packed) < 100_000
        assert zlib.decompress(packed, wbits=16 + zlib.MAX_WBITS) == bytes(20_000_000)

    async def test_a_redirect_goes_wherever_it_was_told(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta, Redirect(to="http://169.254.169.254/latest/meta-data/"))

        answer = await meta.get(url)

        assert (answer.status_code, answer.headers["Location"]) == (302, "http://169.254.169.254/latest/meta-data/")

    async def test_a_failure_is_any_status(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        assert (await meta.get(await link_to(sandbox, meta, Failing(status=503)))).status_code == 503

    async def test_a_type_may_lie(self, sandbox: Sandbox, meta: httpx.AsyncClient) -> None:
        url = await link_to(sandbox, meta, data=b"MZ\x90", mime_type="image/jpeg")

        answer = await meta.get(url)

        assert (answer.headers["Content-Type"], answer.content) == ("image/jpeg", b"MZ\x90")
