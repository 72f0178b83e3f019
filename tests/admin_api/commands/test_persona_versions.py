"""`masteria persona publish`, `versions`, `activate` and `withdraw`, on a company of its own."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from agents.personas.shipped import shipped
from core.models.record import AuditEntry
from tests.fixtures.shells import Shell

HERE = ("--company", "ana")
NAME = "suporte"
SOURCE = shipped()[NAME]


def changed(number: int) -> str:
    return SOURCE.replace("name: Caio", f"name: Caio {'I' * number}")


async def publish(shell: Shell, folder: Path, source: str) -> dict[str, Any]:
    file = folder / "persona.yaml"
    file.write_text(source)
    [told] = (await shell.run("persona", "publish", str(file), *HERE, "--json")).json()
    return dict(told)


async def states(shell: Shell) -> dict[int, str]:
    told = (await shell.run("persona", "versions", NAME, *HERE, "--json")).json()
    return {one["number"]: one["state"] for one in told}


class TestPublish:
    async def test_the_first_answers_and_the_next_waits(self, shell: Shell, tmp_path: Path) -> None:
        first = await publish(shell, tmp_path, changed(1))
        second = await publish(shell, tmp_path, changed(2))
        assert (first["number"], first["state"]) == (1, "active")
        assert (second["number"], second["state"]) == (2, "draft")

    async def test_the_same_again_is_no_new_version(self, shell: Shell, tmp_path: Path) -> None:
        await publish(shell, tmp_path, SOURCE)
        assert (await publish(shell, tmp_path, f"# said otherwise\n{SOURCE}"))["number"] == 1

    async def test_what_the_linter_calls_an_error_is_not_kept(self, shell: Shell, tmp_path: Path) -> None:
        file = tmp_path / "persona.yaml"
        file.write_text(SOURCE.replace("all: [slot:assunto]", "all: [slot:asunto]"))
        ran = await shell.run("persona", "publish", str(file), *HERE)
        assert (ran.code, ran.out) == (1, "")
        assert "asunto" in ran.err
        assert await states(shell) == {}


class TestActivate:
    async def test_the_one_before_it_is_retired(self, shell: Shell, tmp_path: Path) -> None:
        for number in (1, 2):
            await publish(shell, tmp_path, changed(number))
        ran = await shell.run("persona", "activate", f"{NAME}@2", *HERE)
        assert ran.out.startswith(f"{NAME}@2")
        assert "ativa" in ran.out
        assert await states(shell) == {1: "retired", 2: "active"}

    @pytest.mark.parametrize("wrong", ["suporte", "suporte@", "@2", "suporte@x", "suporte@12345678901"])
    async def test_what_is_no_version_is_wrong_usage(self, shell: Shell, wrong: str) -> None:
        ran = await shell.run("persona", "activate", wrong, *HERE)
        assert ran.code == 2
        assert wrong in ran.err

    async def test_one_that_is_not_there_is_said_so(self, shell: Shell) -> None:
        ran = await shell.run("persona", "activate", f"{NAME}@7", *HERE)
        assert ran.code == 1
        assert "versão 7" in ran.err


class TestWithdraw:
    async def test_the_one_before_it_answers_again(self, shell: Shell, tmp_path: Path) -> None:
        for number in (1, 2, 3):
            await publish(shell, tmp_path, changed(number))
        for number in (2, 3):
            await shell.run("persona", "activate", f"{NAME}@{number}", *HERE)
        told = (await shell.run("persona", "withdraw", f"{NAME}@3", *HERE, "--json")).json()
        assert [(one["number"], one["state"]) for one in told] == [(3, "withdrawn"), (2, "active")]
        assert await states(shell) == {1: "retired", 2: "active", 3: "withdrawn"}

    async def test_the_only_one_that_answers_stays(self, shell: Shell, tmp_path: Path) -> None:
        await publish(shell, tmp_path, SOURCE)
        ran = await shell.run("persona", "withdraw", f"{NAME}@1", *HERE)
        assert ran.code == 1
        assert "anterior" in ran.err
        assert await states(shell) == {1: "active"}

    async def test_a_draft_goes_without_any_other(self, shell: Shell, tmp_path: Path) -> None:
        for number in (1, 2):
            await publish(shell, tmp_path, changed(number))
        await shell.run("persona", "withdraw", f"{NAME}@2", *HERE)
        assert await states(shell) == {1: "active", 2: "withdrawn"}

    async def test_who_did_it_is_on_record(self, shell: Shell, tmp_path: Path) -> None:
        for number in (1, 2):
            await publish(shell, tmp_path, changed(number))
        await shell.run("persona", "withdraw", f"{NAME}@2", *HERE)
        async with shell.database.tenant_session(shell.company) as session:
            [entry] = await session.scalars(select(AuditEntry).where(AuditEntry.action == "persona.withdrawn"))
        assert entry.detail == {"name": NAME, "number": 2}


class TestVersions:
    async def test_without_any_the_way_to_one_is_told(self, shell: Shell) -> None:
        assert "publique" in (await shell.run("persona", "versions", *HERE)).out
