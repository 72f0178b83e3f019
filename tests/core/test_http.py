"""The shared client against servers that are slow, lying, huge or gone."""

import asyncio
import base64
import time
import traceback
from collections.abc import AsyncIterator

import httpx
import pytest

from core.clock import Deadline
from core.http import (
    BrokenOff,
    CallFailed,
    Garbled,
    Limits,
    Oversized,
    TimedOut,
    TooLate,
    Unreachable,
    open_client,
    perform,
)
from tests.fixtures.raw_servers import (
    CAP,
    CHUNKED,
    OK,
    Answering,
    always,
    answer_of,
    get,
    serving,
    then_hang_up,
    unused_port,
    whole,
    without_end,
)


async def large_upload() -> AsyncIterator[bytes]:
    for _ in range(80):
        yield bytes(100_000)


class TestOpenClient:
    async def test_a_connection_is_used_again_within_its_idle_time(self) -> None:
        async with serving(always(whole(b"hi"))) as site, open_client(base_url=site.url) as client:
            await client.get("/one")
            await client.get("/two")

            assert (site.connections, len(site.requests)) == (1, 2)

    async def test_a_connection_is_given_up_after_its_idle_time(self) -> None:
        limits = Limits(idle=0.05)
        async with serving(always(whole(b"hi"))) as site, open_client(base_url=site.url, limits=limits) as client:
            await client.get("/one")
            await asyncio.sleep(0.2)
            await client.get("/two")

            assert site.connections == 2

    async def test_the_default_idle_time_is_shorter_than_that_of_common_servers(self) -> None:
        assert Limits().idle < 5

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Keep", "308 Keep"])
    async def test_a_redirect_is_not_followed(self, status: str) -> None:
        async with serving(always(whole(b"", "Location: /elsewhere", status=status))) as site:
            answer = await get(site.url)

            assert str(answer.status) == status[:3]
            assert len(site.requests) == 1

    async def test_no_cookie_of_one_call_travels_with_the_next(self) -> None:
        async with serving(always(whole(b"", "Set-Cookie: session=abc; Path=/"))) as site:
            async with open_client(base_url=site.url) as client:
                await client.get("/")
                await client.get("/")

            assert b"session=abc" not in site.requests[1]

    async def test_proxy_variables_are_ignored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")

        assert (await answer_of(always(whole(b"hi")))).body == b"hi"

    async def test_headers_of_the_client_travel_with_every_call(self) -> None:
        async with serving(always(whole(b""))) as site:
            async with open_client(base_url=site.url, headers={"X-Api-Key": "k1"}) as client:
                await client.get("/")

            assert b"x-api-key: k1" in site.requests[0].lower()

    async def test_the_user_of_an_address_becomes_a_header(self) -> None:
        async with serving(always(whole(b""))) as site:
            await get(site.url.replace("http://", "http://ana:key@"))

            assert b"Basic " + base64.b64encode(b"ana:key") in site.requests[0]

    async def test_only_the_packing_that_is_unpacked_safely_is_asked_for(self) -> None:
        async with serving(always(whole(b""))) as site:
            await get(site.url)

            assert b"accept-encoding: gzip\r\n" in site.requests[0].lower()


