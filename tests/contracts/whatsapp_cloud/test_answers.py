"""Answers that come late, in part, or not at all, and waits that a server asks for: what each proves."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from channels.contents import Text
from channels.envelope import Accepted, Identity, OutboundMessage
from channels.errors import CredentialRefused, PairLimited, RateLimited, SendError, Unproven
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from core.clock import Deadline
from core.errors import Malformed
from core.http import BrokenOff, CallFailed, Garbled, Limits, Oversized, TimedOut, TooLate, Unreachable, open_client
from core.models.people import IdentityKind
from tests.contracts.whatsapp_cloud.graph_server import (
    ACCEPTED,
    APP_SECRET,
    TOKEN,
    Answering,
    Asked,
    GraphServer,
    adapter_to,
    graph_server,
    line,
    raw,
    refused,
    told,
)
from tests.fixtures.raw_servers import unused_port

MESSAGE = OutboundMessage(
    to=(Identity(kind=IdentityKind.PHONE, value="+5511987654321"),), content=Text(body="oi"), tag="9.1.ab"
)
WHOLE = told(ACCEPTED)


def saying(*pieces: bytes, every: float = 0.0, hangs_up: bool = False) -> Answering:
    async def answer(writer: asyncio.StreamWriter, _: Asked) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)
        if hangs_up:
            writer.close()

    return answer


async def drip(writer: asyncio.StreamWriter, _: Asked) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def reset(writer: asyncio.StreamWriter, _: Asked) -> None:
    writer.transport.abort()


async def send(adapter: WhatsAppCloud, *, seconds: float = 5.0, starts_by: float = 5.0) -> Accepted:
    return await adapter.send(MESSAGE, line(), Deadline.after(seconds), starts_by=Deadline.after(starts_by))


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (saying(), TimedOut),
            (saying(WHOLE[:20]), TimedOut),
            (saying(WHOLE[:-20]), TimedOut),
            (drip, TimedOut),
            (saying(hangs_up=True), BrokenOff),
            (saying(WHOLE[:-20], hangs_up=True), BrokenOff),
            (reset, BrokenOff),
            (saying(b"no http\r\n\r\n", hangs_up=True), Garbled),
            (raw(b"", "Content-Encoding: br"), Garbled),
            (raw(bytes(1 << 20) + b"x"), Oversized),
        ],
        ids=[
            *("nothing", "half a head", "half a body", "dripping", "hung up", "hung up in the body", "reset"),
            *("no http", "packed", "huge"),
        ],
    )
    async def test_f24_an_answer_that_does_not_come_whole_leaves_the_send_unknown(
        self, answer: bytes | Answering, kind: type[CallFailed]
    ) -> None:
        started = time.monotonic()
        async with graph_server(answer) as graph, adapter_to(graph) as adapter:
            with pytest.raises(kind) as caught:
                await send(adapter, seconds=0.4)

            assert caught.value.may_have_arrived
            assert len(graph.asked) == 1
            assert time.monotonic() - started < 2

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"{", b"null", b"[]", b"{}", b"ok", b"\xff\xfe", b'{"messages":[]}', b'{"messages":[{}]}'),
            *(b'{"messages":[{"id":""}]}', b'{"messages":[{"id":null}]}', b'{"messages":{"id":"w"}}'),
            *(b'{"success":true}', b'{"error":{"code":100}}', b"[" * 100_000),
        ],
    )
    async def test_f24_a_200_without_an_id_leaves_the_send_unknown(self, body: bytes) -> None:
        async with graph_server(raw(body)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unproven):
                await send(adapter)

    @pytest.mark.parametrize("status", [500, 501, 502, 503, 504, 520])
    @pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b'{"error":{"code":131047}}'])
    async def test_f24_a_5xx_leaves_the_send_unknown(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        async with graph_server(head + body) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unproven):
                await send(adapter)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413])
    @pytest.mark.parametrize("body", [b"", b"<html>", b"{", b'{"error":"no"}', b'{"error":{"message":"no"}}', b"null"])
    async def test_f24_a_4xx_that_is_not_the_graphs_own_leaves_the_send_unknown(self, status: int, body: bytes) -> None:
        async with graph_server(raw(body, status=status)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unproven):
                await send(adapter)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_f24_a_redirect_is_not_followed_and_leaves_the_send_unknown(self, status: int) -> None:
        async with graph_server(raw(b"", "Location: /elsewhere", status=status)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unproven):
                await send(adapter)

            assert len(graph.asked) == 1

    async def test_a_connection_that_drops_when_it_is_used_again_leaves_the_send_unknown(self) -> None:
        async with graph_server(WHOLE, saying(hangs_up=True)) as graph, adapter_to(graph) as adapter:
            await send(adapter)
            with pytest.raises(BrokenOff) as caught:
                await send(adapter)

            assert caught.value.may_have_arrived
            assert len(graph.asked) == 2


class TestNothingSent:
    async def test_a_server_that_is_not_there_proves_that_nothing_was_sent(self) -> None:
        async with adapter_to(GraphServer(url=f"http://127.0.0.1:{unused_port()}")) as adapter:
            with pytest.raises(Unreachable) as caught:
                await send(adapter)

            assert not caught.value.may_have_arrived

    async def test_a_send_whose_time_to_begin_has_passed_never_begins(self) -> None:
        async with graph_server(WHOLE) as graph, adapter_to(graph) as adapter:
            with pytest.raises(TooLate) as caught:
                await send(adapter, starts_by=0)

            assert graph.asked == []
            assert not caught.value.may_have_arrived

    async def test_a_send_that_waited_too_long_for_a_connection_never_begins(self) -> None:
        async with graph_server(saying()) as graph, small_adapter_to(graph) as adapter:
            first = asyncio.create_task(send(adapter))
            await asyncio.sleep(0.1)
            with pytest.raises(TooLate) as caught:
                await send(adapter, starts_by=0.1)

            assert len(graph.asked) == 1
            assert not caught.value.may_have_arrived
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    async def test_a_sandbox_that_is_not_there_proves_that_nothing_was_sent(self) -> None:
        async with graph_server(WHOLE) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Unreachable):
                await adapter.send(MESSAGE, line(is_sandbox=True), Deadline.after(5), starts_by=Deadline.after(5))

            assert graph.asked == []

    @pytest.mark.parametrize("phone_id", ["", None, "12/..", "1" * 33, "abc", "1\r\nX: y", "١٢٣"])
    async def test_a_line_without_a_number_is_malformed(self, phone_id: object) -> None:
        async with graph_server(WHOLE) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Malformed):
                await adapter.send(
                    MESSAGE, line(phone_number_id=phone_id), Deadline.after(5), starts_by=Deadline.after(5)
                )

            assert graph.asked == []

    @pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "açaí", "a\x00b"])
    async def test_a_token_that_no_header_can_carry_is_a_refused_credential(self, token: str) -> None:
        whole = line()
        broken = type(whole)(
            connection=whole.connection,
            settings=whole.settings,
            secrets={"access_token": token, "app_secret": APP_SECRET},
        )
        async with graph_server(WHOLE) as graph, adapter_to(graph) as adapter:
            with pytest.raises(CredentialRefused):
                await adapter.send(MESSAGE, broken, Deadline.after(5), starts_by=Deadline.after(5))

            assert graph.asked == []


class TestSandbox:
    async def test_a_line_of_the_sandbox_is_sent_there_and_no_other(self) -> None:
        async with graph_server(WHOLE) as real, graph_server(WHOLE) as sandbox, open_client() as client:
            adapter = WhatsAppCloud(client, base=real.url, version="v23.0", sandbox_base=f"{sandbox.url}/")
            by = Deadline.after(5)
            await adapter.send(MESSAGE, line(is_sandbox=True), by, starts_by=by)
            await adapter.send(MESSAGE, line(), by, starts_by=by)

            assert (len(real.asked), len(sandbox.asked)) == (1, 1)
            assert real.asked[0].target == sandbox.asked[0].target


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            *(("3", 3.0), ("0", 1.0), ("-1", 1.0), ("2.5", 2.5), ("1e9", 3600.0), ("1000000000", 3600.0)),
            *(("9" * 40, None), ("1e999", 3600.0), ("nan", None), ("inf", None), ("soon", None), ("", None)),
            *(("3, 5", None), ("0x10", None), ("1_000", None), ("٣", None), ("Thu, 99 Foo 2026", None)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
            ("Wed, 21 Oct 2026 07:27:00 GMT", 1.0),
            ("Wed, 21 Oct 2037 07:28:00 GMT", 3600.0),
            ("Wed, 21 Oct 2026 04:29:00 -0300", 60.0),
            ("Wed, 21 Oct 2026 07:28:30 -0000", 30.0),
        ],
    )
    async def test_f23_a_wait_that_is_asked_for_is_kept_within_reason(self, value: str, seconds: float | None) -> None:
        headers = (f"Retry-After: {value}", "Date: Wed, 21 Oct 2026 07:28:00 GMT")
        error = await throttled(refused(130429, *headers, status=429))

        assert (type(error), error.retry_after) == (RateLimited, seconds)

    @pytest.mark.parametrize(("code", "kind"), [(130429, RateLimited), (80007, RateLimited), (131056, PairLimited)])
    async def test_f23_a_limit_told_by_its_code_may_ask_for_a_wait_too(self, code: int, kind: type[SendError]) -> None:
        error = await throttled(refused(code, "Retry-After: 7"))

        assert (type(error), error.retry_after, error.costs_attempt) == (kind, 7.0, False)

    async def test_f23_a_limit_without_a_wait_asks_for_none(self) -> None:
        assert (await throttled(refused(130429))).retry_after is None

    async def test_f23_a_date_without_the_servers_own_counts_from_ours(self) -> None:
        error = await throttled(refused(130429, "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT"))

        assert error.retry_after == 3600.0


async def throttled(answer: bytes) -> SendError:
    async with graph_server(answer) as graph, adapter_to(graph) as adapter:
        with pytest.raises(SendError) as caught:
            await send(adapter)
        return caught.value


@asynccontextmanager
async def small_adapter_to(graph: GraphServer) -> AsyncIterator[WhatsAppCloud]:
    async with open_client(limits=Limits(connections=1)) as client:
        yield WhatsAppCloud(client, base=graph.url, version="v23.0")


class TestSecrets:
    async def test_no_failure_tells_the_token(self) -> None:
        async with graph_server(saying(hangs_up=True)) as graph, adapter_to(graph) as adapter:
            with pytest.raises(BrokenOff) as caught:
                await send(adapter)

        assert TOKEN not in f"{caught.value} {caught.value.detail} {caught.value!r}"

    def test_a_line_does_not_show_what_opens_it(self) -> None:
        assert TOKEN not in repr(line())
