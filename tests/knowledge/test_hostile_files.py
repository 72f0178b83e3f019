"""Files that mean harm: a part of them here, and all of them in `make chaos`."""

from typing import Final

import pytest

from knowledge.documents import RefusalReason
from tests.knowledge.ends import end_of, faults_of
from tests.knowledge.harm import Hostile, Taken, refused
from tests.knowledge.hostile import FILES

_QUICK: Final = [file for file in FILES if file.is_quick]


class TestHostileFiles:
    @pytest.mark.parametrize("file", _QUICK, ids=[file.name for file in _QUICK])
    async def test_each_is_taken_or_refused_for_its_reason(self, file: Hostile) -> None:
        assert faults_of(file, await end_of(file)) == []

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
