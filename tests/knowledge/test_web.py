"""Pages by their address: what a site asks for is kept to, what is refused says why, and no other site is visited."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from core.egress import open_egress
from knowledge.documents import Refusal, RefusalReason
from knowledge.robots import EVERYTHING, read_robots
from knowledge.web import MOST_PAGE_BYTES, Fetched, NotFetched, Visitor, WebReason
from tests.fixtures.addresses import HOSTILE
from tests.fixtures.egress_world import Names

Page = str | bytes | int | web.Response | Callable[[str], str] | None


@dataclass(slots=True)
class Site:
    """A site of this machine, as a visitor finds it."""

    pages: Mapping[str, Page]
    origin: str = ""
    asked: list[str] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request.path)
        page = self.pages.get(request.path, 404)
        if callable(page):
            page = page(self.origin)
        match page:
            case int():
                return web.Response(status=page)
            case None:  # says nothing at all
                await self.is_over.wait()
                return web.Response(status=503)
            case web.Response():
                return page
            case bytes():
                return web.Response(body=page)
        return web.Response(text=page, content_type="text/html", charset="utf-8")


@asynccontextmanager
async def _serve(pages: Mapping[str, Page]) -> AsyncIterator[Site]:
    site = Site(pages)
    runner = web.ServerRunner(web.Server(site.answer), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        site.is_over.set()
        await runner.cleanup()


@asynccontextmanager
async def _visit(pages: Mapping[str, Page]) -> AsyncIterator[tuple[Site, Visitor]]:
    async with _serve(pages) as site, open_egress(loopback=frozenset({site.origin})) as egress:
        yield site, Visitor(egress, pause=0.0, loopback=frozenset({site.origin}))


def _away(place: str) -> web.Response:
    return web.Response(status=302, headers={"Location": place})


class TestPage:
    async def test_it_is_fetched_with_the_charset_that_was_declared(self) -> None:
        answer = web.Response(body="Açaí".encode("cp1252"), headers={"Content-Type": 'text/html; Charset="ISO-8859-1"'})
        async with _visit({"/a": answer}) as (site, visitor):
            page = await visitor.page(f"{site.origin}/a")

        assert page == Fetched(address=f"{site.origin}/a", data="Açaí".encode("cp1252"), charset="ISO-8859-1")

    async def test_a_page_that_robots_may_not_read_is_not_asked_for(self) -> None:
        async with _visit({"/robots.txt": "User-agent: *\nDisallow: /privado", "/privado": "x", "/livre": "y"}) as (
            site,
            visitor,
        ):
            closed = await visitor.page(f"{site.origin}/privado")
            open_one = await visitor.page(f"{site.origin}/livre")

        assert closed == NotFetched(reason=WebReason.ROBOTS)
        assert isinstance(open_one, Fetched)
        assert site.asked == ["/robots.txt", "/livre"]

    async def test_where_robots_cannot_be_asked_nothing_is_read(self) -> None:
        async with _visit({"/robots.txt": 503, "/": "x"}) as (site, visitor):
            assert await visitor.page(f"{site.origin}/") == NotFetched(reason=WebReason.ROBOTS)

    @pytest.mark.parametrize(
        ("page", "reason"),
        [
            (404, WebReason.MISSING),
            (410, WebReason.MISSING),
            (401, WebReason.CLOSED),
            (429, WebReason.TROUBLE),
            (500, WebReason.TROUBLE),
            (bytes(MOST_PAGE_BYTES + 1), WebReason.PAGE_TOO_LARGE),
        ],
    )
    async def test_what_cannot_be_had_says_why(self, page: Page, reason: WebReason) -> None:
        async with _visit({"/a": page}) as (site, visitor):
            assert await visitor.page(f"{site.origin}/a") == NotFetched(reason=reason)

    @pytest.mark.parametrize(
        "address",
        [
            "file:///etc/passwd",
            "gopher://a.example/",
            "http://127.0.0.1:1/",
            "https://0x7f.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://user@a.example/",
            "https://169.254.169.254/latest",
            "https://",
            "https://[",
            "pão",
            "https://a.example/" + "a" * 3000,
        ],
    )
    async def test_an_address_that_leads_inside_is_refused(self, address: str) -> None:
        async with _visit({}) as (site, visitor):
            assert await visitor.page(address) == NotFetched(reason=WebReason.ADDRESS)
            assert site.asked == []

    async def test_no_form_of_an_address_that_leads_inside_gets_a_connection(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names, dialled = Names(), list[object]()

        def connect(plug: socket.socket, place: object) -> None:
            del plug
            dialled.append(place)
            raise ConnectionRefusedError("nothing leaves the machine")

        monkeypatch.setattr(socket.socket, "connect", connect)
        async with open_egress(lookup=names) as egress:
            visitor = Visitor(egress, pause=0.0)
            ends = [await visitor.page(address) for address in HOSTILE]

        assert ends == [NotFetched(reason=WebReason.ADDRESS)] * len(HOSTILE)
        assert (names.asked, dialled) == ([], [])

    async def test_a_page_that_leads_inside_is_refused(self) -> None:
        async with _visit({"/a": _away("http://127.0.0.1:1/secret")}) as (site, visitor):
            assert await visitor.page(f"{site.origin}/a") == NotFetched(reason=WebReason.ADDRESS)


class TestRedirect:
    async def test_within_the_site_it_is_followed(self) -> None:
        async with _visit({"/a": _away("/b"), "/b": "x"}) as (site, visitor):
            page = await visitor.page(f"{site.origin}/a")

        assert page == Fetched(address=f"{site.origin}/a", data=b"x", charset="utf-8")

    async def test_what_robots_may_not_read_is_not_asked_for_behind_one_either(self) -> None:
        pages: dict[str, Page] = {
            "/robots.txt": "User-agent: *\nDisallow: /privado",
            "/a": _away("/privado"),
            "/privado": "x",
        }
        async with _visit(pages) as (site, visitor):
            assert await visitor.page(f"{site.origin}/a") == NotFetched(reason=WebReason.ROBOTS)
            assert site.asked == ["/robots.txt", "/a"]

    @pytest.mark.parametrize("way", ["page", "pages_of"])
    async def test_none_leads_to_another_site_which_is_not_even_asked(self, way: str) -> None:
        async with _serve({"/x": "x"}) as other, _serve({"/a": _away(f"{other.origin}/x")}) as site:
            both = frozenset({site.origin, other.origin})
            async with open_egress(loopback=both) as egress:
                ask = getattr(Visitor(egress, pause=0.0, loopback=both), way)
                assert await ask(f"{site.origin}/a") == NotFetched(reason=WebReason.ELSEWHERE)

        assert other.asked == []

    @pytest.mark.parametrize(("rules", "is_read"), [("", True), ("User-agent: *\nDisallow: /a", False)])
    async def test_with_and_without_www_is_one_site_and_each_name_has_its_own_robots(
        self, rules: str, *, is_read: bool
    ) -> None:
        async with _serve({"/a": "x", "/robots.txt": rules}) as there:
            www, bare = (there.origin.replace("127.0.0.1", name) for name in ("www.loja.example", "loja.example"))
            there.pages = {**there.pages, "/b": _away(f"{www}/a")}
            async with open_egress(loopback=frozenset({bare, www}), lookup=Names([["127.0.0.1"]])) as egress:
                page = await Visitor(egress, pause=0.0, loopback=frozenset({bare, www})).page(f"{bare}/b")

        assert isinstance(page, Fetched) is is_read
        assert there.asked == ["/robots.txt", "/b", "/robots.txt", *(["/a"] if is_read else [])]


def _map(*places: str) -> Callable[[str], str]:
    def made(origin: str) -> str:
        return f"<urlset>{''.join(f'<url><loc>{place.format(origin)}</loc></url>' for place in places)}</urlset>"

    return made


class TestPagesOf:
    async def test_pages_of_other_sites_are_left_out(self) -> None:
        places = _map("{}/1", "https://outra.example/2", "{}/3")
        async with _visit({"/sitemap.xml": places}) as (site, visitor):
            assert await visitor.pages_of(f"{site.origin}/sitemap.xml") == (f"{site.origin}/1", f"{site.origin}/3")

    async def test_maps_in_maps_are_followed_one_step(self) -> None:
        def index(origin: str) -> str:
            inner = "".join(
                f"<sitemap><loc>{origin}/{name}.xml</loc></sitemap>" for name in ("a", "b", "index", "gone")
            )
            return f"<sitemapindex>{inner}</sitemapindex>"

        async with _visit({"/index.xml": index, "/a.xml": _map("{}/1"), "/b.xml": index}) as (site, visitor):
            assert await visitor.pages_of(f"{site.origin}/index.xml") == (f"{site.origin}/1",)
            assert len(site.asked) == len(set(site.asked))

    async def test_a_map_of_nothing_says_so(self) -> None:
        async with _visit({"/sitemap.xml": _map("https://outra.example/2")}) as (site, visitor):
            pages = await visitor.pages_of(f"{site.origin}/sitemap.xml")

        assert pages == NotFetched(reason=WebReason.NO_PAGES)

    async def test_it_takes_no_longer_than_it_may_and_gives_what_was_found_by_then(self) -> None:
        def index(origin: str) -> str:
            inner = "".join(f"<sitemap><loc>{origin}/{name}.xml</loc></sitemap>" for name in "abcdefgh")
            return f"<sitemapindex><url><loc>{origin}/1</loc></url>{inner}</sitemapindex>"

        pages: dict[str, Page] = {"/index.xml": index, **{f"/{name}.xml": None for name in "abcdefgh"}}
        async with _visit(pages) as (site, visitor):
            visitor.listing_seconds = 2.0
            assert await visitor.pages_of(f"{site.origin}/index.xml") == (f"{site.origin}/1",)
            assert len(site.asked) < len(pages)

    async def test_where_the_time_was_too_short_for_any_page_the_site_did_not_answer(self) -> None:
        async with _visit({"/sitemap.xml": None}) as (site, visitor):
            visitor.listing_seconds = 0.2
            pages = await visitor.pages_of(f"{site.origin}/sitemap.xml")

        assert pages == NotFetched(reason=WebReason.UNREACHABLE)

    async def test_a_map_that_robots_may_not_read_is_not_asked_for(self) -> None:
        pages: dict[str, Page] = {"/robots.txt": "User-agent: *\nDisallow: /m", "/map.xml": _map("{}/1")}
        async with _visit(pages) as (site, visitor):
            assert await visitor.pages_of(f"{site.origin}/map.xml") == NotFetched(reason=WebReason.ROBOTS)
            assert site.asked == ["/robots.txt"]

    async def test_a_hostile_map_is_refused(self) -> None:
        hostile = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset/>'
        async with _visit({"/sitemap.xml": hostile}) as (site, visitor):
            assert await visitor.pages_of(f"{site.origin}/sitemap.xml") == Refusal(reason=RefusalReason.UNSAFE_XML)


class TestRobots:
    @pytest.mark.parametrize(
        ("rules", "place", "is_allowed"),
        [
            ("Disallow: /a", "/a/b", False),
            ("Disallow: /a", "/b", True),
            ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
            ("Disallow: /a/b\nAllow: /a", "/a/b/c", False),
            ("Disallow: /a\nAllow: /a", "/a", True),
            ("Disallow: /*.pdf$", "/x/y.pdf", False),
            ("Disallow: /*.pdf$", "/x/y.pdf?a=1", True),
            ("Disallow: /a*b*c", "/a-b-b", True),
            ("Disallow: /a*b*c", "/axxbxxcxx", False),
            ("Disallow: /*?ordem=", "/lista?ordem=1", False),
            ("Disallow: /a$", "/ab", True),
            ("Disallow:", "/a", True),
            ("Disallow: /", "/robots.txt", True),
            ("disallow : / # tudo", "/a", False),
        ],
    )
    def test_the_longest_rule_that_fits_decides(self, rules: str, place: str, *, is_allowed: bool) -> None:
        robots = read_robots(f"User-Agent: *\n{rules}")

        assert robots.allow(f"https://a.example{place}") is is_allowed

    def test_a_group_that_names_us_goes_before_everybodys(self) -> None:
        robots = read_robots(
            "User-agent: *\nDisallow: /\n\nUser-agent: outro\nUser-agent: Master-IA\nDisallow: /x\nCrawl-delay: 99"
        )

        assert robots.allow("https://a.example/y")
        assert not robots.allow("https://a.example/x")
        assert robots.pause == 10.0

    def test_what_is_no_rule_is_overlooked(self) -> None:
        assert read_robots("\ufeff<html>nada</html>\nDisallow: /\nUser-agent\n\0").allow("https://a.example/")
        assert read_robots("") == EVERYTHING

    def test_a_rule_made_to_take_long_takes_no_time(self) -> None:
        robots = read_robots("User-agent: *\nDisallow: /" + "*a" * 250 + "b$")

        assert robots.allow("https://a.example/" + "a" * 2000)
