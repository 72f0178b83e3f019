"""Whatever is typed behind a command, by people in a hurry or on purpose."""

from typing import Final

import pytest

from admin_api.staff.asking import Place
from admin_api.staff.registry import Registry
from core.floor import Floor
from tests.admin_api.staff.counter import Counter, open_counter

JUNK: Final = (
    "",
    "a\0b: \0",
    "Qualquer: Qualquer: 10h: x",
    "'; DROP TABLE contacts; -- %s {0} \\ _",
    "🧑‍💼👩🏽‍🚀\u202e\u200b" + "9" * 400,
    "99999999999999999999h 31/02/2027 25:61",
    "+ - # => |",
    "linha\nlinha: \n\n x",
    "a" * 3900,
)
OF_THE_DESK: Final = frozenset({"aceitar", "transferir", "resolver", "devolver"})  # their cards answer


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


class TestTyped:
    @pytest.mark.parametrize("name", sorted(Registry().commands))
    async def test_it_is_answered_or_refused_in_words(self, counter: Counter, name: str) -> None:
        """A fault of ours would be tried three times and put aside: nobody would hear of it."""
        ana = await counter.customer("Qualquer")
        command = Registry().commands[name]
        for word in (name, *(f"{name} {sub.name}" for sub in command.subs)):
            for place in (counter.place(ana), Place(group=None, message_id=3)):
                for junk in JUNK:
                    said = await counter.type("dona", f"/{word} {junk}", place=place)
                    assert said.text or name in OF_THE_DESK
