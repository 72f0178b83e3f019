"""`masteria agenda`: opening hours, as a person opens, looks at and closes them."""

import pytest
from sqlalchemy import select

from core.models.record import AuditEntry
from tests.fixtures.shells import Shell

HERE = ("--company", "ana")
OPEN = ("open", "retorno", "--from", "09:00", "--to", "12:00", *HERE)


class TestOpen:
    async def test_days_of_a_week_are_opened_and_shown(self, shell: Shell) -> None:
        ran = await shell.run("agenda", *OPEN, "--days", "seg-qua", "--minutes", "30", "--places", "2")
        assert ran.out.splitlines() == [
            f"{'retorno':<24} {day}  09:00-12:00  2 vaga(s) de 30 min" for day in ("seg", "ter", "qua")
        ]

    async def test_a_week_that_turns_and_single_days_are_understood(self, shell: Shell) -> None:
        told = (await shell.run("agenda", *OPEN, "--days", "sat-mon,wed", "--json")).json()
        assert [one["weekday"] for one in told] == [0, 2, 5, 6]

    async def test_said_again_it_changes_nothing(self, shell: Shell) -> None:
        once = (await shell.run("agenda", *OPEN, "--days", "seg", "--json")).json()
        assert (await shell.run("agenda", *OPEN, "--days", "seg", "--json")).json() == once

    async def test_what_would_overlap_is_refused(self, shell: Shell) -> None:
        await shell.run("agenda", *OPEN, "--days", "seg")
        later = ("open", "retorno", "--from", "11:30", "--to", "13:00", "--days", "seg", *HERE)
        ran = await shell.run("agenda", *later)
        assert (ran.code, ran.out) == (1, "")
        assert "sobrepõe" in ran.err

    async def test_what_follows_at_once_does_not_overlap(self, shell: Shell) -> None:
        await shell.run("agenda", *OPEN, "--days", "seg")
        later = ("open", "retorno", "--from", "12:00", "--to", "13:00", "--days", "seg", *HERE, "--json")
        assert len((await shell.run("agenda", *later)).json()) == 2

    @pytest.mark.parametrize(
        ("words", "named"),
        [
            (("--days", "foo", "--from", "09:00", "--to", "12:00"), "foo"),
            (("--days", "seg", "--from", "9h", "--to", "12:00"), "9h"),
            (("--days", "seg", "--from", "12:00", "--to", "12:00"), "depois do começo"),
            (("--days", "seg", "--from", "09:00", "--to", "12:00", "--minutes", "1"), "5 a 1440"),
            (("--days", "seg", "--from", "09:00", "--to", "12:00", "--places", "0"), "1 a 1000"),
        ],
    )
    async def test_what_makes_no_sense_is_named_in_one_line(
        self, shell: Shell, words: tuple[str, ...], named: str
    ) -> None:
        ran = await shell.run("agenda", "open", "retorno", *words, *HERE)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert named in ran.err
        assert "argument " not in ran.err

    async def test_who_did_it_is_on_record(self, shell: Shell) -> None:
        await shell.run("agenda", *OPEN, "--days", "seg")
        async with shell.database.tenant_session(shell.company) as session:
            [entry] = await session.scalars(select(AuditEntry).where(AuditEntry.action == "hours.opened"))
        assert entry.detail == {"service": "retorno", "weekdays": [0], "opens": "09:00"}


class TestClose:
    async def test_only_those_days_are_closed(self, shell: Shell) -> None:
        await shell.run("agenda", *OPEN, "--days", "seg-sex")
        told = (await shell.run("agenda", "close", "retorno", "--days", "ter-qui", *HERE, "--json")).json()
        assert [one["weekday"] for one in told] == [0, 4]

    async def test_what_is_not_open_cannot_be_closed(self, shell: Shell) -> None:
        ran = await shell.run("agenda", "close", "retorno", "--days", "seg", *HERE)
        assert ran.code == 1
        assert "retorno" in ran.err


class TestList:
    async def test_without_hours_the_way_to_some_is_told(self, shell: Shell) -> None:
        assert "masteria agenda open" in (await shell.run("agenda", "list", *HERE)).out

    async def test_it_speaks_english_to_who_reads_it(self, shell: Shell) -> None:
        await shell.run("agenda", *OPEN, "--days", "seg")
        assert (
            "mon  09:00-12:00  1 place(s) of 60 min"
            in (await shell.run("agenda", "list", *HERE, LANG="en_US.UTF-8")).out
        )
