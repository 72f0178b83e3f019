"""Floods, faults and silence, as python-telegram-bot raises them."""

from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from sandbox.faults import (
    AcceptThenDrop,
    AcceptThenServerError,
    AcceptThenSilence,
    BrokenJson,
    DropBefore,
    ServerError,
    SilenceBefore,
    SlowAccept,
    TooManyRequests,
)
from sandbox.telegram.book import Act
from sandbox.telegram.faults import BadGateway, FloodWait, Refused
from sandbox.telegram.flood import FloodSettings
from tests.sandbox.telegram.scene import Scene


class TestFlood:
    async def test_it_tells_how_long_to_wait_and_the_clock_frees(self, scene: Scene, bot: Bot) -> None:
        scene.telegram.office.flood.settings = FloodSettings(group_per_minute=2)
        for _ in range(2):
            await bot.send_message(scene.forum.id, "x")

        with pytest.raises(RetryAfter) as caught:
            await bot.send_message(scene.forum.id, "x")

        assert timedelta(seconds=58) <= _wait(caught.value) <= timedelta(seconds=60)
        assert str(caught.value).startswith("Flood control exceeded")
        await scene.sandbox.clock.turn(_wait(caught.value))
        await bot.send_message(scene.forum.id, "x")

    async def test_faults_ask_to_wait_too(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(FloodWait(seconds=7, times=1), TooManyRequests(retry_after="9", times=1))
        for seconds in (7, 9):
            with pytest.raises(RetryAfter) as caught:
                await bot.send_message(scene.forum.id, "x")
            assert _wait(caught.value) == timedelta(seconds=seconds)
        assert scene.done(Act.MESSAGE) == []


class TestNetwork:
    @pytest.mark.parametrize("fault", [ServerError(status=502), BadGateway(), DropBefore(), DropBefore(reset=True)])
    async def test_what_strikes_before_leaves_nothing(self, scene: Scene, bot: Bot, fault: ServerError) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(NetworkError):
            await bot.send_message(scene.forum.id, "x")
        assert scene.done() == []

    @pytest.mark.parametrize("fault", [AcceptThenDrop(), AcceptThenServerError(), BrokenJson()])
    async def test_what_strikes_after_leaves_the_message(self, scene: Scene, bot: Bot, fault: AcceptThenDrop) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(TelegramError):
            await bot.send_message(scene.forum.id, "x")
        assert len(scene.done(Act.MESSAGE)) == 1

    @pytest.mark.parametrize(
        ("fault", "left"), [(SilenceBefore(), 0), (AcceptThenSilence(), 1), (SlowAccept(seconds=30), 0)]
    )
    async def test_silence_is_a_timeout_that_tells_nothing(
        self, scene: Scene, bot: Bot, fault: SilenceBefore, left: int
    ) -> None:
        scene.sandbox.faults.add(fault)
        with pytest.raises(TimedOut):
            await bot.send_message(scene.forum.id, "x", read_timeout=0.1)
        assert len(scene.done(Act.MESSAGE)) == left

    async def test_a_refusal_may_have_any_words(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(Refused(code=403, description="Forbidden: user is deactivated", times=1))
        with pytest.raises(Forbidden, match="user is deactivated"):
            await bot.send_message(scene.forum.id, "x")

    async def test_what_is_refused_anyway_meets_no_fault(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(AcceptThenDrop(times=1))
        with pytest.raises(BadRequest):
            await bot.send_message(-1, "x")
        with pytest.raises(NetworkError):
            await bot.send_message(scene.forum.id, "x")

    async def test_a_fault_may_be_of_one_method(self, scene: Scene, bot: Bot) -> None:
        scene.sandbox.faults.add(ServerError(path="/telegram/send/createForumTopic", times=1))
        await bot.send_message(scene.forum.id, "x")
        with pytest.raises(NetworkError):
            await bot.create_forum_topic(scene.forum.id, "x")


def _wait(error: RetryAfter) -> timedelta:
    assert isinstance(error.retry_after, timedelta)
    return error.retry_after
