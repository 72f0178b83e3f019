"""Addresses that users give, against an oracle that sees every connection this process tries to make."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from core.clock import Deadline
from core.egress import _dialler, open_egress
from core.http import Garbled, Oversized, TooLate, Unreachable, open_client
from core.targets import Blocked, Reason, is_public
from tests.fixtures.addresses import HOSTILE, NOT_PUBLIC, PUBLIC_V4, PUBLIC_V6
from tests.fixtures.certificates import make_certificate, trusting
from tests.fixtures.egress_world import Names, World, countdown, found, get, hello, hello_once, post


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), "hook.example")


@pytest.fixture
def world(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    shown, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trusting(certificate)
    shown.load_cert_chain(certificate)
    world, connect = World(shown, trusted), socket.socket.connect

    def recorded(sock: socket.socket, address: tuple[str, int]) -> None:
        place = (address[0], address[1])
        world.dialled.append(place)
        if place not in world.ways:
            raise ConnectionRefusedError("nothing leaves the machine")
        connect(sock, ("127.0.0.1", world.ways[place]))

    monkeypatch.setattr(socket.socket, "connect", recorded)
    return world


class TestOracle:
    async def test_it_sees_a_real_call_to_an_allowed_server(self, world: World) -> None:
        async with world.ours(hello) as site, world.egress(site.origin) as egress:
            answer = await get(egress, site.origin)

        assert (answer.status, answer.body) == (200, b"hi")
        assert world.dialled == list(world.ways)

    @pytest.mark.parametrize(
        ("url", "place"),
        [
            (f"https://{PUBLIC_V4}/", (PUBLIC_V4, 443)),
            (f"https://[{PUBLIC_V6}]:8443/", (PUBLIC_V6, 8443)),
            ("https://hook.example:5678/", (PUBLIC_V4, 5678)),
            ("https://\u0430pple.example/", (PUBLIC_V4, 443)),
        ],
    )
    async def test_it_sees_a_call_to_a_public_address(self, world: World, url: str, place: tuple[str, int]) -> None:
        async with world.egress() as egress:
            with pytest.raises(Unreachable):
                await get(egress, url)

        assert world.dialled == [place]

    async def test_it_tells_an_unguarded_call_to_a_private_address(self, world: World) -> None:
        async with open_client() as unguarded:
            with pytest.raises(httpx.ConnectError):
                await unguarded.get("http://10.0.0.1/")

        assert world.not_public() == [("10.0.0.1", 80)]


class TestHostileAddress:
    def test_there_are_more_than_eighty_forms(self) -> None:
        assert len(set(HOSTILE)) == len(HOSTILE) > 80

    @pytest.mark.parametrize("url", HOSTILE)
    async def test_it_is_refused_and_nobody_is_asked_or_dialled(self, world: World, url: str) -> None:
        names = Names()
        async with world.egress("http://127.0.0.1:9", "http://localhost:9", lookup=names) as egress:
            for call in (get, post):
                with pytest.raises(Blocked):
                    await call(egress, url)

        assert (names.asked, world.dialled) == ([], [])

    async def test_a_redirect_to_it_is_refused(self, world: World) -> None:
        locations = [url for url in HOSTILE if "://" in url and url.isprintable() and url == url.strip()]

        def recipe(request: web.BaseRequest) -> web.Response:
            return found(request, location=locations[int(request.path[1:])])

        async with world.ours(recipe) as site, world.egress(site.origin) as egress:
            for number in range(len(locations)):
                with pytest.raises((Blocked, Garbled)):
                    await get(egress, f"{site.origin}/{number}")

        assert len(site.requests) == len(locations) > 80
        assert len(world.dialled) == len(locations)
        assert world.not_public() == []

    @pytest.mark.parametrize("address", NOT_PUBLIC)
    async def test_a_name_that_resolves_to_it_is_refused(self, world: World, address: str) -> None:
        for answer in ([address], [PUBLIC_V4, address], [address, PUBLIC_V6], [PUBLIC_V6, address, PUBLIC_V4]):
            async with world.egress(lookup=Names([answer])) as egress:
                with pytest.raises(Blocked) as caught:
                    await get(egress, "https://hook.example/")

            assert caught.value.reason is Reason.NOT_PUBLIC
            assert address not in "".join(caught.value.detail)
        assert world.dialled == []

    @pytest.mark.parametrize("address", NOT_PUBLIC)
    def test_it_is_not_dialled_even_for_code_that_skips_every_check_before(self, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET

        with pytest.raises(OSError, match="not an address to dial"):
            _dialler(is_public)((family, socket.SOCK_STREAM, 0, "", (address, 443)))

    async def test_a_literal_is_judged_where_the_socket_is_made(self, world: World) -> None:
        async with world.ours(hello) as site, open_client(socket_factory=_dialler(is_public)) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(site.origin)

        assert world.dialled == []


class TestRebinding:
    async def test_a_name_is_judged_anew_for_every_connection(self, world: World) -> None:
        names = Names([[PUBLIC_V4], ["127.0.0.1"]])
        async with world.outside(hello_once) as site, world.egress(lookup=names) as egress:
            assert (await get(egress, site.origin)).body == b"hi"
            with pytest.raises(Blocked):
                await get(egress, site.origin)

        assert world.dialled == [(PUBLIC_V4, 8443)]

    async def test_a_name_is_judged_anew_at_a_redirect(self, world: World) -> None:
        names = Names([[PUBLIC_V4], ["169.254.169.254"]])
        async with world.outside(countdown) as site, world.egress(lookup=names) as egress:
            with pytest.raises(Blocked):
                await get(egress, f"{site.origin}/1")

        assert world.dialled == [(PUBLIC_V4, 8443)]

    async def test_the_address_that_was_judged_is_dialled_without_asking_again(self, world: World) -> None:
        names = Names([[PUBLIC_V4], ["10.0.0.1"]])
        async with world.egress(lookup=names) as egress:
            with pytest.raises(Unreachable):
                await get(egress, "https://hook.example/")

        assert (names.asked, world.dialled) == (["hook.example"], [(PUBLIC_V4, 443)])

    async def test_the_systems_own_answer_is_judged_too(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)
        async with open_egress() as egress:
            with pytest.raises(Blocked):
                await get(egress, "https://hook.example/")

        assert world.dialled == []


class TestLookup:
    async def test_a_name_without_an_address_is_unreachable(self, world: World) -> None:
        async with world.egress(lookup=Names([[]])) as egress:
            with pytest.raises(Unreachable):
                await get(egress, "https://hook.example/")

    async def test_a_name_that_is_not_known_is_unreachable(self, world: World) -> None:
        async def lookup(_: str) -> Sequence[str]:
            raise socket.gaierror("no such name")

        async with world.egress(lookup=lookup) as egress:
            with pytest.raises(Unreachable):
                await get(egress, "https://hook.example/")

    async def test_one_that_never_ends_is_left_at_the_deadline(self, world: World) -> None:
        async def lookup(_: str) -> Sequence[str]:
            await asyncio.sleep(60)
            return []

        async with world.egress(lookup=lookup) as egress:
            with pytest.raises(TooLate):
                await egress.get("https://hook.example/", deadline=Deadline.after(0.2), max_bytes=1)


class TestRedirect:
    async def test_three_hops_are_followed(self, world: World) -> None:
        async with world.ours(countdown) as site, world.egress(site.origin) as egress:
            assert (await get(egress, f"{site.origin}/3")).body == b"there"

    async def test_a_fourth_hop_is_refused(self, world: World) -> None:
        async with world.ours(countdown) as site, world.egress(site.origin) as egress:
            with pytest.raises(Blocked) as caught:
                await get(egress, f"{site.origin}/9")

        assert (caught.value.reason, len(site.requests)) == (Reason.HOPS, 4)

    async def test_only_harmless_headers_follow_to_another_origin(self, world: World) -> None:
        secret = {"Authorization": "Bearer s", "Cookie": "s=1", "X-Api-Key": "s", "X-Signature": "s"}
        async with world.ours(hello) as there, world.ours(partial(found, location=there.origin)) as here:
            async with world.egress(here.origin, there.origin) as egress:
                await get(egress, here.origin, headers={**secret, "Accept": "text/html"})

            assert {name: here.requests[0].headers[name] for name in secret} == secret
            assert there.requests[0].headers["Accept"] == "text/html"
            assert not set(secret) & set(there.requests[0].headers)

    async def test_all_headers_follow_within_an_origin(self, world: World) -> None:
        async with world.ours(countdown) as site, world.egress(site.origin) as egress:
            await get(egress, f"{site.origin}/1", headers={"Authorization": "Bearer s"})

        assert [request.headers["Authorization"] for request in site.requests] == ["Bearer s", "Bearer s"]

    @pytest.mark.parametrize(
        ("status", "method", "body"),
        [(301, "GET", b""), (302, "GET", b""), (303, "GET", b""), (307, "POST", b"{}"), (308, "POST", b"{}")],
    )
    async def test_a_post_keeps_its_method_and_body_where_the_status_says_so(
        self, world: World, status: int, method: str, body: bytes
    ) -> None:
        async with world.ours(partial(countdown, status=status)) as site, world.egress(site.origin) as egress:
            await post(egress, f"{site.origin}/1")

        assert (site.requests[1].method, site.bodies[1]) == (method, body)

    async def test_from_https_to_http_is_refused(self, world: World) -> None:
        near = Names([["127.0.0.1"]])
        async with (
            world.ours(hello) as plain,
            world.outside(partial(found, location=plain.origin), address="127.0.0.1") as site,
            world.egress(site.origin, plain.origin, lookup=near) as egress,
        ):
            with pytest.raises(Blocked) as caught:
                await get(egress, site.origin)

        assert (caught.value.reason, plain.requests) == (Reason.DOWNGRADE, [])

    async def test_from_outside_to_an_allowed_server_is_refused(self, world: World) -> None:
        near, names = "https://near.example:8443", Names([[PUBLIC_V4], ["127.0.0.1"]])
        async with (
            world.outside(partial(found, location=near)) as site,
            world.egress(near, lookup=names) as egress,
        ):
            with pytest.raises(Blocked) as caught:
                await get(egress, site.origin)

        assert caught.value.reason is Reason.NOT_PUBLIC
        assert world.dialled == [(PUBLIC_V4, 8443)]


class TestPublicServer:
    async def test_its_certificate_must_bear_the_name(self, world: World) -> None:
        async with world.outside(hello) as site, world.egress() as egress:
            assert (await get(egress, site.origin)).body == b"hi"
            with pytest.raises(Unreachable):
                await get(egress, "https://other.example:8443/")

        assert len(site.requests) == 1

    async def test_its_certificate_must_be_trusted(self, world: World) -> None:
        async with world.outside(hello) as site, open_egress(lookup=Names()) as egress:
            with pytest.raises(Unreachable):
                await get(egress, site.origin)

        assert site.requests == []

    async def test_it_is_greeted_with_the_name_and_not_the_address(self, world: World) -> None:
        greeted: list[str | None] = []
        world.shown.sni_callback = lambda _socket, name, _context: greeted.append(name)
        async with world.outside(hello) as site, world.egress() as egress:
            await get(egress, "https://HOOK.example.:8443/path?q=1#part")

        assert greeted == ["hook.example"]
        assert (site.requests[0].host, site.requests[0].path_qs) == ("hook.example:8443", "/path?q=1")

    async def test_its_cookie_is_not_kept(self, world: World) -> None:
        recipe = partial(web.Response, headers={"Set-Cookie": "session=abc; Path=/"})
        async with world.outside(lambda _: recipe()) as site, world.egress() as egress:
            await get(egress, site.origin)
            await get(egress, site.origin)

        assert len(site.requests) == 2
        assert "Cookie" not in site.requests[1].headers

    async def test_its_body_is_capped(self, world: World) -> None:
        async with world.outside(lambda _: web.Response(body=bytes(2000))) as site, world.egress() as egress:
            with pytest.raises(Oversized):
                await get(egress, site.origin)


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("Host", "127.0.0.1"), ("Connection", "upgrade"), ("Transfer-Encoding", "chunked"), ("Upgrade", "h2c")),
            *(("Content-Length", "5"), ("Proxy-Authorization", "x"), ("Accept-Encoding", "br"), ("X Y", "1")),
            *(("X-A", "1\r\nHost: b"), ("X-A", "1\n"), ("X-A", "\x00"), ("X-A\r\nX-B", "1"), ("X-A", "é"), ("", "1")),
        ],
    )
    async def test_one_that_steers_the_connection_is_refused(self, world: World, name: str, value: str) -> None:
        async with world.egress() as egress:
            with pytest.raises(Blocked) as caught:
                await get(egress, "https://hook.example/", headers={name: value})

        assert (caught.value.reason, world.dialled) == (Reason.HEADER, [])
