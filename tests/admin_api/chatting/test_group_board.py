"""The staff group as lines: each message once, then what changed of it, under numbers that stay."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from admin_api.chatting.group_board import PRIVATE, TICKS, Board
from admin_api.chatting.telegram import GENERAL
from admin_api.staff import ticks

GROUP: Final = {"id": -1001, "type": "supergroup"}
BOT: Final = {"id": 7, "is_bot": True, "first_name": "Master IA"}
BIA: Final = {"id": 9, "is_bot": False, "first_name": "Bia"}
ANA: Final = 40


@pytest.fixture(autouse=True)
def portuguese(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")


def item(message_id: int, *, by: Mapping[str, Any] = BOT, thread: int | None = ANA, **content: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {
        name: content.pop(name) for name in ("kind", "is_service", "is_deleted", "reactions") if name in content
    }
    told: dict[str, Any] = {"message_id": message_id, "from": by, "chat": GROUP, **content}
    if thread is not None:
        told |= {"message_thread_id": thread, "is_topic_message": True}
    usual: dict[str, Any] = {"version": 1, "kind": "text", "is_service": False, "is_deleted": False, "reactions": []}
    return {**usual, **shape, "message": told}


def topic(name: str, thread: int = ANA) -> dict[str, Any]:
    return item(thread, thread=thread, is_service=True, kind="forum_topic_created", forum_topic_created={"name": name})


def buttons(*rows: tuple[str, ...]) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": label, "callback_data": "x"} for label in row] for row in rows]}


def reaction(sign: str, who: int = 7) -> dict[str, Any]:
    return {"user_id": who, "reaction": [{"type": "emoji", "emoji": sign}]}


@pytest.fixture
def board() -> Board:
    board = Board()
    board.lines(topic("Ana · 8765"))
    return board


class TestLines:
    def test_a_topic_has_its_name_and_number_over_what_is_said_in_it(self) -> None:
        board = Board()
        assert board.lines(topic("Ana · 8765")) == ["── #1 Ana · 8765 ──", "    (tópico aberto)"]
        assert board.lines(item(41, by=BIA, text="oi\ntudo bem?")) == ["  1 Bia: oi", "      tudo bem?"]
        assert board.lines(item(42, thread=None, text="/fila", by=BIA))[0] == "── #0 General ──"

    def test_buttons_have_numbers_and_keep_them(self, board: Board) -> None:
        shown = board.lines(item(41, text="cartão", reply_markup=buttons(("Aceitar", "Transferir"), ("Resolver",))))
        assert shown[1:] == ["      [1] Aceitar  [2] Transferir", "      [3] Resolver"]

        changed = board.lines(item(41, text="cartão novo", reply_markup=buttons(("Transferir", "Devolver"))))
        assert changed == ["  1 ✎ cartão novo", "      [2] Transferir  [4] Devolver"]

    def test_a_button_that_was_taken_off_is_not_there_any_more(self, board: Board) -> None:
        board.lines(item(41, text="cartão", reply_markup=buttons(("Aceitar",))))
        button = board.button(1)
        assert button is not None
        assert board.is_on(button)
        board.lines(item(41, text="cartão"))
        assert not board.is_on(button)
        assert board.button(0) is None
        assert board.button(2) is None

    def test_what_looks_the_same_as_before_is_not_shown_again(self, board: Board) -> None:
        board.lines(item(41, text="cartão", reply_markup=buttons(("Aceitar",))))
        assert board.lines(item(41, text="cartão", reply_markup=buttons(("Aceitar",)))) == []

    def test_ticks_say_what_they_mean_and_only_once(self, board: Board) -> None:
        board.lines(item(41, by=BIA, text="bom dia"))
        assert board.lines(item(41, by=BIA, text="bom dia", reactions=[reaction("🕊")])) == ["  1 🕊 saiu"]
        assert board.lines(item(41, by=BIA, text="bom dia", reactions=[reaction("🕊")])) == []
        both = [reaction("🕊"), reaction("🎉", who=9)]
        assert board.lines(item(41, by=BIA, text="bom dia", reactions=both)) == ["  1 🎉 Bia"]

    def test_every_tick_of_ours_has_a_word(self) -> None:
        signs = {*ticks.SIGNS.values(), ticks.WAITING, ticks.INNER}
        assert signs <= set(TICKS)

    def test_an_answer_names_the_number_of_what_it_answers_but_not_the_opening_of_the_topic(self, board: Board) -> None:
        opening = topic("Ana · 8765")["message"]
        board.lines(item(41, text="o que houve?", reply_to_message=opening))
        question = item(41, text="o que houve?")["message"]
        assert board.lines(item(42, by=BIA, text="nada", reply_to_message=question)) == ["  2 Bia ↩1: nada"]
        assert "↩" not in board.lines(item(43, by=BIA, text="oi", reply_to_message=opening))[0]

    def test_a_quote_keeps_its_bar_also_behind_an_emoji(self, board: Board) -> None:
        quote = {"type": "blockquote", "offset": 3, "length": 3}
        shown = board.lines(item(41, text="🟠\noi\nfim", entities=[{**quote, "length": 2}]))
        assert shown == ["  1 bot: 🟠", "      │ oi", "      fim"]

    def test_nothing_that_is_written_steers_the_terminal(self, board: Board) -> None:
        [line] = board.lines(item(41, by=BIA, text="\x1b[2Jsumiu\x07"))
        assert line == "  1 Bia: [2Jsumiu"

    def test_a_file_says_what_it_is_and_can_be_named(self, board: Board) -> None:
        voice = {"file_id": "v1", "duration": 3}
        assert board.lines(item(41, by=BIA, kind="voice", voice=voice)) == ["  1 Bia: [áudio 3 s]"]
        sizes = [{"file_id": "small"}, {"file_id": "large"}]
        assert board.lines(item(42, kind="photo", photo=sizes, caption="o quadro")) == ["  2 bot: [foto] o quadro"]
        assert list(board.files.values()) == ["v1", "large"]

    def test_what_was_deleted_is_said_once(self, board: Board) -> None:
        board.lines(item(41, by=BIA, text="ops"))
        gone = {**item(41), "is_deleted": True, "message": {"message_id": 41}}
        assert board.lines(gone) == ["  1 ✗ apagada"]
        assert board.lines(gone) == []


class TestPlaces:
    def test_a_topic_is_found_by_number_or_a_piece_of_its_name_and_of_several_the_newest(self, board: Board) -> None:
        board.lines(topic("José · 1111", thread=50))
        board.lines(topic("José · 2222", thread=60))
        assert board.place_named("0") == board.place_named("general") == GENERAL
        assert (board.place_named("1"), board.place_named("jose"), board.place_named("1111")) == (ANA, 60, 50)
        assert board.place_named("bot") == PRIVATE
        assert board.place_named("9") is None
        assert board.place_named("ninguém") is None

    def test_a_closed_topic_is_marked_until_it_opens_again(self, board: Board) -> None:
        board.lines(item(44, is_service=True, kind="forum_topic_closed", forum_topic_closed={}))
        assert list(board.listed())[1] == "  #1 Ana · 8765  (fechado)"
        board.lines(item(45, is_service=True, kind="forum_topic_reopened", forum_topic_reopened={}))
        assert list(board.listed())[1] == "  #1 Ana · 8765"
