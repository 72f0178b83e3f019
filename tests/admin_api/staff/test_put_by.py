"""A message that was put by for a customer: passed over in their topic until it leaves, and said there then."""

from datetime import datetime, timedelta

from admin_api.staff.stores import scheduled
from channels.contents import Text
from channels.policy import Reason
from channels.stores import outbox
from channels.stores.outbox import NewOutbound, Scope
from core import clock
from core.ids import ConversationId, MessageId, new_id
from core.models.outbox import OutboundState, Purpose
from tests.admin_api.staff.scene import Group, Posted

WORDS = "Bom dia, está confirmado!"


async def put_by(group: Group, who: ConversationId, at: datetime) -> MessageId:
    new = NewOutbound(
        conversation=who,
        intent=f"{scheduled.PREFIX}{new_id()}",
        content=Text(body=WORDS),
        purpose=Purpose.STAFF,
        not_before=at,
    )
    async with group.world.session() as session:
        message = await outbox.queue(session, new)
    assert message is not None
    return message


async def end(group: Group, state: OutboundState, reason: str | None = None) -> None:
    """Its time has come, and this became of it."""
    await group.rows(
        "UPDATE outbound SET state = :state, reason = :reason, not_before = app_now() "
        "WHERE purpose = 'staff' RETURNING id",
        state=state.value,
        reason=reason,
    )


def lines(posted: list[Posted]) -> list[str]:
    return [one.text for one in posted if one.key.startswith("line:")]


class TestPutBy:
    async def test_until_then_it_is_no_line_and_holds_up_none(self, group: Group, ana: ConversationId) -> None:
        await put_by(group, ana, clock.now() + timedelta(hours=2))
        await group.write(ana, "Tudo certo?")

        assert lines(await group.follow()) == ["👤 Tudo certo?"]

    async def test_it_is_said_once_when_it_has_left(self, group: Group, ana: ConversationId) -> None:
        await put_by(group, ana, clock.now() + timedelta(hours=2))
        await group.write(ana, "Tudo certo?")
        await group.follow()

        await end(group, OutboundState.ACCEPTED)

        assert lines(await group.follow()) == [f"👥 {WORDS}"]
        assert lines(await group.follow()) == []

    async def test_that_it_did_not_leave_is_said_with_the_reason(self, group: Group, ana: ConversationId) -> None:
        await put_by(group, ana, clock.now() + timedelta(hours=2))
        await group.follow()

        await end(group, OutboundState.SUPPRESSED, Reason.OPTED_OUT)

        told = "⚠️ 🕓 Estava agendada. Não foi enviada. A pessoa pediu para não receber mais."
        assert lines(await group.follow()) == [f"{told}\n{WORDS}"]

    async def test_of_one_that_somebody_cancelled_nothing_is_said(self, group: Group, ana: ConversationId) -> None:
        message = await put_by(group, ana, clock.now() + timedelta(hours=2))
        await group.follow()
        async with group.world.session() as session:
            assert await outbox.withdraw(session, Scope(message=message), Reason.WITHDRAWN)
        await end(group, OutboundState.SUPPRESSED, Reason.WITHDRAWN)

        assert lines(await group.follow()) == []

    async def test_one_that_failed_before_its_line_was_passed_over_is_not_told_as_said(
        self, group: Group, ana: ConversationId
    ) -> None:
        await put_by(group, ana, clock.now() + timedelta(hours=2))
        await end(group, OutboundState.EXPIRED, Reason.TOO_LATE)

        [told] = lines(await group.follow())
        assert told.startswith("⚠️ 🕓 Estava agendada. Não foi enviada.")

    async def test_what_was_cancelled_is_nothing_that_was_said_before_a_topic_opened(self, group: Group) -> None:
        beto = await group.customer(name="Beto")
        message = await put_by(group, beto, clock.now() + timedelta(hours=2))
        async with group.world.session() as session:
            assert await outbox.withdraw(session, Scope(message=message), Reason.WITHDRAWN)
        await group.wait(beto)

        assert WORDS not in "\n".join(one.text for one in await group.follow())

    async def test_a_topic_that_opens_meanwhile_does_not_tell_it_as_said(self, group: Group) -> None:
        beto = await group.customer(name="Beto")
        await put_by(group, beto, clock.now() + timedelta(hours=2))
        await group.wait(beto)

        assert WORDS not in "\n".join(one.text for one in await group.follow())
        await end(group, OutboundState.READ)
        assert lines(await group.follow()) == [f"👥 {WORDS}"]
