"""Every action by every role, by nobody, and with what is another company's: only who may does anything."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import select

from admin_api.staff.asking import Action, Answer, Ask, Asker, Place
from admin_api.staff.dispatch import Dispatch
from admin_api.staff.registry import Registry
from channels.telegram_staff.rich import Rich
from core.errors import Forbidden, Refused
from core.floor import Floor
from core.ids import new_id
from core.models.people import Role
from core.models.record import AuditEntry
from tests.admin_api.staff.counter import NAMES, Counter, open_counter
from tests.fixtures.gates import Somebody

ACTIONS: Final = Registry().actions
_ID: Final = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")


@pytest.fixture(scope="module")
async def counter(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
async def rival(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Counter:
    """Another company on the same floor."""
    return await open_counter(floor, tmp_path_factory.mktemp("storage"))


class Spy:
    """The same actions, which only note that they were let through."""

    def __init__(self, counter: Counter) -> None:
        self.ran: list[str] = []
        self.registry = Registry()
        actions: Mapping[str, Action] = {name: self._watched(action) for name, action in ACTIONS.items()}
        self.registry.actions = actions
        self.dispatch = Dispatch(self.registry, counter.world.floor, counter.storage)

    def _watched(self, action: Action) -> Action:
        async def run(_: Ask) -> Answer:
            self.ran.append(action.name)
            return Answer(text=NOTHING)

        return replace(action, run=run, preview=run if action.preview else None, params=())


@pytest.fixture(scope="module")
async def ana(counter: Counter) -> Somebody:
    return await counter.customer()


@pytest.fixture(scope="module")
def spy(counter: Counter) -> Spy:
    return Spy(counter)


@pytest.fixture(scope="module")
async def foreign(rival: Counter) -> dict[str, Any]:
    return await _ids(rival)


async def do(counter: Counter, dispatch: Dispatch, who: str | None, name: str, place: Place) -> None:
    async with counter.world.session() as session:
        await dispatch.do(session, counter.heard(who, place), name)


class TestRoles:
    @pytest.mark.parametrize("name", sorted(ACTIONS))
    async def test_only_who_may_gets_through(self, counter: Counter, spy: Spy, ana: Somebody, name: str) -> None:
        """The strongest may what the weaker may."""
        place = counter.place(ana)
        order = list(Role)
        for who, role in NAMES.items():
            spy.ran.clear()
            if order.index(role) <= order.index(ACTIONS[name].role):
                await do(counter, spy.dispatch, who, name, place)
                assert spy.ran == [name]
            else:
                with pytest.raises(Forbidden, match="This takes the role of"):
                    await do(counter, spy.dispatch, who, name, place)
                assert spy.ran == []

    @pytest.mark.parametrize("name", sorted(ACTIONS))
    async def test_nobody_gets_nothing(self, counter: Counter, spy: Spy, ana: Somebody, name: str) -> None:
        spy.ran.clear()

        with pytest.raises(Forbidden, match="I do not know who you are"):
            await do(counter, spy.dispatch, None, name, counter.place(ana))

        assert spy.ran == []

    async def test_a_button_is_weighed_again_when_it_is_pressed(self, counter: Counter) -> None:
        """Shown to somebody who may, pressed by somebody who may not; and by one whose role was taken since."""
        ana = await counter.customer()
        shown = await counter.type("bia", "/cliente", ana)

        assert "Isto pede o papel de atendente" in (await counter.press("leo", shown.button("Pausar"), ana)).toast
        counter.people["bia"], before = replace(counter.people["bia"], role=Role.VIEWER), counter.people["bia"]
        assert "Isto pede o papel de atendente" in (await counter.press("bia", shown.button("Pausar"), ana)).toast
        counter.people["bia"] = before

    async def test_nothing_that_changes_something_is_open_to_those_who_only_look(self) -> None:
        """What viewers may is listed here by name: a new action that is open to all has to be thought about."""
        open_to_all = {name for name, action in ACTIONS.items() if action.role is Role.VIEWER}

        assert open_to_all <= LOOKING | OF_ONESELF
        assert all(ACTIONS[name].preview is None for name in open_to_all)

    async def test_what_erases_or_silences_is_shown_first(self) -> None:
        risky = {name for name, action in ACTIONS.items() if action.preview is not None}

        assert {"erase", "optout", "optin", "bot_off", "unlink", "knowledge_withdraw"} <= risky


class TestElsewhere:
    """Ids of another company are ids of nothing."""

    @pytest.mark.parametrize("name", sorted(ACTIONS))
    async def test_another_companys_ids_are_not_found(
        self, counter: Counter, rival: Counter, foreign: dict[str, Any], name: str
    ) -> None:
        ids, action = foreign, ACTIONS[name]
        arguments = {**ids, **{param.name: _some(param.kind, ids.get(param.name)) for param in action.params}}
        arguments.pop("customer", None)
        place = Place(group=counter.group, message_id=1)
        before = await _state(rival)

        try:
            async with counter.world.session() as session:
                await counter.dispatch.do(session, counter.heard("dona", place), name, arguments=arguments)
        except Refused as error:
            assert error.status in {404, 409, 422}  # noqa: PT017 - some need no id, and simply answer
        else:
            [body] = await counter.rows("SELECT body::text AS said FROM staff_notes ORDER BY id DESC LIMIT 1")
            assert not any(str(one) in body.said for one in ids.values() if isinstance(one, str) and _ID.fullmatch(one))
            assert "Rival" not in body.said

        assert await _state(rival) == before

    async def test_a_name_of_another_companys_customer_finds_nobody(self, counter: Counter, rival: Counter) -> None:
        await rival.customer("Exclusiva Rival")

        assert "Não achei cliente" in (await counter.type("dona", "/cliente Exclusiva")).text

    async def test_another_companys_button_is_not_ours(self, counter: Counter, rival: Counter) -> None:
        theirs = (await rival.type("dona", "/parar", await rival.customer())).buttons[0]

        assert (await counter.press("dona", theirs)).toast == "Este botão não é meu."


class TestRecord:
    async def test_each_change_names_who_made_it(self, counter: Counter) -> None:
        """Through the real actions: what a person changes leaves an entry with their own id."""
        ana = await counter.customer("Registrada")
        await counter.lead(ana)
        for line in LINES:
            before = await _entries(counter, counter.people["dona"])
            said = await counter.type("dona", line, ana)
            if yes := next((one for one in said.buttons if "Confirmar" in one.text or one.text == "Sempre"), None):
                said = await counter.press("dona", yes, ana)
            assert await _entries(counter, counter.people["dona"]) > before, line


async def _entries(counter: Counter, asker: Asker) -> int:
    async with counter.world.session() as session:
        mine = select(AuditEntry.id).where(AuditEntry.actor_id == asker.user)
        return len((await session.scalars(mine)).all())


async def _ids(rival: Counter) -> dict[str, Any]:
    """Of things that exist there, under the names by which actions take them."""
    who: Somebody = await rival.customer("Rival")
    await rival.lead(who)
    made = await rival.confirm("dona", "/agendar em 2 horas: Oi Rival", who)
    await rival.type("dona", "/lembrar em 2 horas Rival", who)
    shown = await rival.type("dona", f"/base aprovar Qual a senha {new_id().hex[-8:]} do cofre? => Rival123")
    await rival.press("dona", shown.button("Sempre"))
    assert made.buttons
    row = await rival.one(
        """
        SELECT l.id AS lead, l.seq, o.message_id AS message, n.id AS reminder, a.id AS answer
        FROM leads l, outbound o, staff_notes n, approved_answers a
        WHERE l.contact_id = :id AND o.contact_id = :id AND n.key LIKE 'reminder:%'
        ORDER BY n.id DESC, a.id DESC LIMIT 1
        """,
        id=who.contact,
    )
    ids = {name: str(value) for name, value in row._mapping.items() if name != "seq"}
    return {**ids, "seq": row.seq, "contact": str(who.contact), "gap": str(new_id())}


async def _state(rival: Counter) -> list[Any]:
    """Of all that an action might change there."""
    sql = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
    return [await rival.rows(sql.format(table)) for table in _WATCHED]


def _some(kind: type, known: Any) -> Any:
    if known is not None and isinstance(known, kind):
        return known
    return {str: "1", int: 1, bool: True}[kind]


LOOKING: Final = {
    "conversations", "queue", "history", "customer", "board", "notes", "bot", "knowledge_list", "knowledge_answers",
    "gaps", "connections", "settings", "health", "team", "numbers", "why", "cases",
}  # fmt: skip
_WATCHED: Final = (
    "contacts",
    "conversations",
    "leads",
    "outbound",
    "approved_answers",
    "staff_people",
    "consent_events",
)
OF_ONESELF: Final = {"me", "remind", "reminders", "reminder_cancel"}
LINES: Final = (
    "/etiqueta +vip",
    "/nota prefere de manhã",
    "/etapa demo marcou",
    "/agendar em 2 horas: Oi",
    "/lembrar em 2 horas ver",
    "/pausar",
    "/retomar ok",
    "/parar pediu",
    "/voltar voltou",
    "/bot desligar Loja",
    "/bot ligar Loja",
    "/base adicionar Um texto que alguém escreveu.",
    "/base aprovar Onde fica a loja? => Na rua de baixo.",
    "/config silencio 22:00-07:00",
    "/config espera 2",
    "/config prefixo %%",
    "/config resumo 4",
    "/caso Primeira conversa",
    "/aceitar",
    "/devolver tudo combinado",
    "/transferir Bia",
    "/resolver vendido: pagou no PIX",
    "/apagar",
)
NOTHING: Final = Rich("ok")
