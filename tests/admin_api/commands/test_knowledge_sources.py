"""What `masteria knowledge add` takes a word of its line for, and what it reads there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from admin_api.commands.knowledge_sources import Got, Thing, read, things, with_pages
from core.egress import open_egress
from core.errors import Malformed, NotFound, Refused
from core.texts import Text
from knowledge.web import Visitor

_MAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


@asynccontextmanager
async def visiting(*pages: str) -> AsyncIterator[tuple[str, Visitor]]:
    """A site of these pages and a map that names them."""
    origin = ""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/sitemap.xml":
            named = "".join(f"<url><loc>{origin}{page}</loc></url>" for page in pages)
            return web.Response(text=_MAP.format(named), content_type="application/xml")
        if request.path in pages:
            return web.Response(text=f"<p>{request.path}</p>", content_type="text/html", charset="utf-8")
        return web.Response(status=404)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    ours = frozenset({origin})
    try:
        async with open_egress(loopback=ours) as egress:
            yield origin, Visitor(egress, pause=0.0, loopback=ours)
    finally:
        await runner.cleanup()


class TestThings:
    def test_a_file_a_page_and_a_map_are_told_apart(self, tmp_path: Path) -> None:
        file = tmp_path / "a.md"
        file.write_text("a")
        found = things([str(file), "https://exemplo.com.br/ajuda", "https://exemplo.com.br/sitemap.xml", "-"])
        assert [one.name for one in found[:2]] == ["a.md", "https://exemplo.com.br/ajuda"]
        assert [one.is_site_map for one in found] == [False, False, True, False]
        assert found[3] == Thing(name="texto-colado.txt")

    def test_what_is_not_there_or_there_twice_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="nada"):
            things(["nada.md"])
        with pytest.raises(NotFound, match="no files"):
            things([str(tmp_path)])
        with pytest.raises(Malformed, match="twice"):
            things(["https://exemplo.com.br/a", "https://exemplo.com.br/a"])


class TestWeb:
    async def test_a_map_becomes_its_pages_each_read_by_its_address(self) -> None:
        async with visiting("/a", "/b") as (origin, visitor):
            told = [Thing(name="x.md", path=Path("x.md")), *things([f"{origin}/sitemap.xml", f"{origin}/a"])]
            found = await with_pages(told, visitor)
            page = await read(found[1], visitor)
        assert [one.name for one in found] == ["x.md", f"{origin}/a", f"{origin}/b"]
        assert page == Got(data=b"<p>/a</p>", charset="utf-8")

    async def test_a_page_that_is_gone_is_a_reason_and_a_map_that_is_gone_an_error(self) -> None:
        async with visiting("/a") as (origin, visitor):
            gone = await read(things([f"{origin}/nada"])[0], visitor)
            with pytest.raises(Refused, match="does not exist"):
                await with_pages(things([f"{origin}/outro.xml"]), visitor)
        assert isinstance(gone, Text)
        assert "não existe mais" in gone.pt
