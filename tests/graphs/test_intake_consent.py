"""Whole messages, buttons and the provider's own switch let people out, whoever answers them, and in again."""

from typing import Any

import pytest
from sqlalchemy import text

from channels.contents import Choice, Content, Text
from core.floor import Floor
from core.models.people import ConsentSource
from core.models.stream import Control
from graphs.wishes import Wish, wish_in
from tests.fixtures import inbound as meta
from tests.fixtures.inbound import Customer, Inbox, later, message, open_inbox, someone


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


@pytest.fixture
def ana() -> Customer:
    return someone(name="Ana")


def stop(source: ConsentSource, quote: str) -> Wish:
    return Wish(is_stop=True, source=source, quote=quote)


def button(form: Any, name: str, title: str) -> Choice:
    return Choice(form=form, id=name, title=title)


async def is_out(inbox: Inbox) -> bool:
    return await inbox.count("contacts WHERE opted_out_at IS NOT NULL") == 1


async def record(inbox: Inbox) -> list[tuple[str, str]]:
    rows = await inbox.rows("SELECT kind, source FROM consent_events ORDER BY created_at, id")
    return [(row.kind, row.source) for row in rows]


class TestWishIn:
    @pytest.mark.parametrize(
        ("content", "wish"),
        [
            (Text(body="PARE"), stop(ConsentSource.KEYWORD, "PARE")),
            (Text(body="Quero parar de fumar"), None),
            (Text(body="voltar"), Wish(is_stop=False, source=ConsentSource.KEYWORD, quote="voltar")),
            (button("template_button", "optout", "Sem novidades"), stop(ConsentSource.BUTTON, "Sem novidades")),
            (button("template_button", "OPTOUT ", ""), stop(ConsentSource.BUTTON, "OPTOUT ")),
            (button("template_button", "parar", "Não, obrigado"), stop(ConsentSource.BUTTON, "Não, obrigado")),
            (
                button("template_button", "b2", "Não quero mais mensagens"),
                stop(ConsentSource.BUTTON, "Não quero mais mensagens"),
            ),
            (button("template_button", "Sair", "Sair"), stop(ConsentSource.BUTTON, "Sair")),
            (button("template_button", "Cancelar", "Cancelar"), stop(ConsentSource.BUTTON, "Cancelar")),
            (button("template_button", "consulta:42:cancelar", "Cancelar"), None),
            (button("template_button", "sim", "Confirmar"), None),
            (button("button", "optout", "Parar"), stop(ConsentSource.BUTTON, "Parar")),
            (button("button", "pedido:cancelar", "Cancelar"), None),
            (button("button", "voltar", "Voltar"), None),
            (button("list", "opt_out", "Sair"), stop(ConsentSource.BUTTON, "Sair")),
            (button("flow", "optout", "Parar"), None),
        ],
    )
    def test_only_what_says_nothing_else(self, content: Content, wish: Wish | None) -> None:
        assert wish_in(content) == wish


