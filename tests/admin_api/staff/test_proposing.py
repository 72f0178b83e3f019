"""Plain words in the staff group: shown as buttons, done when pressed, and never said by somebody else."""

from dataclasses import replace
from typing import Any

import pytest

from admin_api.analytics import queries
from admin_api.analytics.figures import Period
from admin_api.staff.asking import Place
from admin_api.staff.heard import Heard, Known
from admin_api.staff.proposing import ASKED, Proposing
from admin_api.staff.registry import Registry
from agents.gateway.gateway import Gateway
from agents.gateway.models import Models
from agents.gateway.port import ModelRequest, ModelUnavailable
from channels.telegram_staff.updates import Person, Room, RoomKind, Typed
from channels.telegram_staff.updates import Said as Line
from core import clock
from core.floor import Floor
from core.ids import new_id
from tests.admin_api.staff.counter import Counter, Said, open_counter
from tests.agents.test_proposing import OFFERS
from tests.fixtures.gates import Somebody

ROOM = Room(id=-100, kind=RoomKind.SUPERGROUP, is_forum=True)


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


@pytest.fixture
async def ana(counter: Counter) -> Somebody:
    """Nobody else is called so."""
    await counter.set("contacts", {"name": "Outra"}, tenant_id=counter.world.company)
    return await counter.customer("Ana")


@pytest.fixture(autouse=True)
async def rested(counter: Counter) -> None:
    """Nobody has asked for anything lately."""
    await counter.world.floor.valkey.flushdb()


class Away:
    """No model answers."""

    async def complete(self, request: ModelRequest) -> Any:
        del request
        raise ModelUnavailable("fora", "away")

    def stream(self, request: ModelRequest) -> Any:
        raise NotImplementedError


def line(words: str, **told: Any) -> Line:
    return Line(room=ROOM, sender=Person(id=1, name="Bia"), message_id=1, at=clock.now(), text=words, **told)


async def say(
    counter: Counter,
    words: str,
    *,
    who: str = "dona",
    place: Place | None = None,
    is_addressed: bool = True,
    model: Any = None,
    **told: Any,
) -> Said | None:
    """None: it was not for the bot."""
    proposing = Proposing(
        registry=Registry(),
        floor=counter.world.floor,
        storage=counter.storage,
        model=model or Gateway(Models()),
    )
    known = Known(
        company=counter.world.company,
        bot=counter.world.connection,
        asker=counter.people[who],
        place=place or counter.place(),
        key=f"update:{new_id()}",
        is_addressed=is_addressed,
    )
    thought = await proposing.think(known, line(words, **told))
    if thought is None:
        return None
    async with counter.world.session() as session:
        await proposing.words(Heard(session=session, known=known), thought)
    return await counter.said(known.key)


async def control_of(counter: Counter, who: Somebody) -> str:
    return str((await counter.one("SELECT control FROM conversations WHERE id = :id", id=who.conversation)).control)


