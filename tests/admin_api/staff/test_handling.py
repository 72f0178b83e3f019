"""Who is heard in the staff group, and who is not: by the number of an account that is linked, in the bound group."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from admin_api.staff.heard import Heard, Toast
from channels.telegram_staff.notes import Button, Say
from channels.telegram_staff.rich import Rich
from core.errors import Conflict, Unavailable
from core.floor import Floor
from core.models.people import Membership, Role
from core.models.staff import StaffUpdate
from core.models.stream import IncomingEvent
from core.objects import ObjectKey
from core.storage import open_storage
from core.texts import Text
from sandbox.telegram.acts import PLAIN
from sandbox.telegram.book import Act
from sandbox.telegram.contents import Voice
from sandbox.telegram.faults import UpdateDuplicated
from tests.admin_api.staff.transport import Desk, open_desk


@pytest.fixture(scope="module")
async def house(floor: Floor) -> AsyncIterator[Desk]:
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            await desk.link(desk.bia)
            yield desk


@pytest.fixture
def desk(house: Desk) -> Desk:
    """Nothing heard yet; whoever was heard before is forgotten."""
    house.recorder.heard.clear()
    house.recorder.refusals.clear()
    house.recorder.does = None
    return house


async def heard(desk: Desk, count: int = 1) -> list[tuple[str, Any, Any]]:
    found: list[tuple[str, Any, Any]] = await desk.until(
        lambda: desk.recorder.heard if len(desk.recorder.heard) >= count else None
    )
    return found


async def settled(desk: Desk) -> None:
    """A last line that is heard: everything before it was looked at."""
    desk.says("/fim")
    await desk.until(lambda: desk.recorder.heard and getattr(desk.recorder.heard[-1][2], "word", "") == "fim")


class TestHeard:
    async def test_a_command_of_a_linked_member(self, desk: Desk) -> None:
        line = desk.says("/fila 3")
        [(what, known, typed)] = await heard(desk)

        assert (what, typed.word, typed.rest) == ("command", "fila", "3")
        assert (known.asker.name, known.asker.role, known.place.group) == ("Bia", Role.AGENT, desk.bound.id)
        assert (known.place.message_id, known.place.about) == (line.id, None)
        assert known.key.startswith(f"update:{desk.connection}:")

    async def test_a_line_in_a_customers_topic(self, desk: Desk) -> None:
        place = await desk.topic()
        await desk.say(Say(text=Rich("Ana: oi")), place)
        desk.says("pode sim", thread_id=await desk.thread_of(place))
        [(what, known, said)] = await heard(desk)

        assert (what, said.text, known.place.about.topic) == ("said", "pode sim", place["topic"])

    async def test_what_it_answers_is_found(self, desk: Desk) -> None:
        place = await desk.topic()
        shown = await desk.say(Say(text=Rich("Ana: quero bolo")), place)
        thread = await desk.thread_of(place)
        desk.says("qual?", thread_id=thread, reply_to=shown.message_id)
        [(_, known, _)] = await heard(desk)
        assert known.place.replied_text == "Ana: quero bolo"

    async def test_plain_words_are_thought_about_before_the_transaction(self, desk: Desk) -> None:
        desk.says(f"@{desk.bot.account.username} pausa o bot da Ana")
        [(what, known, (said, thought))] = await heard(desk)
        assert (what, thought) == ("words", f"Bia thought of {said.text}")
        assert known.is_addressed

    async def test_who_answers_the_bot_in_the_general_speaks_to_it(self, desk: Desk) -> None:
        shown = await desk.say(Say(text=Rich("Quer mais?")))
        desk.says("quero", reply_to=shown.message_id)
        desk.says("quero", reply_to=desk.says("alguém quer café?").id)
        found = await heard(desk, 3)
        assert [(said.text, known.is_addressed) for _, known, (said, _) in found] == [
            ("quero", True),
            ("alguém quer café?", False),
            ("quero", False),
        ]

    async def test_in_private_everything_is_addressed(self, desk: Desk) -> None:
        desk.writes("quantos esperam?", desk.bia)
        [(what, known, _)] = await heard(desk)
        assert (what, known.is_addressed, known.place.group) == ("words", True, None)

    async def test_a_file_lies_in_our_storage_before_anybody_is_asked(self, desk: Desk) -> None:
        place = await desk.topic()
        await desk.say(Say(text=Rich("Ana: oi")), place)
        thread = await desk.thread_of(place)
        manner = replace(PLAIN, thread_id=thread)
        desk.sandbox.telegram.acts.write(desk.forum, desk.bia, Voice(words="pode vir"), manner)
        [(_, known, said)] = await heard(desk)

        attached = known.place.attached
        assert (attached.kind, attached.problem) == ("voice", None)
        storage = open_storage(desk.floor.settings.storage_url)
        assert len(await storage.get(ObjectKey.parse(attached.storage_key), max_bytes=1 << 20)) == attached.size
        assert said.file.kind == "voice"

    async def test_an_edit_and_a_reaction_are_told_apart(self, desk: Desk) -> None:
        place = await desk.topic()
        await desk.say(Say(text=Rich("Ana: oi"), about=None), place)
        thread = await desk.thread_of(place)
        line = desk.says("às 10", thread_id=thread)
        desk.sandbox.telegram.acts.edit(desk.forum, desk.bia, line.id, "às 11")
        found = await heard(desk, 2)
        assert [(what, said.text) for what, _, said in found] == [("said", "às 10"), ("edited", "às 11")]

    async def test_a_press_is_answered_with_the_toast(self, desk: Desk) -> None:
        desk.recorder.toast = Toast(text=Text("Feito.", "Done."), is_alert=True)
        shown = await desk.say(Say(text=Rich("?"), buttons=((Button(text="Sim", data="b:1"),),)))
        press = desk.sandbox.telegram.acts.press(desk.forum, desk.bia, shown.message_id or 0, label="Sim")
        answered = await desk.sandbox.telegram.answered(press.id, seconds=5)
        assert answered is not None
        assert (answered.text, answered.is_alert) == ("Feito.", True)
        [(what, known, pressed)] = await heard(desk)
        assert (what, pressed.data, known.place.message_id) == ("press", "b:1", shown.message_id)


class TestNotHeard:
    async def test_nobody_but_a_linked_member_commands(self, desk: Desk) -> None:
        stranger = desk.user("Zé")
        desk.sandbox.telegram.join(desk.forum, stranger, by=desk.owner)
        desk.says("/fila", by=stranger)
        await desk.until_said("Não conheço você")
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["fim"]

    @pytest.mark.parametrize(
        "manner",
        [{"is_anonymous": True}, {"forwarded_from": "Ana"}],
        ids=["anonymous", "forwarded"],
    )
    async def test_what_nobody_wrote_afresh_under_a_name_is_no_command(
        self, desk: Desk, manner: dict[str, Any]
    ) -> None:
        desk.says("/apagar tudo", by=desk.owner if "is_anonymous" in manner else desk.bia, **manner)
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["fim"]

    async def test_an_edited_command_is_none(self, desk: Desk) -> None:
        line = desk.says("/fila")
        await heard(desk)
        desk.sandbox.telegram.acts.edit(desk.forum, desk.bia, line.id, "/apagar tudo")
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["fila", "fim"]

    async def test_a_command_for_another_bot_is_none_of_ours(self, desk: Desk) -> None:
        desk.says("/fila@OutroBot")
        desk.says(f"/fila@{desk.bot.account.username}")
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["fila", "fim"]

    async def test_what_they_may_do_is_what_they_may_now(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            async with desk.at_work():
                await desk.link(desk.bia)
                await desk.link(desk.owner, Role.OWNER)
                async with desk.floor.database.tenant_session(desk.company) as session:
                    weaker = update(Membership).where(Membership.role == Role.AGENT).values(role=Role.VIEWER)
                    await session.execute(weaker)
                desk.says("/fila")
                [(_, known, _)] = await heard(desk)
                assert known.asker.role is Role.VIEWER

    async def test_a_press_by_a_stranger_is_answered_and_does_nothing(self, desk: Desk) -> None:
        stranger = desk.user("Zé")
        desk.sandbox.telegram.join(desk.forum, stranger, by=desk.owner)
        shown = await desk.say(Say(text=Rich("?"), buttons=((Button(text="Sim", data="b:1"),),)))
        press = desk.sandbox.telegram.acts.press(desk.forum, stranger, shown.message_id or 0, label="Sim")
        answered = await desk.sandbox.telegram.answered(press.id, seconds=5)
        assert answered is not None
        assert "Não conheço você" in answered.text
        await settled(desk)
        assert [what for what, _, _ in desk.recorder.heard] == ["command"]

    async def test_talk_in_a_group_of_another_company_is_not_ours(self, desk: Desk) -> None:
        other = desk.sandbox.telegram.forum("Outra", creator=desk.owner, bot=desk.bot)
        desk.sandbox.telegram.join(other, desk.bia, by=desk.owner)
        desk.says("/fila", chat=other)
        await desk.until(lambda: desk.accepted(Act.CHAT_LEFT, chat_id=other.id))
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["fim"]


class TestOnce:
    async def test_an_update_that_comes_again_does_nothing(self, desk: Desk) -> None:
        desk.sandbox.faults.add(UpdateDuplicated(times=1))
        desk.says("/uma")
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["uma", "fim"]

    async def test_what_is_refused_is_undone_and_said(self, desk: Desk) -> None:
        async def refuse(heard: Heard) -> None:
            heard.session.add(StaffUpdate(tenant_id=desk.company, connection_id=desk.connection, update_id=5))
            desk.recorder.does = None
            raise Conflict("Alguém já decidiu.", "Somebody has decided.")

        desk.recorder.does = refuse
        desk.says("/aceitar")
        await desk.until(lambda: desk.recorder.refusals)
        await settled(desk)
        rows = await desk.rows(select(StaffUpdate.update_id))
        assert 5 not in {row.update_id for row in rows}
        assert len(desk.recorder.heard) == 2

    async def test_a_hiccup_of_ours_is_no_refusal(self, desk: Desk) -> None:
        async def hiccup(_: Heard) -> None:
            desk.recorder.does = None
            raise Unavailable("fora", "away")

        desk.recorder.does = hiccup
        desk.says("/uma")
        await settled(desk)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["uma", "uma", "fim"]
        assert desk.recorder.refusals == []

    async def test_what_fails_three_times_is_put_aside_and_the_next_goes_on(self, desk: Desk) -> None:
        async def break_on(_: Heard) -> None:
            if desk.recorder.heard[-1][2].word == "quebra":
                raise KeyError("a bug")

        desk.recorder.does = break_on
        desk.says("/quebra")
        desk.says("/depois")
        await desk.until(lambda: desk.recorder.heard[-1:] and desk.recorder.heard[-1][2].word == "depois", 10)
        assert [typed.word for _, _, typed in desk.recorder.heard] == ["quebra"] * 3 + ["depois"]
        rows = await desk.rows(
            select(IncomingEvent.state, IncomingEvent.reason).where(IncomingEvent.state == "quarantined")
        )
        assert [(row.state.value, row.reason) for row in rows] == [("quarantined", "KeyError")]
        await desk.until_said("Isto não foi feito")

    async def test_what_was_kept_is_acted_on_by_whoever_comes_next_in_order(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            async with desk.at_work():
                await desk.link(desk.bia)
            for number in range(5):
                desk.says(f"/n{number}")
            async with desk.at_work():
                found = await heard(desk, 5)
            assert [typed.word for _, _, typed in found] == [f"n{number}" for number in range(5)]
