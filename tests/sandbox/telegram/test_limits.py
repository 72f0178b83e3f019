"""How much may be sent, and where that is counted: in all, to a chat, to a group, on a clock that can be turned."""

import dataclasses
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import VirtualClock
from sandbox.telegram.book import Act
from sandbox.telegram.chats import Chat, Kind
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.flood import Flood, FloodSettings
from tests.sandbox.telegram.scene import CAIO, NO_FLOOD, STRANGER, Scene


def limited(scene: Scene, limits: FloodSettings) -> None:
    scene.telegram.office.flood.settings = limits


async def flooded(scene: Scene, *, chat_id: int | None = None, thread_id: int = 0) -> int:
    """The seconds to wait."""
    where = scene.forum.id if chat_id is None else chat_id
    answer = await scene.ask("sendMessage", text="x", chat_id=where, message_thread_id=thread_id)
    body = answer.json()
    assert answer.status_code == 429
    seconds: int = body["parameters"]["retry_after"]
    assert body["description"] == f"Too Many Requests: retry after {seconds}"
    return seconds


class TestFlood:
    async def test_telegrams_own_numbers_are_there_from_the_start(self, scene: Scene) -> None:
        limited(scene, FloodSettings())
        for _ in range(20):
            await scene.send()
        assert 59 <= await flooded(scene) <= 60

    async def test_a_group_has_twenty_a_minute_whatever_the_topic(self, scene: Scene) -> None:
        thread_id = await scene.open_topic()
        limited(scene, FloodSettings(group_per_minute=3))
        await scene.send()
        await scene.send(message_thread_id=thread_id)
        await scene.ok("createForumTopic", chat_id=scene.forum.id, name="x")

        assert await flooded(scene, thread_id=thread_id) > 50
        await scene.sandbox.clock.turn(timedelta(seconds=60))
        await scene.send()

    async def test_a_person_has_no_limit_a_minute_but_a_second_each(self, scene: Scene) -> None:
        scene.telegram.acts.start(scene.bot, CAIO)
        limited(scene, FloodSettings(group_per_minute=1, chat_burst=2))
        for _ in range(2):
            await scene.send(chat_id=CAIO.id)
        assert await flooded(scene, chat_id=CAIO.id) <= 2

    async def test_all_chats_together_have_thirty_a_second(self, scene: Scene) -> None:
        for user in (CAIO, STRANGER):
            scene.telegram.acts.start(scene.bot, user)
        limited(scene, FloodSettings(overall_per_second=2, chat_burst=None, group_per_minute=None))
        for chat_id in (CAIO.id, STRANGER.id):
            await scene.send(chat_id=chat_id)
        assert await flooded(scene) == 1

    async def test_an_album_counts_as_many_as_it_has(self, scene: Scene) -> None:
        told = await scene.send()
        limited(scene, FloodSettings(group_per_minute=2))
        await scene.ok("editMessageText", chat_id=scene.forum.id, message_id=told["message_id"], text="y")
        item = {"type": "document", "media": "attach://a"}
        path = f"/bot{scene.bot.account.token}/sendMediaGroup"
        form = {"chat_id": str(scene.forum.id), "media": json.dumps([item, item])}
        answer = await scene.client.post(path, data=form, files={"a": ("a.txt", b"x")})
        assert answer.status_code == 429

    async def test_edits_may_be_left_out_and_the_rest_never_counts(self, scene: Scene) -> None:
        told = await scene.send()
        limited(scene, FloodSettings(group_per_minute=1, edits_count=False))
        for words in ("a", "b", "c"):
            await scene.ok("editMessageText", chat_id=scene.forum.id, message_id=told["message_id"], text=words)
        for _ in range(3):
            await scene.ok("sendChatAction", chat_id=scene.forum.id, action="typing")
            await scene.ok("getChat", chat_id=scene.forum.id)
        await scene.send()
        assert await flooded(scene) > 50

    async def test_what_is_refused_is_not_counted(self, scene: Scene) -> None:
        limited(scene, FloodSettings(group_per_minute=1))
        for _ in range(3):
            await scene.refused("sendMessage", chat_id=scene.forum.id, text=" ")
        await scene.send()
        for _ in range(3):
            await flooded(scene)
        assert len(scene.done(Act.MESSAGE)) == 1
        assert scene.telegram.office.flood.refused == 3

    async def test_a_clock_that_was_turned_back_does_not_bind(self, scene: Scene) -> None:
        limited(scene, FloodSettings(group_per_minute=1))
        await scene.sandbox.clock.turn(timedelta(hours=1))
        await scene.send()
        await scene.sandbox.clock.turn(timedelta(hours=-1))
        await scene.send()

    async def test_three_hundred_notes_arrive_by_obeying(self, scene: Scene) -> None:
        """As the product will: wait as long as is asked, and lose nothing."""
        limited(scene, FloodSettings())
        for number in range(300):
            while (
                answer := await scene.ask("sendMessage", chat_id=scene.forum.id, text=str(number))
            ).status_code == 429:
                await scene.sandbox.clock.turn(timedelta(seconds=answer.json()["parameters"]["retry_after"]))
        assert [each.done.text for each in scene.done(Act.MESSAGE)] == [str(number) for number in range(300)]

    @pytest.mark.parametrize("name", ["overall_per_second", "chat_burst", "group_per_minute"])
    async def test_a_limit_of_none_at_all_is_no_limit_and_zero_is_none(self, scene: Scene, name: str) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            dataclasses.replace(FloodSettings(), **{name: 0})  # type: ignore[arg-type] # each of them takes a number
        assert getattr(NO_FLOOD, name) is None
        await scene.send()


class StillClock(VirtualClock):
    at = 0.0

    def seconds(self) -> float:
        return self.at


class TestWindows:
    @given(st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=80), st.integers(1, 5))
    @settings(max_examples=60, deadline=None)
    def test_no_window_ever_holds_more_and_waiting_as_told_is_enough(self, pauses: list[float], most: int) -> None:
        clock = StillClock()
        flood, chat = Flood(clock), Chat(id=-5, kind=Kind.GROUP)
        flood.settings = FloodSettings(overall_per_second=None, chat_burst=None, group_per_minute=most)
        sent: list[float] = []
        for pause in pauses:
            clock.at += pause
            try:
                flood.take(1, chat)
            except BotApiError as refused:
                clock.at += json.loads(refused.response().body)["parameters"]["retry_after"]  # type: ignore[arg-type] # bytes
                flood.take(1, chat)
            sent.append(clock.at)
        for first in sent:
            assert sum(first <= at < first + 60 for at in sent) <= most
