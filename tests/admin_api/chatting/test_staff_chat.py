"""Somebody of the staff at a terminal: what they type is done in the group as a finger does it, and shown as it is."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

import httpx
import pytest

from admin_api.chatting.keyboard import Keyboard
from admin_api.chatting.staff_chat import Here, StaffChat
from admin_api.chatting.staff_room import enter
from admin_api.staff.heard import Toast
from channels.telegram_staff.notes import Button, Say
from channels.telegram_staff.rich import Rich
from core.errors import Conflict, NotFound
from core.floor import Floor
from core.models.people import Role
from core.texts import Text
from sandbox.recordings import picture, voice_note
from sandbox.telegram.chats import Message
from tests.admin_api.staff.transport import Desk, open_desk, plain
from tests.sandbox.conftest import TLS

Play = Callable[..., Awaitable[str]]
_NUMBER: Final = r"^ *(\d+) .*{}"


@pytest.fixture(scope="module")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            await desk.link(desk.bia)
            await desk.link(desk.owner, Role.OWNER)
            yield desk


@pytest.fixture
def play(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Play:
    """What is shown while these lines are typed, one by one, from the beginning of the group on."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")

    async def played(*lines: str) -> str:
        (tmp_path / "lines").write_text("\n".join(lines))
        database = desk.floor.database
        async with httpx.AsyncClient(base_url=f"{desk.sandbox.url}/_sandbox", verify=TLS) as provider:
            entered = await enter(provider, database, desk.company, person="bia")
            chat = StaffChat(
                here=Here(database=database, company=desk.company, bot=entered.bot, people=entered.people),
                group=entered.room,
                who=entered.who,
                keyboard=Keyboard(prompt=lambda: "", script=tmp_path / "lines"),
            )
            await chat.open()
            await chat.converse()
        return capsys.readouterr().out

    return played


async def number_of(play: Play, words: str) -> int:
    """What stands at the left of the message that says so: whoever comes in later sees the group first."""
    shown = await play("#")
    found = re.search(_NUMBER.format(re.escape(words)), shown, re.MULTILINE)
    assert found is not None, shown
    return int(found[1])


def said(desk: Desk, text: str) -> Message:
    [message] = [each for each in desk.forum.messages.values() if each.text == text and not each.is_deleted]
    return message


class TestFingers:
    async def test_a_message_is_answered_changed_and_reacted_to_by_its_number(self, desk: Desk, play: Play) -> None:
        await play("bom dia a todos")
        number = await number_of(play, "bom dia a todos")
        before = said(desk, "bom dia a todos")

        shown = await play(f":responder {number} já vou", f":editar {number} boa tarde", f":reagir {number} 👍")

        assert before.text == "boa tarde"
        assert before.reactions[desk.bia.id] == [{"type": "emoji", "emoji": "👍"}]
        assert said(desk, "já vou").reply_to is before
        assert f"{number} ✎ boa tarde" in shown
        assert f"{number} 👍 Bia" in shown

    async def test_a_button_is_pressed_by_its_number_and_shows_what_the_bot_answered(
        self, desk: Desk, play: Play
    ) -> None:
        desk.recorder.toast = Toast(text=Text("É seu", "It is yours"))
        await desk.say(Say(text=Rich("1 espera"), buttons=((Button(text="Assumir", data="b:1"),),)))
        found = re.search(r"\[(\d+)\] Assumir", await play("#"))
        assert found is not None

        shown = await play(found[1])

        assert f"▸ [{found[1]}] Assumir" in shown
        assert "💬 É seu" in shown
        with pytest.raises(NotFound):
            await play("98765")

    async def test_files_say_what_was_typed_and_are_kept_as_they_are(self, play: Play, tmp_path: Path) -> None:
        await play(":voz oi, pessoal", ":foto o quadro", "sem arquivo")
        voice, photo, words = [await number_of(play, each) for each in ("[áudio 3 s]", "[foto]", "sem arquivo")]

        await play(f":salvar {voice} {tmp_path}/a.ogg", f":salvar {photo} {tmp_path}/b.jpg")

        assert (tmp_path / "a.ogg").read_bytes() == voice_note("oi, pessoal", seconds=3)
        assert (tmp_path / "b.jpg").read_bytes() == picture("o quadro")
        with pytest.raises(Conflict):
            await play(f":salvar {voice} {tmp_path}/a.ogg")
        with pytest.raises(NotFound):
            await play(f":salvar {words} {tmp_path}/c")


class TestPlaces:
    async def test_one_goes_to_a_topic_and_writes_in_it(self, desk: Desk, play: Play) -> None:
        place = await desk.topic("Ana · 4321")
        await desk.say(plain("👤 Oi"), place)

        shown = await play("#", "#ana", "já te ajudo")

        assert "#0 General" in shown
        assert "#1 Ana · 4321" in shown
        assert said(desk, "já te ajudo").thread_id == await desk.thread_of(place)

    async def test_one_may_be_somebody_else_and_write_in_private(self, desk: Desk, play: Play) -> None:
        await play(":quem dono", "sou a dona", "#bot", "só para o bot")

        private = desk.sandbox.telegram.office.chats.private(desk.bot.id, desk.owner)
        assert said(desk, "sou a dona").sender == desk.owner
        assert [each.text for each in private.messages.values()][-1] == "só para o bot"

    async def test_whoever_waits_for_words_goes_on_when_they_come(self, desk: Desk, play: Play) -> None:
        shown = await play("alguém aí?", ":esperar alguém aí", ":dizer 3", ":sair", "nunca dito")

        assert shown.rstrip().endswith(": 3")
        assert said(desk, "3").sender == desk.bia
        assert "nunca dito" not in shown
