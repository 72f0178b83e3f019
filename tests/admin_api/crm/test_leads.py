"""Leads and boards over HTTP: where each stands, why, and how people move them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from core.floor import Floor
from core.ids import ContactId, new_id
from core.models.people import Role
from core.models.personas import Board, BoardStage, Cause, Lead, LeadStageEvent, StageKind
from tests.fixtures.desk import Desk, desks

STAGES = (("novo", StageKind.OPEN), ("qualificado", StageKind.OPEN), ("ganho", StageKind.WON))
QUOTED = {
    "id": "slot:nome",
    "satisfied": True,
    "source": "slot",
    "message": 3,
    "message_id": str(new_id()),
    "quote": "Sou a Ana",
}


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


async def make_board(desk: Desk, key: str = "vendas") -> Board:
    board = Board(id=new_id(), key=key, name=key.title())
    stages = [
        BoardStage(id=new_id(), board_id=board.id, key=name, name=name.title(), position=place, kind=kind)
        for place, (name, kind) in enumerate(STAGES)
    ]
    await desk.add(board, *stages)
    return board


async def make_lead(desk: Desk, board: Board, contact: ContactId | None = None, **told: Any) -> Lead:
    """One that was made, and moved once."""
    lead = Lead(
        id=new_id(),
        board_id=board.id,
        contact_id=contact or await desk.contact(),
        **({"stage": "qualificado", "seq": 2, "slots": {"nome": {"name": "Ana"}}} | told),
    )
    common = {"lead_id": lead.id, "cause": Cause.RULE}
    await desk.add(
        lead,
        LeadStageEvent(id=new_id(), seq=1, to_stage="novo", rule_id="lead.made", **common),
        LeadStageEvent(
            id=new_id(),
            seq=2,
            from_stage="novo",
            to_stage="qualificado",
            rule_id="stage.enter:qualificado",
            criteria=[QUOTED],
            **common,
        ),
    )
    return lead


async def found(desk: Desk, query: str = "") -> list[str | None]:
    return [row["contact_name"] for row in (await desk.get(f"leads?{query}")).json()["items"]]


class TestBoards:
    async def test_each_shows_its_stages_from_left_to_right_with_how_many_stand_there(self, desk: Desk) -> None:
        board = await make_board(desk)
        for _ in range(2):
            await make_lead(desk, board)
        [shown] = (await desk.get("boards", Role.VIEWER)).json()["items"]

        assert (shown["id"], shown["key"], shown["name"]) == (str(board.id), "vendas", "Vendas")
        assert [(one["key"], one["kind"], one["leads"]) for one in shown["stages"]] == [
            ("novo", "open", 0),
            ("qualificado", "open", 2),
            ("ganho", "won", 0),
        ]

    async def test_they_come_by_name_page_by_page_and_are_a_companys_own(self, desk: Desk, other: Desk) -> None:
        for key in ("cobranca", "vendas", "agenda"):
            await make_board(desk, key)
        await make_board(other, "alheio")
        assert [one["key"] for one in await desk.pages("boards", 2)] == ["agenda", "cobranca", "vendas"]


class TestListLeads:
    async def test_the_one_that_changed_last_comes_first(self, desk: Desk, other: Desk) -> None:
        board = await make_board(desk)
        for name in ("Ana", "Bia", "Caio"):
            await make_lead(desk, board, await desk.contact(name))
        await make_lead(other, await make_board(other), await other.contact("Alheia"))

        assert await found(desk) == ["Caio", "Bia", "Ana"]
        assert [one["contact_name"] for one in await desk.pages("leads", 2)] == ["Caio", "Bia", "Ana"]

    async def test_they_are_found_by_board_stage_and_who_they_are(self, desk: Desk) -> None:
        sales, charges = await make_board(desk), await make_board(desk, "cobranca")
        await make_lead(desk, sales, await desk.contact("Ana Souza", phone="+5511987654321"))
        await make_lead(desk, sales, await desk.contact("Bia"), stage="novo")
        await make_lead(desk, charges, await desk.contact("Caio"))
        for query, names in (
            ("board=vendas", ["Bia", "Ana Souza"]),
            ("board=cobranca&stage=qualificado", ["Caio"]),
            ("stage=novo", ["Bia"]),
            ("board=nenhum", []),
            ("q=souza", ["Ana Souza"]),
            ("q=98765-4321", ["Ana Souza"]),
            ("q=%25", []),
            ("q=' OR 1=1 --", []),
        ):
            assert await found(desk, query) == names, query
        assert (await desk.get("leads?stage=NOVO!")).status_code == 422

    async def test_they_are_found_by_contact_and_by_conversation(self, desk: Desk) -> None:
        board, contact = await make_board(desk), await desk.contact("Ana")
        conversation = await desk.conversation(contact=contact)
        await make_lead(desk, board, contact, conversation_id=conversation)
        await make_lead(desk, board, await desk.contact("Bia"))
        for query in (f"contact_id={contact}", f"conversation_id={conversation}"):
            assert await found(desk, query) == ["Ana"]
        assert (await desk.get(f"leads?contact_id={new_id()}")).json() == {"items": [], "next": None}

    async def test_those_of_a_contact_that_was_merged_away_rest(self, desk: Desk) -> None:
        board, ana = await make_board(desk), await desk.contact("Ana")
        await make_lead(desk, board, ana)
        await make_lead(desk, board, await desk.contact("Outra Ana", merged_into=ana))
        assert await found(desk) == ["Ana"]
        [shown] = (await desk.get("boards")).json()["items"]
        assert [stage["leads"] for stage in shown["stages"]] == [0, 1, 0]

    async def test_what_the_customer_told_is_on_the_card(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        [card] = (await desk.get("leads")).json()["items"]

        assert (card["id"], card["board"], card["stage"], card["seq"]) == (str(lead.id), "vendas", "qualificado", 2)
        assert card["slots"] == {"nome": {"name": "Ana"}}

    async def test_the_card_says_why_in_the_customers_own_words_or_a_persons(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        [card] = (await desk.get("leads")).json()["items"]
        assert (card["why"]["cause"], card["why"]["criteria"]) == ("rule", [QUOTED])

        await desk.post(f"leads/{lead.id}/move", {"stage": "ganho", "reason": "assinou"})
        [card] = (await desk.get("leads")).json()["items"]
        assert (card["why"]["cause"], card["why"]["reason"], card["why"]["criteria"]) == ("staff", "assinou", [])


class TestGetLead:
    async def test_it_says_why_in_the_customers_own_words(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        answer = await desk.get(f"leads/{lead.id}", Role.VIEWER)

        moved, made = answer.json()["events"]
        assert answer.headers["etag"]
        assert moved["criteria"] == [QUOTED]
        assert (moved["from_stage"], moved["to_stage"], moved["rule"]) == (
            "novo",
            "qualificado",
            "stage.enter:qualificado",
        )
        assert (made["seq"], made["from_stage"], made["is_undone"]) == (1, None, False)

    async def test_another_companys_is_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs = await make_lead(other, await make_board(other))
        there, nowhere = await desk.get(f"leads/{theirs.id}"), await desk.get(f"leads/{new_id()}")
        assert (there.status_code, there.content) == (404, nowhere.content)


class TestMove:
    async def test_a_person_moves_it_and_the_event_says_who_and_why(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        shown = (await desk.post(f"leads/{lead.id}/move", {"stage": "ganho", "reason": "assinou"}, Role.AGENT)).json()

        assert (shown["stage"], shown["seq"]) == ("ganho", 3)
        event = shown["events"][0]
        assert (event["cause"], event["reason"], event["is_forced"]) == ("staff", "assinou", True)
        assert event["actor_id"] is not None

    async def test_to_a_stage_of_no_board_of_its_own_it_is_not_moved(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        answer = await desk.post(f"leads/{lead.id}/move", {"stage": "inventada", "reason": "x"})

        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.stage")

    @pytest.mark.parametrize(
        "body", [{"stage": "ganho"}, {"stage": "ganho", "reason": ""}, {"stage": "ganho", "reason": " "}, {}]
    )
    async def test_without_a_reason_it_stays(self, desk: Desk, body: dict[str, str]) -> None:
        lead = await make_lead(desk, await make_board(desk))
        assert (await desk.post(f"leads/{lead.id}/move", body)).status_code == 422
        async with desk.floor.database.tenant_session(desk.company) as session:
            assert (await session.scalars(select(Lead.stage))).one() == "qualificado"

    async def test_who_has_not_seen_the_last_move_is_refused(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        seen = {"if-match": (await desk.get(f"leads/{lead.id}")).headers["etag"]}
        moves = [
            await desk.post(f"leads/{lead.id}/move", {"stage": stage, "reason": "x"}, headers=seen)
            for stage in ("ganho", "novo")
        ]
        assert [answer.status_code for answer in moves] == [200, 412]

    async def test_sent_again_with_its_key_it_is_one_move(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        key, body = {"idempotency-key": "a"}, {"stage": "ganho", "reason": "x"}
        answers = [(await desk.post(f"leads/{lead.id}/move", body, headers=key)).json() for _ in range(2)]

        assert answers[0] == answers[1]
        assert answers[0]["seq"] == 3


class TestLose:
    async def test_it_is_given_up_from_wherever_it_stands_and_says_why(self, desk: Desk) -> None:
        board = await make_board(desk)
        await desk.add(
            BoardStage(id=new_id(), board_id=board.id, key="perdido", name="Perdido", position=9, kind=StageKind.LOST)
        )
        lead = await make_lead(desk, board)
        shown = (await desk.post(f"leads/{lead.id}/lost", {"reason": "sem verba"}, Role.AGENT)).json()
        assert (shown["stage"], shown["events"][0]["reason"], shown["events"][0]["is_forced"]) == (
            "perdido",
            "sem verba",
            True,
        )
        assert (await desk.post(f"leads/{lead.id}/undo", {"seq": 3})).json()["stage"] == "qualificado"

    async def test_without_a_reason_or_a_stage_for_it_it_stays(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        for body, status in (({}, 422), ({"reason": ""}, 422), ({"reason": "sem verba"}, 409)):
            assert (await desk.post(f"leads/{lead.id}/lost", body)).status_code == status, body
        assert (await desk.get(f"leads/{lead.id}")).json()["seq"] == 2

    async def test_who_has_not_seen_the_last_move_is_refused(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        seen = {"if-match": '"velho"'}
        assert (await desk.post(f"leads/{lead.id}/lost", {"reason": "x"}, headers=seen)).status_code == 412


class TestUndo:
    async def test_stage_and_slots_are_again_as_before(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        shown = (await desk.post(f"leads/{lead.id}/undo", {"seq": 2}, Role.AGENT)).json()

        assert (shown["stage"], shown["slots"], shown["seq"]) == ("novo", {}, 3)
        undo, undone, _ = shown["events"]
        assert (undo["cause"], undo["undo_of"], undone["is_undone"]) == ("undo", undone["id"], True)

    async def test_the_beginning_an_older_move_and_none_at_all_are_refused(self, desk: Desk) -> None:
        lead = await make_lead(desk, await make_board(desk))
        answers = [await desk.post(f"leads/{lead.id}/undo", {"seq": seq}) for seq in (1, 9, 2, 2, 1)]
        assert [answer.status_code for answer in answers] == [409, 404, 200, 409, 409]