class TestWords:
    @pytest.mark.parametrize("control", [Control.BOT, Control.COPILOT, Control.QUEUED, Control.HUMAN])
    async def test_they_let_out_whoever_answers_and_no_turn_is_owed(
        self, inbox: Inbox, ana: Customer, control: Control
    ) -> None:
        await inbox.tell(meta.reaction(ana, "w.1", "w.0"))
        async with inbox.session() as session:
            await session.execute(text("UPDATE conversations SET control = :control"), {"control": control})

        await inbox.tell(message(ana, "w.2", text="SAIR"))

        assert await is_out(inbox)
        assert await record(inbox) == [("opted_out", "keyword")]
        assert await inbox.count("turns") == 0
        assert await inbox.count("messages WHERE text = 'SAIR'") == 1
        assert await inbox.count("outbound WHERE purpose = 'notice'") == 1

    async def test_they_stand_on_record_with_the_message_and_its_time(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="Sair!", at=later(3)))

        [row] = await inbox.rows(
            "SELECT e.quote, e.created_at, m.provider_id FROM consent_events e JOIN messages m ON m.id = e.message_id"
        )
        assert tuple(row) == ("Sair!", later(3), "w.1")

    async def test_what_is_asked_beside_them_is_still_answered(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="cadê meu pedido?"), message(ana, "w.2", text="SAIR"))

        assert await is_out(inbox)
        assert await inbox.count("turns WHERE state = 'open'") == 1

    async def test_the_way_back_is_a_word_as_well_and_is_answered(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="SAIR", at=later(1)))
        await inbox.tell(message(ana, "w.2", text="VOLTAR", at=later(5)))

        assert not await is_out(inbox)
        assert await record(inbox) == [("opted_out", "keyword"), ("opted_in", "keyword")]
        assert await inbox.count("turns WHERE state = 'open'") == 1

    async def test_of_two_in_one_post_the_later_holds(self, inbox: Inbox, ana: Customer) -> None:
        things = [message(ana, "w.2", text="VOLTAR", at=later(5)), message(ana, "w.1", text="SAIR", at=later(1))]
        await inbox.post(inbox.body(*things))
        await inbox.take_in()

        assert not await is_out(inbox)

    async def test_told_twice_they_are_on_record_once(self, inbox: Inbox, ana: Customer) -> None:
        for _ in range(3):
            await inbox.tell(message(ana, "w.1", text="SAIR"))

        assert await record(inbox) == [("opted_out", "keyword")]

    async def test_one_identity_of_a_person_lets_out_all_of_them(self, inbox: Inbox) -> None:
        ana = Customer(number="5511987654321", user_id="BR.1")
        await inbox.tell(message(ana, "w.1", text="oi"))
        await inbox.tell(message(Customer(user_id="BR.1"), "w.2", text="SAIR"))

        assert await inbox.count("suppressions") == 3

    async def test_who_turns_out_to_be_somebody_who_is_out_is_out(self, inbox: Inbox) -> None:
        old, new = someone(), someone()
        await inbox.tell(message(new, "w.1", text="oi"), message(old, "w.2", text="SAIR"))

        await inbox.tell(meta.new_number(old, new, "w.3"))

        assert await inbox.count("contacts WHERE merged_into IS NULL AND opted_out_at IS NULL") == 0


class TestButtons:
    async def test_that_of_a_template_lets_out(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", button={"payload": "optout", "text": "Não quero mais"}))

        assert await is_out(inbox)
        assert await record(inbox) == [("opted_out", "button")]
        assert await inbox.count("turns") == 0

    async def test_an_order_that_is_cancelled_is_an_answer_like_any(self, inbox: Inbox, ana: Customer) -> None:
        reply = {"type": "button_reply", "button_reply": {"id": "pedido:7:cancelar", "title": "Cancelar"}}
        await inbox.tell(message(ana, "w.1", interactive=reply))

        assert not await is_out(inbox)
        assert await inbox.count("turns WHERE state = 'open'") == 1


class TestProvider:
    @pytest.mark.parametrize(("value", "out"), [("stop", True), ("resume", False), ("signup", False)])
    async def test_its_own_switch_counts(self, inbox: Inbox, ana: Customer, value: str, out: bool) -> None:  # noqa: FBT001 - a row of the table
        await inbox.tell(meta.preference(ana, value))

        assert await is_out(inbox) is out
        assert (await record(inbox))[0][1] == "provider"

    async def test_switched_off_and_on_the_later_holds_whatever_comes_first(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(meta.preference(ana, "resume", at=later(9)))
        await inbox.tell(meta.preference(ana, "stop", at=later(1)))

        assert not await is_out(inbox)

    async def test_a_message_it_refused_because_of_it_lets_its_person_out(self, inbox: Inbox, ana: Customer) -> None:
        refused = [{"code": 131050, "title": "User stopped marketing messages"}]
        await inbox.tell(meta.status("out.1", "failed", recipient_id=ana.number, errors=refused))

        assert await is_out(inbox)
        assert await record(inbox) == [("opted_out", "provider")]
        assert await inbox.count("parked_news") == 1

    async def test_another_refusal_does_not(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="oi"))
        refused = [{"code": 131026, "title": "Undeliverable"}]
        await inbox.tell(meta.status("out.1", "failed", recipient_id=ana.number, errors=refused))

        assert not await is_out(inbox)
