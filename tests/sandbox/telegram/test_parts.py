"""The parts of Telegram by themselves: numbers, bounds of memory, deliveries on bad days, and reactions."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from telegram.constants import ReactionEmoji

from sandbox.clock import Stamp, VirtualClock
from sandbox.faults import AcceptThenDrop, DropBefore, SlowAccept, StatusesLost
from sandbox.telegram import files
from sandbox.telegram.book import Act, Book, Call, Done
from sandbox.telegram.chats import Chats, Kind
from sandbox.telegram.deliveries import DeliverySettings
from sandbox.telegram.faults import FILE, UPDATES
from sandbox.telegram.files import Shelf
from sandbox.telegram.numbers import first_number
from sandbox.telegram.reactions import FREE
from sandbox.telegram.updates import Updates
from tests.sandbox.telegram.hook import hooked
from tests.sandbox.telegram.scene import BIA, CAIO, TOKEN, Scene


def call() -> Call:
    told = {"method": "sendMessage", "chat_id": 1, "thread_id": None, "parameters": {}, "files": {}}
    return Call(number=0, at=Stamp.now(), bot_id=1, **told)  # type: ignore[arg-type] # each under its own name


class TestNumbers:
    def test_a_later_run_begins_above_an_earlier_one(self) -> None:
        assert 900_000_000 < first_number() < 2**31
        clock = VirtualClock()
        updates = Updates(clock.seconds)
        updates.push("message", {}, line=1)
        assert updates.waiting()[0].id > 900_000_000

    def test_no_group_has_the_id_of_another(self) -> None:
        chats = Chats()
        ids = [chats.open(kind, "x").id for kind in (Kind.GROUP, Kind.SUPERGROUP) for _ in range(20)]
        assert len(set(ids)) == 40
        assert all(chat_id < -(2**31) for chat_id in ids)


class TestNews:
    async def test_what_comes_between_a_look_and_the_wait_for_more_is_news(self) -> None:
        updates = Updates(VirtualClock().seconds)
        news = updates.news()
        updates.push("message", {}, line=1)
        assert news.done()


class TestBounds:
    def test_the_book_forgets_the_oldest_and_says_so(self) -> None:
        book = Book(most=3)
        for number in range(5):
            book.accept(book.arrived(call()), Done(act=Act.MESSAGE, text=str(number)))
        assert [each.done.text for each in book.find()] == ["2", "3", "4"]
        assert (book.called, book.taken, book.forgotten) == (5, 5, 4)
        assert [each.number for each in book.calls_page(after=0, limit=9)] == [3, 4, 5]

    def test_the_shelf_forgets_the_oldest_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "_MOST_BYTES", 10)
        shelf = Shelf(VirtualClock())
        first, second = (shelf.keep(b"123456", kind="document", name="a.txt", mime_type="") for _ in range(2))
        assert shelf.find(first.id) is None
        assert shelf.find(second.id) is second
        assert shelf.opened(first.path) is None


class TestDeliveries:
    async def test_one_chat_at_a_time_or_side_by_side(self, scene: Scene) -> None:
        async with hooked() as hook:
            hook.answering.clear()
            await scene.ok("setWebhook", url=hook.url)
            scene.says("a")
            scene.says("b")
            await hook.until(1)
            scene.telegram.office.deliveries.settings = DeliverySettings(keeps_order=False)
            scene.says("c")
            await hook.until(3)
            assert {json.loads(post.body)["message"]["text"] for post in hook.posts} == {"a", "b", "c"}
            hook.answering.set()
            await scene.sandbox.settle()
        assert len(hook.posts) == 3

    async def test_no_more_than_so_many_at_once(self, scene: Scene) -> None:
        for user in (BIA, CAIO):
            scene.telegram.acts.start(scene.bot, user)
        async with hooked() as hook:
            hook.answering.clear()
            await scene.ok("setWebhook", url=hook.url, max_connections=1)
            await hook.until(1)
            await asyncio.sleep(0.02)
            assert len(hook.posts) == 1
            hook.answering.set()
            assert len(await hook.until(2)) == 2
            await scene.sandbox.settle()

    async def test_nobody_there_and_nobody_answering_are_told_apart(self, scene: Scene) -> None:
        scene.says("oi")
        await scene.ok("setWebhook", url="http://127.0.0.1:1/x")
        assert await _error(scene, 1) == "Connection refused"
        async with hooked() as hook:
            hook.answering.clear()
            scene.telegram.office.deliveries.settings = DeliverySettings(timeout=0.2)
            await scene.ok("setWebhook", url=hook.url)
            scene.sandbox.ground.agenda.hurry()
            assert await _error(scene, 2) == "Read timeout expired"
            hook.answering.set()
            scene.telegram.office.deliveries.settings = DeliverySettings()
            scene.sandbox.ground.agenda.hurry()
            await scene.sandbox.settle()
        assert len(hook.posts) >= 1

    async def test_a_webhook_that_was_taken_away_is_posted_to_no_more(self, scene: Scene) -> None:
        async with hooked() as hook:
            hook.answers += [500]
            await scene.ok("setWebhook", url=hook.url)
            scene.says("oi")
            await hook.until(1)
            await _error(scene, 1)
            await scene.ok("deleteWebhook")
            scene.sandbox.ground.agenda.hurry()
            [update] = await scene.news()
        assert update["message"]["text"] == "oi"
        assert len(hook.posts) == 1

    async def test_updates_can_be_lost(self, scene: Scene) -> None:
        scene.sandbox.faults.add(StatusesLost(path=UPDATES, times=1))
        scene.says("perdida")
        scene.says("chegou")
        assert [update["message"]["text"] for update in await scene.news()] == ["chegou"]


class TestDownloads:
    async def test_they_need_a_token_and_a_fresh_address(self, scene: Scene) -> None:
        kept = scene.telegram.office.shelf.keep(b"conta", kind="document", name="a.pdf", mime_type="application/pdf")
        told = await scene.ok("getFile", file_id=kept.id)
        path = f"/file/bot{TOKEN}/{told['file_path']}"

        assert (await scene.client.get(path)).content == b"conta"
        assert (await scene.client.get(path.replace(TOKEN, "1:x"))).status_code == 401
        assert (await scene.client.get(f"{path}x")).status_code == 404
        await scene.sandbox.clock.turn(timedelta(hours=2))
        assert (await scene.client.get(path)).json() == {"ok": False, "error_code": 404, "description": "Not Found"}

    async def test_faults_meet_them_by_their_path(self, scene: Scene) -> None:
        kept = scene.telegram.office.shelf.keep(b"conta" * 100, kind="document", name="a.pdf", mime_type="")
        told = await scene.ok("getFile", file_id=kept.id)
        path = f"/file/bot{TOKEN}/{told['file_path']}"
        slow = SlowAccept(path=FILE, times=1, seconds=0.01)
        scene.sandbox.faults.add(slow, DropBefore(path=FILE, times=1), AcceptThenDrop(path=FILE, times=1))
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await scene.client.get(path)
        assert (await scene.client.get(path)).status_code == 200


class TestReactions:
    def test_the_free_ones_are_those_of_the_library(self) -> None:
        assert {emoji.value.replace("\ufe0f", "") for emoji in ReactionEmoji} == FREE


async def _error(scene: Scene, count: int) -> str:
    async with asyncio.timeout(5):
        while scene.telegram.office.deliveries.counters.failed < count:  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(0.002)
    words: str = (await scene.ok("getWebhookInfo"))["last_error_message"]
    return words
