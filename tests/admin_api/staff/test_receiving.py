"""Several updates at once, and each once: none waits for another place, and none overtakes another in its own."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import select, text

from admin_api.staff.heard import Heard
from admin_api.staff.receiving import AT_ONCE
from channels.telegram_staff.notes import Button, Say
from channels.telegram_staff.rich import Rich
from channels.telegram_staff.updates import Said
from core.embedded import Urls
from core.floor import Floor
from core.models.people import Role
from core.models.stream import IncomingEvent
from sandbox.faults import SilenceBefore
from sandbox.telegram.acts import PLAIN
from sandbox.telegram.contents import Voice
from sandbox.telegram.faults import FILE
from sandbox.telegram.presses import Press
from tests.admin_api.staff.transport import Desk, open_desk
from tests.fixtures.servers import Servers, database_of

TOPICS: Final = 9  # more than are dealt with at once
PATIENCE: Final = 10.0
END_A_LOOK: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'SELECT staff_updates%'
"""
SECOND_TRY: Final = text("UPDATE incoming_events SET attempts = 2 WHERE state = 'new' RETURNING id")


@dataclass(frozen=True, kw_only=True)
class Topic:
    id: UUID
    thread: int
    card: int


@dataclass(kw_only=True)
class Floorful:
    """A desk with topics, each with a button in it."""

    desk: Desk
    topics: list[Topic]

    def line(self, topic: Topic, words: str) -> None:
        self.desk.says(words, thread_id=topic.thread)

    def voice(self, topic: Topic) -> None:
        manner = replace(PLAIN, thread_id=topic.thread)
        self.desk.sandbox.telegram.acts.write(self.desk.forum, self.desk.bia, Voice(words="oi"), manner)

    async def press(self, topic: Topic) -> Press:
        press = self.desk.sandbox.telegram.acts.press(self.desk.forum, self.desk.bia, topic.card, label="Sim")
        answered = await self.desk.sandbox.telegram.answered(press.id, seconds=PATIENCE)
        assert answered is not None
        return answered

    def heard(self, topic: Topic | None = None) -> list[str]:
        """What was begun, by what was said."""
        found = []
        for what, known, told in self.desk.recorder.heard:
            about = known.place.about
            if topic is None or (about is not None and about.topic == topic.id):
                found.append(told.text if what == "said" else what)
        return found

    async def left(self) -> int:
        """Updates that were not acted on."""
        return len(await self.desk.rows(select(IncomingEvent.id).where(IncomingEvent.state == "new")))

    async def attempts(self) -> int:
        """At the newest update."""
        newest = select(IncomingEvent.attempts).order_by(IncomingEvent.received_at.desc()).limit(1)
        [row] = await self.desk.rows(newest)
        return int(row.attempts)


@pytest.fixture(scope="module")
async def house(floor: Floor) -> AsyncIterator[Floorful]:
    floor = replace(floor, settings=floor.settings.model_copy(update={"masteria_drain_seconds": 0.3}))
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            await desk.link(desk.bia)
            topics = [await _topic(desk, number) for number in range(TOPICS)]
        yield Floorful(desk=desk, topics=topics)


async def _topic(desk: Desk, number: int) -> Topic:
    place = await desk.topic(f"Ana · {number}")
    shown = await desk.say(Say(text=Rich("?"), buttons=((Button(text="Sim", data="b:1"),),)), place)
    assert shown.message_id is not None
    assert shown.thread_id is not None
    return Topic(id=place["topic"], thread=shown.thread_id, card=shown.message_id)


@pytest.fixture
async def scene(house: Floorful) -> AsyncIterator[Floorful]:
    house.desk.recorder.heard.clear()
    yield house
    house.desk.recorder.does = house.desk.recorder.thinks = None
    house.desk.sandbox.faults.clear()
    await house.desk.rows(text("UPDATE incoming_events SET state = 'done' WHERE state = 'new' RETURNING id"))


class TestAtOnce:
    async def test_a_press_is_answered_while_the_files_of_other_topics_hang(self, scene: Floorful) -> None:
        scene.desk.sandbox.faults.add(SilenceBefore(path=FILE))
        async with scene.desk.at_work():
            for topic in scene.topics[1:]:
                scene.voice(topic)
            assert (await scene.press(scene.topics[0])).is_answered
            assert scene.heard() == ["press"]

    async def test_a_press_is_answered_while_a_model_thinks_about_what_was_said_elsewhere(
        self, scene: Floorful
    ) -> None:
        async def think(_: Said) -> None:
            thinking.set()
            await asyncio.Event().wait()

        thinking = asyncio.Event()
        scene.desk.recorder.thinks = think
        async with scene.desk.at_work():
            scene.desk.writes("quantos esperam?", scene.desk.bia)
            async with asyncio.timeout(PATIENCE):
                await thinking.wait()
            assert (await scene.press(scene.topics[0])).is_answered

    async def test_what_breaks_holds_up_its_own_topic_alone(self, scene: Floorful) -> None:
        async def break_on(_: Heard) -> None:
            if scene.heard()[-1] == "quebra":
                raise KeyError("a bug")

        scene.desk.recorder.does = break_on
        async with scene.desk.at_work():
            for topic, words in ((0, "quebra"), (0, "depois"), (1, "ao lado")):
                scene.line(scene.topics[topic], words)
            await scene.desk.until(lambda: all(map(scene.heard, scene.topics[:2])), PATIENCE)
            assert set(scene.heard(scene.topics[0])) == {"quebra"}


