"""Files that mean harm: a part of them here, and all of them in `make chaos`."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from typing import Final

import pytest

from knowledge.documents import RefusalReason
from knowledge.loaders.answers import Hints, SiteMap
from knowledge.parsing import CELL, Cell, _ask
from tests.knowledge.ends import end_of, faults_of
from tests.knowledge.harm import Hostile, Taken, refused
from tests.knowledge.hostile import FILES
from tests.knowledge.tapped import Tap, open_tap

_QUICK: Final = [file for file in FILES if file.is_quick]


@pytest.fixture
async def tap() -> AsyncIterator[Tap]:
    """A network where every address answers and every packet is counted, with the filter as the only wall."""
    async with open_tap() as opened:
        if opened is None:
            pytest.skip("this machine gives nobody a network to count packets in")
        yield opened


class TestHostileFiles:
    async def test_each_is_taken_or_refused_for_its_reason_and_none_sends_a_packet(self) -> None:
        turns = asyncio.Semaphore(2)

        async def look(file: Hostile, cell: Cell) -> list[str]:
            async with turns:
                return faults_of(file, await end_of(file, cell))

        async with open_tap() as tap:
            cell = CELL if tap is None else tap.cell
            assert await asyncio.gather(*(look(file, cell) for file in _QUICK)) == [[]] * len(_QUICK)
            assert tap is None or tap.packets() == 0

    def test_there_are_at_least_sixty_and_each_has_a_name_of_its_own(self) -> None:
        assert len(FILES) >= 60
        assert len({file.name for file in FILES}) == len(FILES)

    async def test_a_file_that_ends_in_another_way_is_a_fault(self) -> None:
        good = Hostile(name="a.txt", make=lambda: b"Abrimos cedo.", ends=refused(RefusalReason.BOMB), unread="cedo")

        assert len(faults_of(good, await end_of(good))) == 2

    def test_every_refusal_says_why_in_both_languages(self) -> None:
        assert all(reason.value.pt and reason.value.en for reason in RefusalReason)
        assert len({reason.value.pt for reason in RefusalReason}) == len(RefusalReason)

    def test_some_are_taken_and_some_are_refused(self) -> None:
        ends = {Taken.SOURCE in file.ends for file in _QUICK}
        assert ends == {True, False}


class TestPackets:
    async def test_none_is_sent_by_a_loader_that_was_taken_over(self, tap: Tap) -> None:
        assert await _ask("tests.knowledge.prying", b"everything", Hints(), tap.cell) == SiteMap(pages=())
        assert tap.packets() == 0

    async def test_without_the_filter_the_same_loader_sends_some(self, tap: Tap) -> None:
        code = "from tests.knowledge.prying import _got_away; print(_got_away())"
        run = await asyncio.to_thread(
            subprocess.run, [*tap.python, "-c", code], capture_output=True, text=True, check=True
        )

        assert "_send" in run.stdout
        assert tap.packets() > 0

    @pytest.mark.parametrize("address", ["93.184.216.34", "2001:4860:4860::8888"])
    async def test_one_to_whatever_address_is_counted(self, tap: Tap, address: str) -> None:
        code = f"import socket; socket.create_connection(({address!r}, 443), 5)"
        run = await asyncio.to_thread(subprocess.run, [*tap.python, "-c", code], capture_output=True, check=False)

        assert b"refused" in run.stderr
        assert tap.packets() > 0
