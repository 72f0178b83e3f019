"""The process that reads a stranger's file: what it can do, what it may take, and what is heard of it."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Final

import pytest

from knowledge.documents import BlockKind, Loaded, Refusal, RefusalReason, SourceKind
from knowledge.hearing import Unheard, hear
from knowledge.loaders.answers import Folder, Hints, Member, SiteMap, Skipped, encode
from knowledge.loaders.walls import KEEPS_PACKETS_IN, Wall
from knowledge.parsing import CELL, MOST_BYTES, Cell, _ask, read_site_map, read_source
from tests.knowledge.forging import Words, docx, paragraph, row, text_pdf, xlsx, zipped

_PRYING: Final = "tests.knowledge.prying"
_BRICKED: Final = (sys.executable, "-I", "-X", "utf8", "-m", "tests.knowledge.bricked")


def _said(**fields: object) -> bytes:
    whole = {"title": "t", "kind": "txt", "headings": [[]], "blocks": [], "notes": []} | fields
    return json.dumps({"loaded": whole}).encode()


async def _pry(data: bytes, cell: Cell = CELL) -> object:
    return await _ask(_PRYING, data, Hints(), cell)


class TestWalls:
    async def test_a_loader_gets_away_with_nothing(self) -> None:
        assert await _pry(b"everything") == SiteMap(pages=())

    def test_without_walls_it_would(self) -> None:
        code = "from tests.knowledge.prying import _got_away; print(_got_away())"
        run = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

        assert all(name in run.stdout for name in ("_talk_locally", "_read_variables", "_start", "_fork"))

    async def test_it_knows_no_variable_of_ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://secret")

        found = await _pry(b"variables")

        assert isinstance(found, SiteMap)
        assert set(found.pages) <= {"LC_CTYPE"}

    async def test_more_memory_than_allowed_is_a_refusal(self) -> None:
        assert await _pry(b"memory") == Refusal(reason=RefusalReason.TOO_HEAVY)

    async def test_more_time_than_allowed_is_a_refusal(self) -> None:
        assert await _pry(b"time", replace(CELL, wall_seconds=0.8)) == Refusal(reason=RefusalReason.TOO_SLOW)

    async def test_whoever_says_too_much_is_cut_off(self) -> None:
        said = await _pry(b"flood", replace(CELL, most_said=1 << 20))

        assert isinstance(said, Refusal)

    async def test_where_no_wall_can_stand_nothing_is_read(self) -> None:
        refusal = await read_source(b"Abrimos cedo.", cell=Cell(python=_BRICKED))

        assert refusal == Refusal(reason=RefusalReason.NO_SAFE_PLACE)

    def test_a_user_who_owns_nothing_is_not_enough(self) -> None:
        assert not {Wall.NOBODY} & KEEPS_PACKETS_IN


class TestReadSource:
    """A good file of each kind, behind the walls, where nothing is imported late."""

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (text_pdf([Words("Horário", 750, size=20), Words("Abrimos cedo.", 700)]), SourceKind.PDF),
            (docx(paragraph("Abrimos cedo.")), SourceKind.DOCX),
            (xlsx({"Preços": row("Produto", "Preço") + row("Pão", "1,00")}), SourceKind.XLSX),
            (b"<html><body><p>Abrimos cedo.</p></body></html>", SourceKind.HTML),
            (b"# Loja\n\nAbrimos cedo.\n", SourceKind.MARKDOWN),
            (b"Abrimos cedo.", SourceKind.TXT),
            ("Açaí".encode("cp1252"), SourceKind.TXT),
            ("Açaí".encode("utf-16"), SourceKind.TXT),
            ("produto;preço\npão;1,00\n".encode(), SourceKind.CSV),
            (b'[{"nome": "Ana", "idade": 3}]', SourceKind.JSON),
            (b'[{"pergunta": "Abrem?", "resposta": "Sim."}]', SourceKind.PAIRS),
        ],
    )
    async def test_each_kind_is_told_by_its_bytes(self, data: bytes, kind: SourceKind) -> None:
        loaded = await read_source(data, Hints(name="sem-tipo"))

        assert isinstance(loaded, Loaded)
        assert (loaded.kind, loaded.blocks != ()) == (kind, True)

    async def test_a_folder_gives_its_files(self) -> None:
        nested = zipped({"fundo.txt": "x"})
        data = zipped({"a/um.txt": "Um.", "__MACOSX/._um.txt": "", ".DS_Store": "", "dois.zip": nested})

        folder = await read_source(data)

        assert folder == Folder(
            members=(Member(name="a/um.txt", data=b"Um."),),
            skipped=(Skipped(name="dois.zip", reason=RefusalReason.NESTED_FOLDER),),
        )

    async def test_a_word_file_in_a_folder_is_a_file(self) -> None:
        folder = await read_source(zipped({"a.docx": docx(paragraph("Oi"))}))

        assert isinstance(folder, Folder)
        assert len(folder.members) == 1

    async def test_what_is_too_large_is_not_even_looked_at(self) -> None:
        assert await read_source(bytes(MOST_BYTES + 1)) == Refusal(reason=RefusalReason.TOO_LARGE)

    def test_a_refusal_says_so_in_portuguese_first(self) -> None:
        assert Refusal(reason=RefusalReason.EMPTY).words.pt == "Não consegui ler: o arquivo está vazio."


class TestReadSiteMap:
    async def test_it_gives_pages_and_further_maps(self) -> None:
        places = (
            b"<urlset><url><loc> https://a.example/1 </loc></url><url><loc>https://a.example/1</loc></url></urlset>"
        )
        maps = b"<sitemapindex><sitemap><loc>https://a.example/m.xml</loc></sitemap></sitemapindex>"

        assert await read_site_map(places) == SiteMap(pages=("https://a.example/1",))
        assert await read_site_map(maps) == SiteMap(pages=(), maps=("https://a.example/m.xml",))

    async def test_an_entity_is_refused(self) -> None:
        hostile = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><urlset><url><loc>&e;</loc></url></urlset>'

        assert await read_site_map(hostile) == Refusal(reason=RefusalReason.UNSAFE_XML)


class TestHear:
    """A child may have been taken over by its file: what it says is not believed."""

    @pytest.mark.parametrize(
        "said",
        [
            b"",
            b"{}",
            b"null",
            b"[" * 100_000,
            b'{"refused": "NO_SUCH_REASON"}',
            b'{"folder": {"members": [["a", 5]], "skipped": []}}\nabc',
            b'{"loaded": {"title": "t", "kind": "exe", "headings": [], "blocks": [], "notes": []}}',
            _said(blocks=[["x", "text", 3, None]]),
            _said(blocks=[["x", "text", 0, -1]]),
            _said(blocks=[["x" * (6 << 20), "text", 0, None]]),
            _said(blocks=[["x", "text", 0, None]]).replace(b"x", rb"\ud800"),
        ],
    )
    def test_what_no_loader_says_is_not_heard(self, said: bytes) -> None:
        assert hear(said) == Unheard()

    def test_what_a_loader_says_is_heard_as_it_was_said(self) -> None:
        folder = Folder(members=(Member(name="a", data=b"\n\0x"), Member(name="b", data=b"")))

        assert hear(encode(folder)) == folder
        assert hear(encode(RefusalReason.BOMB)) == Refusal(reason=RefusalReason.BOMB)

    def test_a_character_that_no_database_keeps_is_taken_out(self) -> None:
        said = _said(title="a\0b", headings=[["c\0"]], blocks=[["d\0", "row", 0, 2]])

        heard = hear(said)

        assert isinstance(heard, Loaded)
        assert (heard.title, heard.blocks[0].text, heard.blocks[0].headings) == ("a b", "d ", ("c ",))
        assert (heard.blocks[0].kind, heard.blocks[0].page) == (BlockKind.ROW, 2)
