"""Commands and buttons of the group: what is understood, who may, what is shown first, and what is said when not."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from admin_api.staff import rule_words
from admin_api.staff.registry import Registry
from admin_api.staff.stores import buttons
from channels.telegram_staff.notes import Button, Change, Say
from core.errors import Forbidden
from core.floor import Floor
from core.models.staff import NoteLane
from core.texts import Language
from graphs.conversation.rules import Rule
from tests.admin_api.staff.counter import Counter, command, open_counter
from tests.fixtures.gates import Somebody


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """One for all: each test has customers of its own."""
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


async def consents(counter: Counter, who: Somebody) -> list[tuple[str, str]]:
    rows = await counter.rows("SELECT source, quote FROM consent_events WHERE contact_id = :id", id=who.contact)
    return [(row.source, row.quote) for row in rows]


class TestTyped:
    async def test_the_answer_is_said_where_it_was_asked_for_as_a_reply_and_first(self, counter: Counter) -> None:
        ana = await counter.customer()

        said = await counter.type("bia", "/nota prefere de manhã", ana)

        [note] = said.notes
        assert note.topic_id == counter.topics[ana.contact]
        assert note.lane is NoteLane.ANSWER
        assert isinstance(said.bodies[0], Say)
        assert said.bodies[0].reply_to

    @pytest.mark.parametrize("line", ["/CONVERSAS", "/Conversations"])
    async def test_case_and_alias_make_no_difference(self, counter: Counter, line: str) -> None:
        assert "Conversas abertas" in (await counter.type("leo", line)).text

    @pytest.mark.parametrize("word", ["histórico", "historico", "HISTÓRICO"])
    async def test_accents_make_no_difference(self, counter: Counter, word: str) -> None:
        ana = await counter.customer()

        assert "Histórico de Ana" in (await counter.type("leo", f"/{word}", ana)).text

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [("conversa", "conversas"), ("etqueta", "etiqueta"), ("quadros", "quadro"), ("statge", "etapa")],
    )
    async def test_a_slip_is_answered_with_what_was_probably_meant(
        self, counter: Counter, typed: str, meant: str
    ) -> None:
        said = await counter.type("bia", f"/{typed}")

        assert said.text == f"✋ Não conheço /{typed}. Você quis dizer /{meant}?"

    async def test_what_is_like_nothing_leads_to_the_help(self, counter: Counter) -> None:
        assert (await counter.type("bia", "/xyzzyx")).text == "✋ Não conheço /xyzzyx. Veja /ajuda."

    async def test_what_is_missing_is_said_with_how_it_is_written(self, counter: Counter) -> None:
        ana = await counter.customer()

        said = await counter.type("bia", "/nota", ana)

        assert said.text.startswith("✋ Falta: O texto da nota.\nUso: /nota prefere de manhã")

    async def test_typed_once_it_is_answered_once(self, counter: Counter) -> None:
        ana = await counter.customer()
        heard = counter.heard("bia", counter.place(ana), "update:7")
        for _ in range(2):
            async with counter.world.session() as session:
                await counter.dispatch.typed(session, heard, command("/conversas"))

        assert len((await counter.said("update:7")).notes) == 1

    async def test_somebody_who_is_not_linked_is_told_how_to_be(self, counter: Counter) -> None:
        async with counter.world.session() as session:
            with pytest.raises(Forbidden, match="in private: /vincular"):
                await counter.dispatch.typed(session, counter.heard(None, counter.place()), command("/conversas"))

    async def test_in_private_the_answer_is_private(self, counter: Counter) -> None:
        place = counter.place()
        private = type(place)(group=None, message_id=4)

        said = await counter.type("bia", "/eu", place=private)

        assert [(note.group_id, note.person_id) for note in said.notes] == [(None, counter.people["bia"].person)]

    async def test_english_speakers_are_answered_in_english(self, floor: Floor, tmp_path: Path) -> None:
        counter = await open_counter(floor, tmp_path, language=Language.EN)

        assert (await counter.type("leo", "/queue")).text == "Waiting for a person\nNobody waits. 🎉"
        assert "There is no /quue. Did you mean /queue?" in (await counter.type("leo", "/quue")).text


class TestHelp:
    async def test_it_lists_what_this_role_may_do_here(self, counter: Counter) -> None:
        for_leo, for_dona = (await counter.type("leo", "/ajuda")).text, (await counter.type("dona", "/help")).text

        assert "/conversas — " in for_leo
        assert "/apagar" not in for_leo
        assert "/apagar — Apagar tudo sobre este cliente" in for_dona

    async def test_one_command_is_told_in_full(self, counter: Counter) -> None:
        shown = (await counter.type("leo", "/ajuda bot")).text

        assert "/bot · /persona" in shown
        assert "/bot desligar [conexão] — administrador ou mais" in shown
        assert "Quem pode: todos" in shown

    async def test_what_only_a_button_says_is_nothing_to_be_typed(self, counter: Counter) -> None:
        shown = (await counter.type("dona", "/ajuda ensinar")).text

        assert "A pergunta, em outras palavras (opcional)" in shown
        assert "dias" not in shown
        assert "A mensagem" not in shown

    async def test_help_for_what_does_not_exist_offers_what_does(self, counter: Counter) -> None:
        assert "Você quis dizer /fila?" in (await counter.type("leo", "/ajuda fial")).text

    @pytest.mark.parametrize("language", Language)
    def test_the_menu_is_one_that_telegram_takes(self, counter: Counter, language: Language) -> None:
        menu = counter.dispatch.menu(language)

        assert 20 < len(menu) <= 100
        assert len({entry.name for entry in menu}) == len(menu)
        assert all(entry.name.replace("_", "").isalnum() and entry.name.isascii() for entry in menu)
        assert all(entry.name == entry.name.lower() and len(entry.name) <= 32 for entry in menu)
        assert all(3 <= len(entry.about) <= 256 for entry in menu)

    async def test_every_command_has_its_page(self, counter: Counter) -> None:
        for name in Registry().commands:
            assert f"/{name}" in (await counter.type("dona", f"/ajuda {name}")).text


class TestPressed:
    async def test_what_is_risky_is_shown_first_and_done_when_confirmed(self, counter: Counter) -> None:
        ana = await counter.customer()
        shown = await counter.type("bia", "/parar pediu no telefone", ana)
        assert "🚫 Parar de escrever para Ana" in shown.text
        assert await consents(counter, ana) == []

        done = await counter.press("bia", shown.button("Confirmar"), ana)

        assert isinstance(done.bodies[0], Change)
        assert "não recebe mais nada" in done.text
        assert await consents(counter, ana) == [("staff", "pediu no telefone")]

    async def test_cancelled_it_is_not_done_and_cannot_be_confirmed_any_more(self, counter: Counter) -> None:
        ana = await counter.customer()
        shown = await counter.type("bia", "/parar", ana)

        assert (await counter.press("bia", shown.button("Cancelar"), ana)).text == "Cancelado: nada mudou."
        assert "já decidiu" in (await counter.press("bia", shown.button("Confirmar"), ana)).toast
        assert await consents(counter, ana) == []

    async def test_confirming_is_for_whoever_asked(self, counter: Counter) -> None:
        ana = await counter.customer()
        shown = await counter.type("bia", "/parar", ana)

        pressed = await counter.press("dona", shown.button("Confirmar"), ana)

        assert (pressed.toast, pressed.notes) == ("Este botão é de outra pessoa.", [])
        assert await consents(counter, ana) == []

    async def test_it_can_be_confirmed_for_ten_minutes(self, counter: Counter) -> None:
        ana = await counter.customer()
        shown = await counter.type("bia", "/parar", ana)
        expires = (await counter.one("SELECT expires_at - app_now() FROM staff_buttons ORDER BY id DESC LIMIT 1"))[0]
        assert timedelta(minutes=9) < expires <= timedelta(minutes=10)
        await counter.rows("UPDATE staff_buttons SET expires_at = app_now() RETURNING id")

        assert "venceu" in (await counter.press("bia", shown.button("Confirmar"), ana)).toast

    async def test_long_expired_buttons_go_and_those_that_hold_stay(self, counter: Counter) -> None:
        shown = await counter.type("bia", "/parar", await counter.customer())
        old, new = shown.buttons
        await counter.rows(
            "UPDATE staff_buttons SET expires_at = app_now() - interval '8 days' WHERE action = 'confirm' RETURNING id"
        )
        async with counter.world.session() as session:
            await buttons.forget_old(session, timedelta(days=7))

        assert (await counter.press("bia", old)).toast == "Este botão não existe mais."
        assert (await counter.press("bia", new)).text == "Cancelado: nada mudou."

    async def test_an_action_that_fails_leaves_its_button_unspent(self, counter: Counter) -> None:
        ana = await counter.customer()
        await counter.lead(ana)
        moved = await counter.type("bia", "/etapa Novo voltou atrás", ana)
        await counter.type("bia", "/etapa demo marcou", ana)

        refused = await counter.press("bia", moved.button("Desfazer"), ana)

        assert "Só o último movimento" in refused.toast
        assert (await counter.one("SELECT used_at FROM staff_buttons WHERE action = 'stage_undo' ORDER BY id LIMIT 1"))[
            0
        ] is None

    async def test_what_a_button_carries_fits_whatever_it_does(self, counter: Counter) -> None:
        """Telegram takes 64 bytes; what it does, with all its words, lies with us."""
        ana = await counter.customer("Comprida")

        shown = await counter.type("bia", f"/parar {'motivo ' * 500}", ana)

        assert [len((button.data or "").encode()) <= 64 for button in shown.buttons] == [True, True]

    async def test_a_forged_button_is_not_ours(self, counter: Counter) -> None:
        for data in ("b:", "b:" + "A" * 38, "take:91", "", "b:ção"):
            assert (await counter.press("dona", Button(text="x", data=data))).toast == "Este botão não é meu."

    async def test_one_bit_of_a_signature_makes_it_a_forgery(self, counter: Counter) -> None:
        ana = await counter.customer()
        shown = await counter.type("bia", "/parar", ana)
        data = shown.button("Confirmar").data or ""
        raw = bytearray(urlsafe_b64decode(data.removeprefix("b:")))
        raw[-1] ^= 1
        forged = Button(text="x", data="b:" + urlsafe_b64encode(raw).decode())

        assert (await counter.press("bia", forged, ana)).toast == "Este botão não é meu."
        assert await consents(counter, ana) == []

    async def test_nothing_is_left_of_what_was_refused(self, counter: Counter) -> None:
        ana = await counter.customer()
        tags = " ".join(f"+t{number}" for number in range(31))

        said = await counter.type("bia", f"/etiqueta {tags}", ana)

        assert "no máximo 30 etiquetas" in said.text
        assert await counter.rows("SELECT tag FROM contact_tags WHERE contact_id = :id", id=ana.contact) == []
        assert await counter.rows("SELECT id FROM audit_log WHERE subject_id = :id", id=ana.contact) == []


class TestDo:
    async def test_an_action_by_its_name_is_shown_first_where_it_is_risky(self, counter: Counter) -> None:
        ana = await counter.customer()
        heard = counter.heard("dona", counter.place(ana))
        async with counter.world.session() as session:
            answer = await counter.dispatch.do(session, heard, "optout")

        assert len(answer.choices[0]) == 2
        assert await consents(counter, ana) == []

    async def test_an_action_that_is_no_more_is_said_to_be_gone(self, counter: Counter) -> None:
        async with counter.world.session() as session:
            with pytest.raises(Exception, match="This action is gone"):
                await counter.dispatch.do(session, counter.heard("dona", counter.place()), "campaign")


class TestRegistry:
    def test_two_of_one_name_refuse_to_start(self) -> None:
        action = next(iter(Registry().actions.values()))
        twice = SimpleNamespace(ACTIONS=(action, action), COMMANDS=())
        with pytest.raises(ValueError, match="two are called"):
            Registry([twice])  # type: ignore[list-item] # as good as a module

    def test_every_rule_of_a_turn_has_words(self) -> None:
        assert set(rule_words.WORDS) == set(Rule)
