"""`masteria knowledge`: documents put on the shelf, asked, listed and taken away, as a person does it."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.models.knowledge import SpaceState
from core.models.record import AuditEntry
from knowledge import gaps
from knowledge.stores import spaces
from sandbox.world import Sandbox
from tests.fixtures.shelf import FAQ, put
from tests.fixtures.shells import Shell

HERE = ("--company", "ana", "--base", "ajuda")


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    file = folder / "ajuda.md"
    file.write_text(FAQ)
    return file


async def shelve(shell: Shell) -> None:
    async with shell.database.tenant_session(shell.company) as session:
        await put(session)


def zipped(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.md", content)
    return made.getvalue()


class TestAdd:
    async def test_a_file_becomes_passages_and_what_became_of_it_is_said(self, shell: Shell, faq: Path) -> None:
        ran = await shell.run("knowledge", "add", str(faq), *HERE)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("✓ ajuda.md: ")
        assert "0 a menos" in ran.out

    async def test_run_again_it_reads_nothing_that_did_not_change(self, shell: Shell, faq: Path) -> None:
        await shell.run("knowledge", "add", str(faq), *HERE)
        assert (await shell.run("knowledge", "add", str(faq), *HERE)).out == "= ajuda.md: sem mudança\n"
        more = "## Loja\n\n" + "A loja física fica no centro e abre todos os dias da semana. " * 8
        await asyncio.to_thread(faq.write_text, f"{FAQ}\n\n{more}")
        [told] = (await shell.run("knowledge", "add", str(faq), *HERE, "--json")).json()
        assert (told["state"], told["passages"]["added"] > 0) == ("added", True)

    async def test_a_folder_is_read_without_what_is_hidden_or_leads_out_of_it(self, shell: Shell, faq: Path) -> None:
        (faq.parent / ".hidden.md").write_text("# Segredo\n\nNinguém deve ler isto.")
        (faq.parent / "link.md").symlink_to("/etc/hostname")
        (faq.parent / "mais").mkdir()
        (faq.parent / "mais" / "loja.txt").write_text("A loja abre às 9h de segunda a sexta.")
        told = (await shell.run("knowledge", "add", str(faq.parent), *HERE, "--json")).json()
        assert [one["name"] for one in told] == ["docs/ajuda.md", "docs/mais/loja.txt"]

    async def test_a_zip_is_a_folder(self, shell: Shell, tmp_path: Path) -> None:
        (tmp_path / "tudo.zip").write_bytes(zipped(ajuda=FAQ, loja="A loja abre às 9h."))
        told = (await shell.run("knowledge", "add", str(tmp_path / "tudo.zip"), *HERE, "--json")).json()
        assert {one["name"]: one["state"] for one in told} == {
            "tudo.zip/ajuda.md": "added",
            "tudo.zip/loja.md": "added",
        }

    async def test_what_cannot_be_read_is_told_why_and_the_rest_is_kept(self, shell: Shell, faq: Path) -> None:
        (faq.parent / "programa.md").write_bytes(b"\x7fELF" + bytes(200))
        ran = await shell.run("knowledge", "add", str(faq.parent), *HERE)
        assert ran.code == 1
        assert "✓ docs/ajuda.md" in ran.out
        assert "✗ docs/programa.md: Não consegui ler: é um programa" in ran.out

    async def test_text_can_be_pasted(self, shell: Shell) -> None:
        told = "A loja abre às 9h de segunda a sexta."
        ran = await shell.run("knowledge", "add", "-", "--name", "horário.txt", *HERE, told=told)
        assert ran.out.startswith("✓ horário.txt: 1 trecho(s)")

    async def test_what_is_pasted_needs_a_name_of_its_own(self, shell: Shell, faq: Path) -> None:
        for words in (("-",), (str(faq), "--name", "a.txt")):
            ran = await shell.run("knowledge", "add", *words, *HERE, told="A loja abre às 9h.")
            assert (ran.code, ran.out) == (2, "")
            assert "--name" in ran.err

    async def test_content_that_takes_the_place_of_another_is_told(self, shell: Shell, faq: Path) -> None:
        other = faq.parent / "b" / "ajuda.md"
        other.parent.mkdir()
        other.write_text("# Outra\n\nOutra coisa.")
        first = await shell.run("knowledge", "add", str(faq), *HERE)
        second = await shell.run("knowledge", "add", str(other), *HERE)
        assert "nada ficou do que havia com este nome" not in first.out
        assert "nada ficou do que havia com este nome" in second.out

    async def test_an_address_inside_the_house_is_not_visited(self, shell: Shell) -> None:
        ran = await shell.run("knowledge", "add", "http://127.0.0.1:9/pagina", *HERE)
        assert ran.code == 1
        assert "o endereço não pode ser visitado" in ran.out

    @pytest.mark.parametrize(
        ("words", "code", "named"),
        [
            (("nada.md", *HERE), 1, "nada.md"),
            (("x.md", "--company", "ana"), 2, "--base"),
            (("x.md", "--base", "a", "--company", "zeca"), 1, "zeca"),
        ],
    )
    async def test_what_makes_no_sense_is_one_line(
        self, shell: Shell, words: tuple[str, ...], code: int, named: str
    ) -> None:
        ran = await shell.run("knowledge", "add", *words)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (code, "", 1)
        assert named in ran.err

    async def test_two_files_of_one_name_do_not_overwrite_each_other(self, shell: Shell, faq: Path) -> None:
        (faq.parent / "b").mkdir()
        (faq.parent / "b" / "ajuda.md").write_text("# Outra\n\nOutra coisa.")
        ran = await shell.run("knowledge", "add", str(faq), str(faq.parent / "b" / "ajuda.md"), *HERE)
        assert (ran.code, ran.out) == (2, "")
        assert "ajuda.md" in ran.err

    async def test_who_did_it_is_on_record_without_what_it_says(self, shell: Shell, faq: Path) -> None:
        await shell.run("knowledge", "add", str(faq), *HERE)
        async with shell.database.tenant_session(shell.company) as session:
            [entry] = await session.scalars(select(AuditEntry).where(AuditEntry.action == "knowledge.handed_over"))
        assert (entry.actor_kind, entry.detail["source"]) == (OPERATOR.kind, "ajuda.md")
        assert "garantia" not in str(entry.detail)


class TestAsk:
    async def test_passages_come_with_scores_and_where_they_are_from(self, shell: Shell) -> None:
        await shelve(shell)
        ran = await shell.run("knowledge", "ask", "qual a garantia dos produtos?", "--company", "ana")
        first, second = ran.out.splitlines()[:2]
        assert first.startswith("1. 0.")
        assert "ajuda · Ajuda da loja" in first
        assert "(ajuda.md)" in first
        assert "12 meses" in second

    async def test_for_a_script_it_says_whether_there_is_an_answer(self, shell: Shell) -> None:
        await shelve(shell)
        ask = ("knowledge", "ask", "--company", "ana", "--json", "--most", "1")
        known = (await shell.run(*ask, "qual o prazo de entrega para as capitais?")).json()
        assert known["is_answer"]
        assert known["passages"][0]["source"] == "ajuda.md"
        assert not (await shell.run(*ask, "vocês vendem geladeira usada?")).json()["is_answer"]

    async def test_the_only_company_need_not_be_named(self, shell: Shell) -> None:
        await shelve(shell)
        assert "12 meses" in (await shell.run("knowledge", "ask", "qual a garantia?")).out
        await create_company(shell.database, shell.ring, NewCompany(slug="beto", name="Oficina do Beto"), OPERATOR)
        ran = await shell.run("knowledge", "ask", "qual a garantia?")
        assert (ran.code, ran.out) == (2, "")
        assert "--company" in ran.err

    async def test_a_base_that_does_not_exist_is_named(self, shell: Shell) -> None:
        ran = await shell.run("knowledge", "ask", "oi?", "--company", "ana", "--base", "nenhuma")
        assert ran.code == 1
        assert "nenhuma" in ran.err

    async def test_nothing_found_is_an_answer(self, shell: Shell) -> None:
        ran = await shell.run("knowledge", "ask", "qual a garantia?", "--company", "ana")
        assert (ran.code, ran.out) == (0, "Não encontrei nada.\n")

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("ask", "  "), "✗ Escreva a pergunta."),
            (("ask", "prazo", "--most", "0"), "0: diga de 1 a 50"),
            (("ask", "prazo", "--most", "dez"), "dez: diga de 1 a 50"),
            (("gaps", "--dismiss", "abc"), "abc: copie o ID que a lista mostra"),
            (("answers", "--withdraw", "abc"), "abc: copie o ID que a lista mostra"),
            (("settle", "abc"), "abc: copie o ID que a lista mostra"),
        ],
    )
    async def test_what_cannot_be_meant_says_what_to_write(
        self, shell: Shell, arguments: tuple[str, ...], told: str
    ) -> None:
        ran = await shell.run("knowledge", *arguments, "--company", "ana")
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert told in ran.err

    async def test_help_says_of_each_action_what_it_does(self, shell: Shell) -> None:
        ran = await shell.run("knowledge", "--help")
        assert ran.code == 0
        assert all(told in ran.out for told in ("Lê documentos", "Mostra o que a busca acha", "Aposenta um documento"))


class TestListAndRemove:
    async def test_without_a_base_the_way_to_one_is_told(self, shell: Shell) -> None:
        assert "masteria knowledge add" in (await shell.run("knowledge", "list", "--company", "ana")).out

    async def test_bases_and_their_documents_are_counted(self, shell: Shell) -> None:
        await shelve(shell)
        assert "1 documento(s)" in (await shell.run("knowledge", "list", "--company", "ana")).out
        [row] = (await shell.run("knowledge", "list", *HERE, "--json")).json()
        assert (row["source"], row["title"], row["state"], row["version"]) == ("ajuda.md", "Ajuda da loja", "active", 1)

    async def test_a_document_that_was_removed_is_found_no_more(self, shell: Shell) -> None:
        await shelve(shell)
        ran = await shell.run("knowledge", "remove", "ajuda.md", *HERE)
        assert ran.out == "1 documento(s) a menos em ajuda.\n"
        assert "Não encontrei" in (await shell.run("knowledge", "ask", "qual a garantia?", "--company", "ana")).out

    async def test_a_base_goes_as_a_whole_only_when_that_is_said(self, shell: Shell) -> None:
        await shelve(shell)
        assert (await shell.run("knowledge", "remove", *HERE)).code == 2
        assert (await shell.run("knowledge", "remove", "nada.md", *HERE)).code == 1
        assert (await shell.run("knowledge", "remove", "--all", *HERE)).code == 0
        assert (await shell.run("knowledge", "list", "--company", "ana", "--json")).json() == []


class TestAnswersAndGaps:
    async def test_an_approved_answer_comes_before_passages_and_says_which_differ(self, shell: Shell) -> None:
        await shelve(shell)
        question = "qual a garantia dos produtos?"
        ran = await shell.run("knowledge", "approve", question, "A garantia é de 24 meses.", "--company", "ana")
        assert (ran.code, ran.out.startswith("✓ Resposta aprovada: ")) == (0, True)
        assert "diz outra coisa: " in ran.out
        asked = (await shell.run("knowledge", "ask", question, "--company", "ana")).out.splitlines()
        assert asked[0].startswith("Resposta aprovada (1.00)")
        assert asked[1] == "   A garantia é de 24 meses."

    async def test_one_question_has_one_answer_until_it_is_replaced_or_withdrawn(self, shell: Shell) -> None:
        words = ("qual a garantia dos produtos?", "São 24 meses.", "--company", "ana", "--json")
        made = (await shell.run("knowledge", "approve", *words)).json()
        assert (await shell.run("knowledge", "approve", *words)).code == 1
        other = (await shell.run("knowledge", "approve", *words, "--replacing", made["id"])).json()
        listed = ("knowledge", "answers", "--company", "ana", "--json")
        assert [one["id"] for one in (await shell.run(*listed)).json()] == [other["id"]]
        assert (await shell.run(*listed, "--withdraw", other["id"])).json() == []

    async def test_an_end_that_is_past_or_no_day_is_refused(self, shell: Shell) -> None:
        words = ("knowledge", "approve", "qual a garantia dos produtos?", "São 24 meses.", "--company", "ana")
        for until in ("2020-01-01", "amanhã"):
            ran = await shell.run(*words, "--until", until)
            assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)

    async def test_what_nothing_answered_is_counted_and_can_be_taken_off(self, shell: Shell) -> None:
        async with shell.database.tenant_session(shell.company) as session:
            for question in ("vocês vendem geladeira usada?", "vendem geladeira usada aí?", "tem vale-presente?"):
                await gaps.note(session, question)
        first, second = (await shell.run("knowledge", "gaps", "--company", "ana", "--json")).json()
        assert (first["asked"], second["question"]) == (2, "tem vale-presente?")
        left = (await shell.run("knowledge", "gaps", "--company", "ana", "--dismiss", first["id"])).out
        assert left.splitlines()[0].startswith("   1×")
        assert "geladeira" not in left

    async def test_without_gaps_that_is_said(self, shell: Shell) -> None:
        assert "Nenhuma pergunta" in (await shell.run("knowledge", "gaps", "--company", "ana")).out


class TestVectors:
    @pytest.fixture
    async def provider(self) -> AsyncIterator[Sandbox]:
        async with Sandbox.open(seed=1) as sandbox:
            sandbox.openai.add_key("sk-made-up", name="tests")
            yield sandbox

    @staticmethod
    def setting(provider: Sandbox, model: str = "openai/text-embedding-3-small?dimensions=256") -> dict[str, str]:
        told = {"MASTERIA_EMBEDDING_MODEL": model, "OPENAI_BASE_URL": provider.url}
        return told | {"OPENAI_API_KEY": "sk-made-up"}

    async def test_without_a_model_the_variable_is_named(self, shell: Shell) -> None:
        ran = await shell.run("knowledge", "reembed", "--company", "ana")
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert "MASTERIA_EMBEDDING_MODEL" in ran.err

    async def test_all_passages_get_theirs_and_search_goes_by_them(self, shell: Shell, provider: Sandbox) -> None:
        await shelve(shell)
        first = (await shell.run("knowledge", "reembed", "--company", "ana", "--json", **self.setting(provider))).json()
        again = (await shell.run("knowledge", "reembed", "--company", "ana", "--json", **self.setting(provider))).json()
        assert (first["model"], first["dimensions"], first["made"] > 0) == ("openai/text-embedding-3-small", 256, True)
        assert again["made"] == 0
        ran = await shell.run("knowledge", "ask", "qual a garantia?", "--company", "ana", **self.setting(provider))
        assert "12 meses" in ran.out

    async def test_the_model_before_is_kept_to_go_back_to_and_those_before_that_one_are_not(
        self, shell: Shell, provider: Sandbox
    ) -> None:
        await shelve(shell)
        made = []
        for size in (256, 512, 768, 512):
            setting = self.setting(provider, f"openai/text-embedding-3-small?dimensions={size}")
            ran = await shell.run("knowledge", "reembed", "--company", "ana", "--json", **setting)
            made.append(ran.json()["made"] > 0)
        assert made == [True, True, True, False]
        async with shell.database.tenant_session(shell.company) as session:
            kept = {space.dimensions: space.state for space in await spaces.every(session)}
        assert kept == {512: SpaceState.ACTIVE, 768: SpaceState.RETIRED}

    async def test_what_is_added_gets_its_vectors_at_once(self, shell: Shell, provider: Sandbox, faq: Path) -> None:
        ran = await shell.run("knowledge", "add", str(faq), *HERE, **self.setting(provider))
        assert (ran.code, ran.err) == (0, "")
        async with shell.database.tenant_session(shell.company) as session:
            space = await spaces.active(session)
            assert space is not None
            assert not await spaces.unplaced(session, space.id, most=1)

    async def test_a_provider_that_is_away_leaves_what_was_read(
        self, shell: Shell, provider: Sandbox, faq: Path
    ) -> None:
        wrong = self.setting(provider) | {"OPENAI_API_KEY": "sk-wrong"}
        ran = await shell.run("knowledge", "add", str(faq), *HERE, **wrong)
        assert (ran.code, len(ran.err.splitlines())) == (0, 1)
        assert "masteria knowledge reembed" in ran.err
        ran = await shell.run("knowledge", "ask", "qual a garantia?", "--company", "ana", **wrong)
        assert "12 meses" in ran.out
        assert "sk-wrong" not in ran.out + ran.err


class TestPersonaCheck:
    async def test_with_a_company_the_bases_that_are_missing_are_named_beside_those_there_are(
        self, shell: Shell
    ) -> None:
        await shelve(shell)
        ran = await shell.run("persona", "check", "suporte", "--company", "ana")
        assert ran.code == 0
        assert "ainda não há base de conhecimento `trocas`; há: ajuda" in ran.out
        assert "conhecimento `ajuda`" not in ran.out

    async def test_without_one_no_database_is_needed_and_none_is_missing(self, shell: Shell) -> None:
        ran = await shell.run("persona", "check", "suporte", DATABASE_URL="")
        assert (ran.code, ran.out) == (0, "✓ suporte: nenhum problema.\n")