class TestOrder:
    async def test_within_a_topic_it_is_kept_whatever_each_takes(self, scene: Floorful) -> None:
        at_work, most, done = 0, 0, list[tuple[UUID, str]]()
        chance = random.Random(5)  # noqa: S311 - no secret

        async def dawdle(heard: Heard) -> None:
            nonlocal at_work, most
            told = scene.desk.recorder.heard[-1][2]
            assert heard.place.about is not None
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(chance.random() / 50)
            done.append((heard.place.about.topic, told.text))
            at_work -= 1

        scene.desk.recorder.does = dawdle
        said = [(topic, f"{number}") for number in range(8) for topic in scene.topics]
        for topic, words in said:
            scene.line(topic, words)
        async with scene.desk.at_work():
            await scene.desk.until(lambda: len(done) == len(said), PATIENCE)

        for topic in scene.topics:
            assert [words for told, words in done if told == topic.id] == [f"{number}" for number in range(8)]
        assert 1 < most <= AT_ONCE < TOPICS

    async def test_what_was_said_behind_a_code_counts_wherever_it_was_said(self, scene: Floorful) -> None:
        lia = scene.desk.user("Lia")
        scene.desk.sandbox.telegram.join(scene.desk.forum, lia, by=scene.desk.owner)
        scene.desk.writes(f"/vincular {await scene.desk.code('lia@x.com', Role.AGENT)}", lia)
        scene.desk.says("/fila", by=lia)
        async with scene.desk.at_work():
            await scene.desk.until(scene.heard, PATIENCE)
        assert scene.desk.recorder.heard[0][1].asker.name == "Lia"


class TestTrouble:
    async def test_a_line_to_the_database_that_ends_is_no_try_and_holds_up_nothing_for_long(
        self, scene: Floorful, servers: Servers, floor_urls: Urls
    ) -> None:
        async with servers.superuser(floor_urls) as holder, servers.superuser(floor_urls) as other:

            async def is_ended() -> bool:
                return bool(await other.fetch(END_A_LOOK))

            async with scene.desk.at_work():
                async with holder.transaction():
                    await holder.execute("LOCK TABLE staff_updates IN ACCESS EXCLUSIVE MODE")
                    scene.line(scene.topics[0], "uma")
                    await scene.desk.until_so(is_ended)
                await scene.desk.until(scene.heard, PATIENCE)
        assert await scene.attempts() == 1

    async def test_what_the_database_left_in_the_lurch_goes_on_when_it_is_back(
        self, scene: Floorful, servers: Servers, floor_urls: Urls
    ) -> None:
        async def leave(_: Heard) -> None:
            scene.desk.recorder.does = None
            await superuser.execute(f"{alter} false")
            await superuser.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

        name, superuser = database_of(floor_urls), await servers.embedded.postgres.connect()
        alter = f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS'
        scene.desk.recorder.does = leave
        async with scene.desk.at_work() as worker:
            beats = worker._office.pulse
            try:
                scene.line(scene.topics[0], "uma")
                await scene.desk.until(scene.heard)
                await scene.desk.until(lambda: not any(beat.startswith("update") for beat in beats._beats), PATIENCE)
            finally:
                await superuser.execute(f"{alter} true")
                await superuser.close()
            await scene.desk.until(lambda: len(scene.heard()) == 2, 2 * PATIENCE)
        assert await scene.attempts() == 1


class TestEnd:
    async def test_what_was_begun_is_finished_and_no_more_is_begun(self, scene: Floorful) -> None:
        async def wait(_: Heard) -> None:
            await go_on.wait()

        go_on = asyncio.Event()
        scene.desk.recorder.does = wait
        async with scene.desk.at_work() as worker:
            for topic, words in ((0, "uma"), (0, "depois"), (1, "outra")):
                scene.line(scene.topics[topic], words)
            await scene.desk.until(lambda: len(scene.heard()) == 2, PATIENCE)
            worker.stop()
            beats = worker._office.pulse
            await scene.desk.until(lambda: not any(name.startswith("receive:") for name in beats._beats), PATIENCE)
            go_on.set()
        assert sorted(scene.heard()) == ["outra", "uma"]
        assert await scene.left() == 1

    async def test_what_was_cut_off_is_acted_on_at_once_and_once_by_whoever_comes_next(self, scene: Floorful) -> None:
        async def hang(_: Heard) -> None:
            await asyncio.Event().wait()

        scene.desk.recorder.does = hang
        async with scene.desk.at_work():
            scene.line(scene.topics[0], "uma")
            scene.line(scene.topics[0], "duas")
            await scene.desk.until(scene.heard, PATIENCE)
        assert await scene.left() == 2

        scene.desk.recorder.does = None
        async with scene.desk.at_work():
            await scene.desk.until(lambda: len(scene.heard()) == 3, PATIENCE)
        assert (scene.heard(), await scene.left()) == (["uma", "uma", "duas"], 0)

    async def test_what_was_at_work_in_two_processes_that_died_is_tried_one_by_one(self, scene: Floorful) -> None:
        async def hang(_: Heard) -> None:
            await asyncio.Event().wait()

        scene.desk.recorder.does = hang
        async with scene.desk.at_work():
            for topic in scene.topics[:3]:
                scene.line(topic, "uma")
            await scene.desk.until(lambda: len(scene.heard()) == 3, PATIENCE)
        assert await scene.desk.rows(SECOND_TRY)

        at_work, most, tries = 0, 0, len(scene.heard())

        async def count(_: Heard) -> None:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0.02)
            at_work -= 1

        scene.desk.recorder.does = count
        async with scene.desk.at_work():
            await scene.desk.until(lambda: len(scene.heard()) == 2 * tries and not at_work, PATIENCE)
        assert (most, await scene.left()) == (1, 0)
