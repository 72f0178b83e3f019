"""What waits for people, over HTTP: drafts, effects and handoffs, page by page, and decided once."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core import clock
from core.floor import Floor
from core.ids import new_id
from core.models.outbox import Outbound, OutboundState
from core.models.people import Role
from core.models.service import Approver, DraftState, EffectState, HandoffState
from tests.fixtures.desk import Desk, desks
from tests.fixtures.waiting import TEXTS, conversation, draft, effect, handoff


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both
        for desk in both:
            async with floor.database.tenant_session(desk.company) as session:
                await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


class TestDrafts:
    async def test_those_that_wait_are_shown_message_by_message(self, desk: Desk) -> None:
        of = await conversation(desk)
        row = await draft(desk, of)
        await draft(desk, of, state=DraftState.REJECTED)
        [shown] = (await desk.get("drafts?state=proposed", Role.VIEWER)).json()["items"]
        assert (shown["id"], shown["bubbles"], shown["is_stale"]) == (str(row.id), TEXTS, False)
        assert (await desk.get(f"drafts/{row.id}", Role.VIEWER)).json() == shown

    async def test_they_come_page_by_page_of_one_conversation_too(self, desk: Desk) -> None:
        first, second = await conversation(desk), await conversation(desk)
        rows = [await draft(desk, first, state=DraftState.REJECTED) for _ in range(3)]
        await draft(desk, second)
        found = [one["id"] for one in await desk.pages(f"drafts?conversation_id={first}", 2)]
        assert found == [str(row.id) for row in reversed(rows)]
        assert (await desk.get(f"drafts?conversation_id={new_id()}")).json() == {"items": [], "next": None}

    async def test_accepted_twice_it_is_one_send(self, desk: Desk) -> None:
        of = await conversation(desk)
        row = await draft(desk, of)
        answers = [await desk.post(f"drafts/{row.id}/accept", role=Role.AGENT) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (answers[0].json()["state"], answers[0].json()) == ("accepted", answers[1].json())
        said = (await desk.get(f"conversations/{of}/messages")).json()["items"]
        assert [(one["text"], one["author"], one["state"]) for one in said] == [
            (text, "staff", "queued") for text in TEXTS
        ]

    async def test_whoever_comes_second_is_told_in_their_language(self, desk: Desk) -> None:
        row = await draft(desk, await conversation(desk))
        await desk.post(f"drafts/{row.id}/accept", role=Role.AGENT)
        headers = {"accept-language": "pt-BR"}
        refused = await desk.post(f"drafts/{row.id}/reject", {"reason": "não"}, Role.ADMIN, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
        assert refused.json()["detail"] == "Este rascunho já foi decidido."

    async def test_edited_it_keeps_how_much_was_changed(self, desk: Desk) -> None:
        row = await draft(desk, await conversation(desk))
        answer = await desk.post(f"drafts/{row.id}/edit", {"bubbles": ["O plano custa R$ 89,00."]}, Role.AGENT)
        shown = answer.json()
        assert (shown["state"], shown["sent_text"], shown["bubbles"]) == ("edited", "O plano custa R$ 89,00.", TEXTS)
        assert shown["distance"] == 22

    async def test_one_that_the_customer_overtook_is_stale_and_not_sent(self, desk: Desk) -> None:
        of = await conversation(desk)
        row = await draft(desk, of)
        await desk.message(of, 1, "e o maior?")
        assert (await desk.get(f"drafts/{row.id}")).json()["is_stale"]
        assert (await desk.post(f"drafts/{row.id}/accept")).status_code == 409

    @pytest.mark.parametrize(
        ("act", "body"),
        [
            ("edit", {}),
            ("edit", {"bubbles": []}),
            ("edit", {"bubbles": [""]}),
            ("edit", {"bubbles": [" "]}),
            ("edit", {"bubbles": ["a\0b"]}),
            ("edit", {"bubbles": ["a"] * 11}),
            ("edit", {"bubbles": ["a" * 4097]}),
            ("edit", {"bubbles": "a"}),
            ("reject", {}),
            ("reject", {"reason": ""}),
            ("reject", {"reason": " "}),
            ("reject", {"reason": "a" * 501}),
        ],
    )
    async def test_what_is_malformed_changes_nothing(self, desk: Desk, act: str, body: dict[str, Any]) -> None:
        row = await draft(desk, await conversation(desk))
        assert (await desk.post(f"drafts/{row.id}/{act}", body)).status_code == 422
        assert (await desk.get(f"drafts/{row.id}")).json()["state"] == "proposed"

    async def test_another_companys_is_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs = await draft(other, await conversation(other))
        there, nowhere = await desk.get(f"drafts/{theirs.id}"), await desk.get(f"drafts/{new_id()}")
        assert (there.status_code, there.content) == (404, nowhere.content)


class TestEffects:
    async def test_those_that_wait_for_staff_are_found(self, desk: Desk) -> None:
        of = await conversation(desk)
        row = await effect(desk, of)
        await effect(desk, of, approver=Approver.CUSTOMER)
        await effect(desk, of, state=EffectState.SUCCEEDED)
        await effect(desk, of, expires_at=clock.now() - timedelta(minutes=1))
        [shown] = (await desk.get("effects?state=proposed&approver=staff", Role.VIEWER)).json()["items"]
        assert (shown["id"], shown["tool"], shown["arguments"]) == (str(row.id), "agenda.criar", row.arguments)
        assert len(await desk.pages("effects", 3)) == 4
        assert (await desk.get("effects?tool=nenhuma")).json()["items"] == []

    async def test_approved_it_is_to_be_done(self, desk: Desk) -> None:
        row = await effect(desk, await conversation(desk))
        shown = (await desk.post(f"effects/{row.id}/approve", role=Role.AGENT)).json()
        assert (shown["state"], shown["decided_by"] is not None) == ("approved", True)
        assert (await desk.post(f"effects/{row.id}/approve", role=Role.ADMIN)).status_code == 409

    async def test_refused_it_says_why(self, desk: Desk) -> None:
        row = await effect(desk, await conversation(desk))
        shown = (await desk.post(f"effects/{row.id}/reject", {"reason": "sem agenda"}, Role.AGENT)).json()
        assert (shown["state"], shown["reason"]) == ("rejected", "sem agenda")
        assert (await desk.post(f"effects/{row.id}/approve")).status_code == 409

    async def test_one_whose_time_is_over_is_refused(self, desk: Desk) -> None:
        row = await effect(desk, await conversation(desk), expires_at=clock.now() - timedelta(minutes=1))
        assert (await desk.post(f"effects/{row.id}/approve")).status_code == 409
        assert (await desk.post(f"effects/{row.id}/reject", {"reason": "tarde"})).status_code == 200


class TestHandoffs:
    async def test_the_one_that_has_waited_longest_comes_first(self, desk: Desk) -> None:
        rows = [await handoff(desk) for _ in range(3)]
        await handoff(desk, state=HandoffState.ENDED)
        await handoff(desk, queue="financeiro")
        found = [one["id"] for one in await desk.pages("handoffs?state=queued&queue=vendas", 2)]
        assert found == [str(row.id) for row in rows]

    async def test_it_says_what_a_person_has_to_know(self, desk: Desk) -> None:
        row = await handoff(desk)
        shown = (await desk.get(f"handoffs/{row.id}", Role.VIEWER)).json()
        assert (shown["brief"], shown["reason"], shown["state"]) == ({"shows": ["reason"]}, "pediu", "queued")
        assert (await desk.get(f"handoffs?conversation_id={row.conversation_id}")).json()["items"] == [shown]
