"""Files that Meta holds: two steps, the token for Meta's hosts alone, and every way in which a server can lie."""

import asyncio
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.base import MediaHead
from channels.errors import CredentialRefused, ProviderTrouble
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from channels.whatsapp_cloud.media import MOST_BYTES
from core.clock import Deadline
from core.errors import Malformed, NotFound
from core.http import BrokenOff, CallFailed, Oversized, TimedOut, Unreachable, open_client
from core.targets import Blocked, Reason
from tests.contracts.whatsapp_cloud.graph_server import (
    PROOF,
    TOKEN,
    Asked,
    GraphServer,
    adapter_to,
    graph_server,
    line,
    raw,
    refused,
    told,
)
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID

ABROAD = "http://169.254.169.254/latest/meta-data"


class Names(AbstractResolver):
    """Knows no name, and remembers for which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        raise OSError(f"no address on port {port} of family {family}")

    async def close(self) -> None:
        pass


def located(graph: GraphServer, path: str = "/download?mid=1&hash=a%2Bb") -> bytes:
    return told({"url": f"{graph.url}{path}", "mime_type": "image/jpeg", "sha256": "x+8=", "file_size": 4, "id": "77"})


@asynccontextmanager
async def holding(*answers: bytes, path: str = "/download?mid=1&hash=a%2Bb") -> AsyncIterator[GraphServer]:
    """First it says where the file is, then it answers there."""
    async with graph_server() as graph:
        graph.answers[:] = [located(graph, path), *answers]
        yield graph


async def fetch(graph: GraphServer, *, seconds: float = 5.0) -> tuple[MediaHead, bytes]:
    async with adapter_to(graph) as adapter, adapter.open_media("77", line(), Deadline.after(seconds)) as stream:
        return stream.head, b"".join([piece async for piece in stream.chunks])


@dataclass
class Drained:
    """What came of a file, and by how much it made this process grow on the way."""

    size: int = 0
    grown: int = 0
    error: type[CallFailed] | None = None


async def drain(graph: GraphServer) -> Drained:
    drained, process = Drained(), psutil.Process()
    before = process.memory_info().rss
    async with adapter_to(graph) as adapter:
        try:
            async with adapter.open_media("77", line(), Deadline.after(20)) as stream:
                async for piece in stream.chunks:
                    drained.size += len(piece)
                    drained.grown = max(drained.grown, process.memory_info().rss - before)
        except CallFailed as error:
            drained.error = type(error)
    return drained


class TestTwoSteps:
    async def test_a_file_is_asked_for_by_its_id_and_fetched_from_where_it_is(self) -> None:
        async with holding(raw(b"data")) as graph:
            head, data = await fetch(graph)

        first, second = graph.asked
        assert (first.method, first.path) == ("GET", "/v23.0/77")
        assert first.query == {"phone_number_id": PHONE_ID, "appsecret_proof": PROOF}
        assert (second.method, second.target) == ("GET", "/download?mid=1&hash=a%2Bb")
        assert first.headers["authorization"] == second.headers["authorization"] == f"Bearer {TOKEN}"
        assert second.headers["user-agent"].startswith("master-ia")
        assert second.headers["accept-encoding"] == "identity"
        assert (head, data) == (MediaHead(mime="image/jpeg", size=4, sha256="x+8="), b"data")

    @pytest.mark.parametrize("status", [404, 410])
    async def test_an_address_that_has_expired_is_asked_for_again_once(self, status: int) -> None:
        async with holding(raw(b"", status=status)) as graph:
            graph.answers += [located(graph, "/again"), raw(b"data")]
            _, data = await fetch(graph)

        assert data == b"data"
        assert [asked.path for asked in graph.asked] == ["/v23.0/77", "/download", "/v23.0/77", "/again"]

    async def test_a_file_that_is_nowhere_is_not_there(self) -> None:
        async with holding(raw(b"", status=404)) as graph:
            graph.answers += [located(graph), raw(b"", status=404)]
            with pytest.raises(NotFound):
                await fetch(graph)

            assert len(graph.asked) == 4

    @pytest.mark.parametrize("code", [100, 33])
    async def test_a_file_whose_id_nobody_knows_is_not_there(self, code: int) -> None:
        async with graph_server(refused(code)) as graph:
            with pytest.raises(NotFound):
                await fetch(graph)

    async def test_an_expired_token_is_a_refused_credential(self) -> None:
        async with graph_server(refused(190, status=401)) as graph:
            with pytest.raises(CredentialRefused):
                await fetch(graph)

    @pytest.mark.parametrize("status", [401, 403, 500, 503])
    async def test_a_download_that_is_refused_is_trouble_of_the_provider(self, status: int) -> None:
        async with holding(raw(b"no", status=status)) as graph:
            with pytest.raises(ProviderTrouble):
                await fetch(graph)

    @pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"{", b'{"url":""}', b'{"url":null}', b'{"url":[]}'])
    async def test_an_answer_without_an_address_is_trouble_of_the_provider(self, answer: bytes) -> None:
        async with graph_server(raw(answer)) as graph:
            with pytest.raises(ProviderTrouble):
                await fetch(graph)

    @pytest.mark.parametrize("media_id", ["", "..", "1/2", "a b", "1?x=y", "%2e%2e", "1" * 600, "."])
    async def test_an_id_is_one_step_of_a_path(self, media_id: str) -> None:
        async with graph_server(told({})) as graph, adapter_to(graph) as adapter:
            with pytest.raises(Malformed):
                async with adapter.open_media(media_id, line(), Deadline.after(5)):
                    pass

            assert graph.asked == []

    @pytest.mark.parametrize("size", [-1, "x", None, 1e400, True, []])
    async def test_a_size_that_is_none_is_none(self, size: object) -> None:
        async with graph_server() as graph:
            graph.answers[:] = [told({"url": f"{graph.url}/d", "file_size": size}), raw(b"data")]
            head, _ = await fetch(graph)

        assert head == MediaHead(mime=None, size=None, sha256=None)


class TestHosts:
    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            (ABROAD, Reason.SCHEME),
            ("https://169.254.169.254/x", Reason.HOST),
            ("https://evil.example/x", Reason.HOST),
            ("https://fbsbx.com.evil.example/x", Reason.HOST),
            ("https://notfbsbx.com/x", Reason.HOST),
            ("https://evil.example/lookaside.fbsbx.com", Reason.HOST),
            ("https://lookaside.fbsbx.com@evil.example/x", Reason.HOST),
            ("https://user:pw@lookaside.fbsbx.com/x", Reason.HOST),
            ("https://evil.example\\@lookaside.fbsbx.com/x", Reason.CHARACTERS),
            ("https://lookaside.fbsbx.com\t.evil.example/x", Reason.CHARACTERS),
            ("https://lookaside.fbsbx.com:8443/x", Reason.PORT),
            ("http://lookaside.fbsbx.com/x", Reason.SCHEME),
            ("ftp://lookaside.fbsbx.com/x", Reason.HOST),
            ("file:///etc/passwd", Reason.HOST),
            ("//lookaside.fbsbx.com/x", Reason.HOST),
            ("https://[::1]/x", Reason.HOST),
            ("https://lookaside.fbsbx.com#@evil.example/", Reason.HOST),
            ("https://läokaside.fbsbx.com/x", Reason.CHARACTERS),
            ("https://" + "a" * 3000, Reason.LENGTH),
            ("/relative", Reason.HOST),
        ],
    )
    async def test_f28_an_address_that_is_not_metas_is_never_asked(self, url: str, reason: Reason) -> None:
        async with graph_server(told({"url": url})) as graph:
            with pytest.raises(Blocked) as caught:
                await fetch(graph)

        assert caught.value.reason is reason
        assert len(graph.asked) == 1

    async def test_f28_another_port_of_the_same_machine_is_another_origin(self) -> None:
        async with graph_server(raw(b"stolen")) as other, graph_server(told({"url": f"{other.url}/x"})) as graph:
            with pytest.raises(Blocked):
                await fetch(graph)

            assert other.asked == []

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", "lookaside.fbsbx.com"),
            ("https://LOOKASIDE.FBSBX.COM/x", "lookaside.fbsbx.com"),
            ("https://mmg.whatsapp.net/x", "mmg.whatsapp.net"),
            ("https://scontent.xx.fbcdn.net:443/v/1.jpg?oh=a", "scontent.xx.fbcdn.net"),
            ("https://fbsbx.com/x", "fbsbx.com"),
        ],
    )
    async def test_metas_own_hosts_are_asked(self, url: str, host: str) -> None:
        names = Names()
        async with graph_server(told({"url": url})) as graph, open_client(resolver=names) as client:
            adapter = WhatsAppCloud(client, base=graph.url, version="v23.0")
            with pytest.raises(Unreachable):
                async with adapter.open_media("77", line(), Deadline.after(5)):
                    pass

        assert names.asked == [host]


class TestRedirects:
    async def test_a_redirect_on_the_same_origin_is_followed_with_the_token(self) -> None:
        async with holding(raw(b"", "Location: /elsewhere?a=1", status=302), raw(b"data")) as graph:
            _, data = await fetch(graph)

        assert data == b"data"
        assert graph.asked[2].target == "/elsewhere?a=1"
        assert graph.asked[2].headers["authorization"] == f"Bearer {TOKEN}"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("place", [ABROAD, "https://evil.example/", "file:///etc/passwd", "//evil.example/x"])
    async def test_f28_a_redirect_elsewhere_is_not_followed(self, status: int, place: str) -> None:
        async with holding(raw(b"", f"Location: {place}", status=status)) as graph:
            with pytest.raises(Blocked):
                await fetch(graph)

            assert len(graph.asked) == 2

    async def test_f28_a_redirect_to_another_server_never_shows_it_the_token(self) -> None:
        async with (
            graph_server(raw(b"stolen")) as thief,
            holding(raw(b"", f"Location: {thief.url}/x", status=302)) as graph,
        ):
            with pytest.raises(Blocked):
                await fetch(graph)

            assert thief.asked == []

    async def test_f28_redirects_without_end_are_left(self) -> None:
        async with holding(raw(b"", "Location: /download", status=302)) as graph:
            with pytest.raises(Blocked) as caught:
                await fetch(graph)

            assert caught.value.reason is Reason.HOPS
            assert len(graph.asked) == 1 + 4


class TestLies:
    async def test_f28_a_file_announced_as_huge_is_refused_before_it_comes(self) -> None:
        async with holding(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n") as graph:
            with pytest.raises(Oversized):
                await fetch(graph)

    async def test_f28_a_file_without_end_is_refused_at_the_cap_without_being_held(self) -> None:
        async def endless(writer: asyncio.StreamWriter, _: Asked) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"40000\r\n" + bytes(0x40000) + b"\r\n")
                await writer.drain()

        async with graph_server() as graph:
            graph.answers[:] = [located(graph), endless]
            drained = await drain(graph)

        assert (drained.error, drained.size <= MOST_BYTES) == (Oversized, True)
        assert drained.grown < 50 << 20

    async def test_f28_a_file_packed_to_burst_is_refused_at_the_cap_without_being_held(self) -> None:
        packer = zlib.compressobj(1, wbits=31)
        bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(512)) + packer.flush()
        async with holding(raw(bomb, "Content-Encoding: gzip")) as graph:
            drained = await drain(graph)

        assert (drained.error, drained.size <= MOST_BYTES) == (Oversized, True)
        assert drained.grown < 50 << 20

    async def test_f28_a_file_shorter_than_announced_is_broken_off(self) -> None:
        async with graph_server() as graph:

            async def short(writer: asyncio.StreamWriter, _: Asked) -> None:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nonly this")
                writer.close()

            graph.answers[:] = [located(graph), short]
            with pytest.raises(BrokenOff):
                await fetch(graph)

    async def test_f28_what_follows_the_announced_size_is_no_part_of_the_file(self) -> None:
        async with holding(raw(b"data") + raw(b"and more")) as graph:
            _, data = await fetch(graph)

        assert data == b"data"

    async def test_f28_a_file_that_drips_is_left_at_the_deadline(self) -> None:
        async with graph_server() as graph:

            async def drip(writer: asyncio.StreamWriter, _: Asked) -> None:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
                while True:
                    writer.write(b"x")
                    await asyncio.sleep(0.05)

            graph.answers[:] = [located(graph), drip]
            with pytest.raises(TimedOut):
                await fetch(graph, seconds=0.4)

    async def test_a_file_comes_in_pieces_and_never_whole(self) -> None:
        async with (
            holding(raw(bytes(4 << 20))) as graph,
            adapter_to(graph) as adapter,
            adapter.open_media("77", line(), Deadline.after(5)) as stream,
        ):
            sizes = [len(piece) async for piece in stream.chunks]

        assert sum(sizes) == 4 << 20
        assert max(sizes) <= 1 << 20