class TestWords:
    async def test_two_wishes_are_two_cards_and_nothing_is_done_before_a_press(
        self, counter: Counter, ana: Somebody
    ) -> None:
        said = await say(counter, "pausa o bot da Ana e me lembra às 15h")
        assert said is not None
        assert len(said.bodies) == 2
        assert "Nada foi feito ainda" in said.text
        assert await control_of(counter, ana) == "bot"
        first, second = [button for button in said.buttons if "Confirmar" in button.text]
        await counter.press("dona", first)
        assert await control_of(counter, ana) == "human"
        assert "Vou lembrar" in (await counter.press("dona", second)).text

    async def test_only_who_said_it_may_press(self, counter: Counter, ana: Somebody) -> None:
        said = await say(counter, "pausa o bot da Ana", who="bia")
        assert said is not None
        assert "outra pessoa" in (await counter.press("caio", said.button("Confirmar"))).toast
        assert await control_of(counter, ana) == "bot"

    async def test_cancelled_it_is_void(self, counter: Counter, ana: Somebody) -> None:
        said = await say(counter, "pausa o bot da Ana")
        assert said is not None
        await counter.press("dona", said.button("Cancelar"))
        assert (await counter.press("dona", said.button("Confirmar"))).toast
        assert await control_of(counter, ana) == "bot"

    async def test_what_is_risky_shows_what_it_would_do(self, counter: Counter) -> None:
        said = await say(counter, "desliga o bot")
        assert said is not None
        assert "deixa de responder" in said.text

    async def test_the_words_are_why_where_no_other_reason_was_said(self, counter: Counter, ana: Somebody) -> None:
        await counter.lead(ana)
        said = await say(counter, "passa a Ana para ganho")
        assert said is not None
        await counter.press("dona", said.button("Confirmar"))
        event = await counter.one(
            "SELECT e.* FROM lead_stage_events e JOIN leads l ON l.id = e.lead_id WHERE l.contact_id = :id "
            "ORDER BY e.seq DESC LIMIT 1",
            id=ana.contact,
        )
        assert (event.to_stage, event.reason) == ("ganho", "passa a Ana para ganho")

    async def test_whom_it_is_about_is_settled_when_it_is_shown(self, counter: Counter, ana: Somebody) -> None:
        """Names are the customers' own: another one may be called so a moment later."""
        said = await say(counter, "pausa o bot da Ana")
        assert said is not None
        assert "👤 Ana · …" in said.text
        await counter.set("contacts", {"name": "Bia"}, id=ana.contact)
        other = await counter.customer("Ana")
        await counter.press("dona", said.button("Confirmar"))
        assert (await control_of(counter, ana), await control_of(counter, other)) == ("human", "bot")

    async def test_of_two_of_one_name_a_button_says_which(self, counter: Counter, ana: Somebody) -> None:
        other = await counter.customer("Ana")
        said = await say(counter, "pausa o bot da Ana", who="bia")
        assert said is not None
        assert len(said.buttons) == 2
        assert "outra pessoa" in (await counter.press("caio", said.buttons[0])).toast
        await counter.press("bia", said.buttons[0])
        assert sorted([await control_of(counter, ana), await control_of(counter, other)]) == ["bot", "human"]

    async def test_without_a_customer_it_asks_whose(self, counter: Counter) -> None:
        said = await say(counter, "anota: ligar antes")
        assert said is not None
        assert "De quem?" in said.text

    async def test_nobody_is_offered_what_they_may_not_do(self, counter: Counter) -> None:
        said = await say(counter, "desliga o bot", who="bia")
        assert said is not None
        assert "Não entendi" in said.text
        assert said.buttons == []

    async def test_what_is_of_a_topic_is_offered_there(self, counter: Counter, ana: Somebody) -> None:
        outside = await say(counter, "assume essa conversa")
        assert outside is not None
        assert outside.buttons == []
        said = await say(counter, "@masteria_bot assume essa conversa", place=counter.place(ana))
        assert said is not None
        await counter.press("dona", said.button("Confirmar"), ana)
        assert await control_of(counter, ana) == "human"

    async def test_what_cannot_be_shown_says_why_and_the_rest_is_shown(self, counter: Counter) -> None:
        said = await say(counter, "descadastra a Zuleica e liga o bot")
        assert said is not None
        assert "Não achei cliente" in said.text
        assert any("Confirmar" in button.text for button in said.buttons)

    async def test_what_a_model_took_is_counted(self, counter: Counter) -> None:
        async def calls() -> int:
            async with counter.world.session() as session:
                day = await queries.today(session)
                costs = (await queries.figures_of(session, Period(begins=day, ends=day))).costs
            return sum(cost.calls for cost in costs if cost.what == ASKED)

        before = await calls()
        await say(counter, "mostra o kanban")
        assert await calls() == before + 1

    async def test_nobody_asks_without_end(self, counter: Counter) -> None:
        said = [await say(counter, "mostra o kanban", who="leo") for _ in range(12)]
        assert "espere um pouco" in str(said[-1] and said[-1].text)
        assert "espere um pouco" not in str(said[0] and said[0].text)

    async def test_where_no_model_answers_commands_are_named(self, counter: Counter) -> None:
        said = await say(counter, "liga o bot", model=Away())
        assert said is not None
        assert "/ajuda" in said.text


class TestAddressed:
    @pytest.mark.parametrize("words", ["bot, liga o bot", "Bot: liga o bot", "robô, liga o bot"])
    async def test_in_the_general_a_line_to_the_bot_is_heard(self, counter: Counter, words: str) -> None:
        said = await say(counter, words, is_addressed=False)
        assert said is not None
        assert said.buttons != []

    @pytest.mark.parametrize("words", ["liga o bot", "gente, liga o bot", "botão quebrado", "  "])
    async def test_what_people_say_to_each_other_is_not(self, counter: Counter, words: str) -> None:
        assert await say(counter, words, is_addressed=False) is None

    async def test_in_a_topic_only_its_name_counts(self, counter: Counter, ana: Somebody) -> None:
        place = counter.place(ana)
        assert await say(counter, "bot, liga o bot", place=place, is_addressed=False) is None
        assert await say(counter, "@masteria_bot liga o bot", place=place) is not None

    @pytest.mark.parametrize("told", [{"is_forwarded": True}, {"via_bot": True}, {"typed": Typed(word="bot", rest="")}])
    async def test_what_is_not_their_own_is_never_heard(self, counter: Counter, told: dict[str, Any]) -> None:
        assert await say(counter, "bot, desliga o bot", **told) is None

    async def test_what_they_reply_to_is_not_part_of_it(self, counter: Counter) -> None:
        place = replace(counter.place(), replied_text="desliga o bot")
        said = await say(counter, "bot, o que você acha?", place=place)
        assert said is not None
        assert said.buttons == []


class TestOffers:
    def test_the_set_of_the_rehearsal_is_of_actions_that_there_are(self) -> None:
        actions = Registry().actions
        for offer in OFFERS:
            action = actions[offer.name]
            assert action.is_spoken, offer.name
            there = {param.name: (param.kind, param.is_required) for param in action.params}
            kinds = {"string": str, "integer": int, "boolean": bool}
            for field in offer.fields:
                assert there[field.name] == (kinds[field.kind], field.is_required), (offer.name, field.name)

    def test_nothing_that_cannot_be_undone_is_spoken(self) -> None:
        spoken = {action.name for action in Registry().actions.values() if action.is_spoken}
        assert spoken.isdisjoint({"erase", "teach", "knowledge_approve", "knowledge_withdraw", "case_drop"})
