"""`masteria knowledge synonym` and `settle`: what words mean here, and which of two truths stands."""

import pytest

from core.ids import new_id
from tests.fixtures.shelf import put
from tests.fixtures.shells import Shell
from tests.knowledge.shelving import shelve

ANA = ("--company", "ana")


class TestSynonym:
    async def test_a_word_is_found_by_what_means_the_same_until_it_is_taken_back(self, shell: Shell) -> None:
        async with shell.database.tenant_session(shell.company) as session:
            await shelve(session, "As mochilas têm garantia de um ano.", "O frete é grátis.")
        ask = ("knowledge", "ask", "vocês têm bolsas?", *ANA, "--json")
        assert not (await shell.run(*ask)).json()["is_answer"]
        assert (await shell.run("knowledge", "synonym", "mochila", "Bolsas", *ANA)).out == "bolsas = mochila\n"
        assert (await shell.run(*ask)).json()["is_answer"]
        assert (await shell.run("knowledge", "synonym", *ANA, "--json")).json() == [["bolsas", "mochila"]]
        assert (await shell.run("knowledge", "synonym", "--remove", "bolsas", *ANA)).out == "Nenhum sinônimo.\n"
        assert not (await shell.run(*ask)).json()["is_answer"]

    @pytest.mark.parametrize(
        ("words", "code"),
        [(("mochila",), 2), (("a", "b", "--remove", "c"), 2), (("--remove", "mochila"), 1), (("o", "a"), 2)],
    )
    async def test_what_makes_no_sense_is_one_line(self, shell: Shell, words: tuple[str, ...], code: int) -> None:
        ran = await shell.run("knowledge", "synonym", *words, *ANA)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (code, "", 1)


class TestSettle:
    async def test_a_conflict_is_shown_until_a_person_says_that_both_may_stand(self, shell: Shell) -> None:
        async with shell.database.tenant_session(shell.company) as session:
            await put(session)
        question = "qual a garantia dos produtos?"
        await shell.run("knowledge", "approve", question, "A garantia é de 24 meses.", *ANA)
        listed = (await shell.run("knowledge", "settle", *ANA)).out
        assert "12 meses" in listed
        conflicts = (await shell.run("knowledge", "settle", *ANA, "--json")).json()
        assert {one["id"] for one in conflicts} == {line.split()[0] for line in listed.splitlines()}
        for one in conflicts:
            assert (await shell.run("knowledge", "settle", one["id"], *ANA)).code == 0
        assert (await shell.run("knowledge", "settle", *ANA)).out == "Nenhuma divergência em aberto.\n"
        passages = (await shell.run("knowledge", "ask", question, *ANA, "--json")).json()["passages"]
        assert {one["disputed_by"] for one in passages} == {None}

    async def test_one_that_is_not_there_is_said(self, shell: Shell) -> None:
        assert "Nenhuma" in (await shell.run("knowledge", "settle", *ANA)).out
        ran = await shell.run("knowledge", "settle", str(new_id()), *ANA)
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert (await shell.run("knowledge", "settle", "x", *ANA)).code == 2
