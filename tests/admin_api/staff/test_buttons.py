"""Buttons by themselves: what makes one ours, and for how long."""

import pytest

from admin_api.staff.buttons import Buttons, Choice
from admin_api.staff.stores.buttons import Press, Refused
from core.crypto import InstallationKey, KeyRing
from core.floor import Floor
from core.ids import new_id
from tests.admin_api.staff.counter import Counter, open_counter


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


@pytest.fixture
def rotated() -> tuple[Buttons, Buttons]:
    """Before and after: of the first key nothing is left."""
    before, after = InstallationKey.new().line, InstallationKey.new().line
    return Buttons(KeyRing(lambda: before, "keys")), Buttons(KeyRing(lambda: after, "keys"))


class TestKeys:
    async def test_a_card_outlives_the_key_that_signed_it(
        self, counter: Counter, rotated: tuple[Buttons, Buttons]
    ) -> None:
        before, after = rotated
        async with counter.world.session() as session:
            shown = await before.make(session, new_id(), Choice(text="Aceitar", action="take"))
            pressed = await after.press(session, shown.data or "", counter.people["bia"].person)

        assert isinstance(pressed, Press)
        assert pressed.action == "take"

    async def test_no_key_makes_a_button_that_nobody_showed(self, counter: Counter) -> None:
        buttons = Buttons(counter.world.floor.ring)
        async with counter.world.session() as session:
            shown = await buttons.make(session, new_id(), Choice(text="Aceitar", action="take"))
            await session.rollback()
        async with counter.world.session() as session:
            assert await buttons.press(session, shown.data or "", counter.people["bia"].person) is Refused.UNKNOWN
