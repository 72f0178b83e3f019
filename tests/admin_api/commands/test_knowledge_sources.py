"""What `masteria knowledge add` takes a word of its line for, and what it reads there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from admin_api.commands.knowledge_adding import Outcome, added
from admin_api.commands.knowledge_desk import Desk as CommandDesk
from admin_api.commands.knowledge_sources import Thing, hand_over, things
from core.clock import Deadline
from core.errors import Malformed, NotFound
from core.floor import Floor
from core.models.ingestion import ItemState, JobState
from core.storage import open_storage
from knowledge.handing_over import Desk
from knowledge.reading import open_reader
from knowledge.stores import bases
from knowledge.stores.documents import MOST_PIECES
from tests.knowledge.shelving import new_company

_MAP = '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'


@asynccontextmanager
async def visiting(sources: Desk, *pages: str) -> AsyncIterator[tuple[str, Desk]]:
    """A desk to whose web there is one site: these pages, a map that names them, and one in trouble."""
    origin = ""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/sitemap.xml":
            named = "".join(f"<url><loc>{origin}{page}</loc></url>" for page in pages)
            return web.Response(text=_MAP.format(named), content_type="application/xml")
        if request.path in pages:
            return web.Response(text=f"<p>{request.path}</p>", content_type="text/html", charset="utf-8")
        return web.Response(status=503 if request.path == "/trouble" else 404)

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield origin, replace(sources, loopback=frozenset({origin}))
    finally:
        await runner.cleanup()


class TestThings:
    def test_a_file_a_page_and_a_map_are_told_apart(self, tmp_path: Path) -> None:
        file = tmp_path / "a.md"
        file.write_text("a")
        found = things([str(file), "https://exemplo.com.br/ajuda", "https://exemplo.com.br/sitemap.xml", "-"], "b.txt")
        assert [one.name for one in found[:2]] == ["a.md", "https://exemplo.com.br/ajuda"]
        assert [one.is_site_map for one in found] == [False, False, True, False]
        assert found[3] == Thing(name="b.txt")

    def test_what_is_not_there_or_there_twice_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="nada"):
            things(["nada.md"], None)
        with pytest.raises(NotFound, match="no files"):
            things([str(tmp_path)], None)
        with pytest.raises(Malformed, match="twice"):
            things(["https://exemplo.com.br/a", "https://exemplo.com.br/a"], None)


@pytest.fixture
async def desk(floor: Floor) -> CommandDesk:
    company = await new_company(floor)
    return CommandDesk(database=floor.database, company=company, embeddings=None)


@pytest.fixture
def sources(floor: Floor, tmp_path: Path) -> Desk:
    return Desk(database=floor.database, ring=floor.ring, storage=open_storage((tmp_path / "storage").as_uri()))


def _states(outcomes: list[Outcome]) -> list[tuple[str, ItemState]]:
    return [(one.name, one.state) for one in outcomes]


class TestAdded:
    async def test_a_map_becomes_its_pages(self, desk: CommandDesk, sources: Desk) -> None:
        async with visiting(sources, "/a", "/b") as (origin, here):
            outcomes = await added(desk, here, "loja", things([f"{origin}/sitemap.xml"], None))
        assert _states(outcomes) == [(f"{origin}/a", ItemState.DONE), (f"{origin}/b", ItemState.DONE)]
        assert [one.put and one.put.added for one in outcomes] == [1, 1]

    async def test_one_source_spoils_no_other(self, desk: CommandDesk, sources: Desk, tmp_path: Path) -> None:
        good = tmp_path / "bom.txt"
        good.write_text("Abrimos cedo.")
        gone = Thing(name="sumiu.txt", path=tmp_path / "sumiu.txt")
        vast = tmp_path / "vasto.json"
        vast.write_text(json.dumps([{"pergunta": f"{n}?", "resposta": f"{n}."} for n in range(MOST_PIECES + 1)]))
        blank = Thing(name="docs/ \udce9 ", path=good)
        async with visiting(sources) as (origin, here):
            told = [gone, blank, *things([f"{origin}/outro.xml", f"{origin}/nada", str(vast), str(good)], None)]
            outcomes = await added(desk, here, "loja", told)
        assert [state for _, state in _states(outcomes)] == [ItemState.REFUSED] * 5 + [ItemState.DONE]
        reasons = [one.reason.en for one in outcomes if one.reason is not None]
        assert reasons[0] == "I could not read it: No such file or directory."
        assert reasons[2:4] == ["I could not read it: the page does not exist any more."] * 2
        assert reasons[4] == "I could not read it: it has too much text: split the document."

    async def test_what_waits_for_its_site_is_left_to_the_worker(self, desk: CommandDesk, sources: Desk) -> None:
        async with visiting(sources, "/a") as (origin, here):
            outcomes = await added(desk, here, "loja", things([f"{origin}/trouble", f"{origin}/a"], None))
        assert [state for _, state in _states(outcomes)] == [ItemState.WAITING, ItemState.DONE]
        reason = outcomes[0].reason
        assert reason is not None
        assert reason.pt == "Não consegui ler: o site está com problemas. O worker tenta de novo em instantes."
        assert not outcomes[0].is_in

    async def test_what_was_handed_over_and_not_read_is_a_job_for_anyone(
        self, desk: CommandDesk, sources: Desk, tmp_path: Path
    ) -> None:
        file = tmp_path / "a.txt"
        file.write_text("Abrimos cedo.")
        async with desk.session() as session:
            base = await bases.ensure(session, "loja")
        job = await hand_over(sources, desk.company, base, Thing(name="docs/a.txt", path=file))
        assert isinstance(job, UUID)
        async with open_reader(sources, desk.company, job) as reader:
            progress = await reader.read(Deadline.after(30))
        assert (progress.state, progress.name) == (JobState.DONE, "docs/a.txt")