class TestPerform:
    async def test_an_answer_is_its_status_its_headers_and_its_body(self) -> None:
        answer = await answer_of(always(whole(b"hi", "X-Mark: 7", status="418 Teapot")))

        assert (answer.status, answer.headers["x-mark"], answer.body) == (418, "7", b"hi")

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "POST"])
    async def test_a_call_whose_connection_drops_is_not_sent_again(self, method: str) -> None:
        async def first_time_only(writer: asyncio.StreamWriter) -> None:
            writer.write(whole(b"") if len(site.requests) == 1 else b"")
            if len(site.requests) > 1:
                writer.close()

        async with serving(first_time_only) as site, open_client() as client:
            await client.get(site.url)
            request = client.build_request(method, site.url)
            with pytest.raises(BrokenOff) as caught:
                await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP)

            assert (site.connections, len(site.requests)) == (1, 2)
            assert caught.value.may_have_arrived

    async def test_a_connection_reset_before_the_answer_is_not_called_unreachable(self) -> None:
        async def reset(writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        with pytest.raises(BrokenOff):
            await answer_of(reset)

    async def test_a_refused_connection_proves_that_nothing_arrived(self) -> None:
        with pytest.raises(Unreachable) as caught:
            await get(f"http://127.0.0.1:{unused_port()}")

        assert not caught.value.may_have_arrived

    async def test_nothing_is_sent_once_the_deadline_has_passed(self) -> None:
        async with serving(always(whole(b""))) as site:
            with pytest.raises(TooLate) as caught:
                await get(site.url, seconds=0)

            assert site.connections == 0
            assert not caught.value.may_have_arrived

    async def test_a_server_that_says_nothing_is_left_at_the_deadline(self) -> None:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            await answer_of(always(b""), seconds=0.3)

        assert time.monotonic() - started < 2

    async def test_a_body_that_drips_is_left_at_the_deadline(self) -> None:
        started = time.monotonic()
        with pytest.raises(TimedOut) as caught:
            await answer_of(without_end(CHUNKED, b"1\r\nx\r\n", every=0.02), seconds=0.3)

        assert time.monotonic() - started < 2
        assert caught.value.may_have_arrived

    async def test_an_upload_that_nobody_reads_is_left_at_the_deadline(self) -> None:
        async def hold(_: asyncio.StreamWriter) -> None:
            await asyncio.sleep(60)

        async with serving(hold) as site, open_client() as client:
            request = client.build_request("POST", site.url, content=large_upload())
            started = time.monotonic()
            with pytest.raises(TimedOut):
                await perform(client, request, deadline=Deadline.after(0.3), max_bytes=CAP)

            assert time.monotonic() - started < 2

    async def test_an_answer_given_before_the_upload_was_read_is_taken(self) -> None:
        async def refuse(writer: asyncio.StreamWriter) -> None:
            writer.write(whole(b"no", status="413 Too Large"))
            await writer.drain()
            await asyncio.sleep(60)

        async with serving(refuse) as site, open_client() as client:
            request = client.build_request("POST", site.url, content=large_upload())
            answer = await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP)

        assert (answer.status, answer.body) == (413, b"no")

    async def test_a_body_as_large_as_the_cap_is_taken(self) -> None:
        assert len((await answer_of(always(whole(bytes(CAP))))).body) == CAP

    async def test_a_body_one_byte_above_the_cap_is_refused(self) -> None:
        with pytest.raises(Oversized):
            await answer_of(always(whole(bytes(CAP + 1))))

    async def test_an_announced_size_above_the_cap_is_refused_before_the_body_comes(self) -> None:
        with pytest.raises(Oversized):
            await answer_of(always(OK + b"Content-Length: 2000000000\r\n\r\n"))

    async def test_the_size_that_a_head_announces_is_no_body(self) -> None:
        async with serving(always(OK + b"Content-Length: 2000000000\r\n\r\n")) as site, open_client() as client:
            request = client.build_request("HEAD", site.url)
            answer = await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP)

        assert answer.body == b""

    async def test_a_body_without_end_is_refused_at_the_cap(self) -> None:
        with pytest.raises(Oversized):
            await answer_of(without_end(CHUNKED, b"400\r\n" + bytes(1024) + b"\r\n"))

    async def test_a_body_shorter_than_announced_is_broken_off(self) -> None:
        with pytest.raises(BrokenOff):
            await answer_of(then_hang_up(OK + b"Content-Length: 500\r\n\r\nonly this"))

    async def test_what_follows_the_announced_size_is_no_part_of_any_answer(self) -> None:
        smuggled = whole(b"hi") + whole(b"smuggled")
        async with serving(always(smuggled)) as site, open_client() as client:
            for _ in range(2):
                request = client.build_request("GET", site.url)
                answer = await perform(client, request, deadline=Deadline.after(5), max_bytes=CAP)

                assert answer.body == b"hi"

    async def test_a_body_whose_pieces_are_malformed_is_refused(self) -> None:
        with pytest.raises((BrokenOff, Garbled)):
            await answer_of(then_hang_up(CHUNKED + b"2\r\nhi\r\nnot a size\r\n"))

    async def test_an_answer_that_is_not_http_cannot_be_read(self) -> None:
        with pytest.raises(Garbled):
            await answer_of(then_hang_up(b"220 mail.example ESMTP\r\n"))

    @pytest.mark.parametrize("location", ["jar:https://127.0.0.1!/", "https://xn--a/", "https://a:b/"])
    async def test_an_address_of_a_redirect_that_is_none_cannot_be_read(self, location: str) -> None:
        with pytest.raises(Garbled):
            await answer_of(always(whole(b"", f"Location: {location}", status="302 Found")))

    async def test_a_header_without_end_cannot_be_read(self) -> None:
        with pytest.raises(Garbled):
            await answer_of(without_end(OK + b"X-Long: ", b"x" * 1024))


class TestErrors:
    @pytest.mark.parametrize(
        "answering",
        [always(b""), then_hang_up(b""), then_hang_up(b"no http\r\n"), always(whole(bytes(CAP + 1)))],
        ids=["silent", "dropped", "garbled", "oversized"],
    )
    async def test_no_error_tells_path_query_or_user(self, answering: Answering) -> None:
        async with serving(answering) as site:
            url = site.url.replace("http://", "http://ana:secret1@") + "/bot-secret2/send?token=secret3"
            with pytest.raises(CallFailed) as caught:
                await get(url, seconds=0.2)

        printed = "".join(traceback.format_exception(caught.value))
        assert "secret" not in printed + repr(caught.value.detail)
        assert site.url in caught.value.detail.pt

    async def test_no_error_of_a_connection_tells_path_query_or_user(self) -> None:
        url = f"http://ana:secret1@127.0.0.1:{unused_port()}/secret2?token=secret3"
        with pytest.raises(Unreachable) as caught:
            await get(url)

        assert "secret" not in "".join(traceback.format_exception(caught.value))

    async def test_the_clients_own_log_stays_silent(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO")
        async with serving(always(whole(b"hi"))) as site:
            await get(f"{site.url}/secret")

        assert "secret" not in caplog.text

    async def test_a_drop_stays_apart_from_a_failed_connection_for_those_who_use_the_client_itself(self) -> None:
        async with serving(then_hang_up(b"")) as site, open_client() as client:
            with pytest.raises(httpx.ReadError):
                await client.get(site.url)

            assert len(site.requests) == 1
