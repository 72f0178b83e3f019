"""Files that people send in the group, fetched: a few large ones at once, for each lies in memory as a whole."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

import pytest

from admin_api.staff.asking import Attached
from admin_api.staff.files import Files
from channels.telegram_staff.client import Api, Client, open_client
from channels.telegram_staff.failures import Failed, Kind
from channels.telegram_staff.updates import File
from core.db.away import is_trouble
from core.floor import Floor
from core.models.stream import MessageKind
from core.storage import open_storage
from sandbox.faults import SilenceBefore, SlowBody
from sandbox.telegram.contents import Document
from sandbox.telegram.faults import FILE
from tests.admin_api.staff.transport import Desk, open_desk

LARGE: Final = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    desk: Desk
    client: Client
    files: Files

    def file(self, size: int | None) -> File:
        """As it is told; what lies at Telegram is smaller."""
        acts = self.desk.sandbox.telegram.acts
        sent = acts.write(self.desk.forum, self.desk.bia, Document(file_name="a.txt", data=b"oi"))
        identity = sent.content["document"]["file_id"]
        return File(id=identity, unique=identity, kind=MessageKind.DOCUMENT, size=size, name="a.txt")

    async def fetch(self, size: int | None, name: str) -> Attached:
        return await self.files.fetch(self.client, self.file(size), name=name, is_last=True)


@pytest.fixture
async def wire(floor: Floor) -> AsyncIterator[Wire]:
    async with open_desk(floor) as desk, open_client(desk.bot.account.token, Api(base=desk.sandbox.url)) as client:
        storage = open_storage(desk.floor.settings.storage_url)
        yield Wire(
            desk=desk,
            client=client,
            files=Files(floor=desk.floor, storage=storage, company=desk.company, room=asyncio.Semaphore(1)),
        )


class TestFetch:
    @pytest.mark.parametrize("size", [LARGE, None], ids=["large", "of a size that nobody tells"])
    async def test_a_large_one_waits_for_room_and_a_small_one_does_not(self, wire: Wire, size: int | None) -> None:
        wire.desk.sandbox.faults.add(SilenceBefore(times=1, path=FILE))
        hanging = asyncio.create_task(wire.fetch(size, "hanging"))
        await wire.desk.until(lambda: not wire.desk.sandbox.faults.set_now)
        waiting = asyncio.create_task(wire.fetch(size, "waiting"))

        small = await wire.fetch(2, "small")
        assert (small.problem, small.size) == (None, 2)
        assert not waiting.done()

        hanging.cancel()
        assert (await waiting).problem is None
        await asyncio.gather(hanging, return_exceptions=True)

    async def test_whoever_finds_no_room_in_time_is_tried_again_and_takes_none(self, wire: Wire) -> None:
        files = replace(wire.files, patience=0.05)
        async with wire.files.room:
            with pytest.raises(TimeoutError) as caught:
                await files.fetch(wire.client, wire.file(LARGE), name="late", is_last=True)
        assert is_trouble(caught.value)
        assert (await files.fetch(wire.client, wire.file(LARGE), name="late", is_last=True)).problem is None

    async def test_what_drips_in_is_given_up(self, wire: Wire) -> None:
        wire.desk.sandbox.faults.add(SlowBody(times=1, seconds=30, path=FILE))
        with pytest.raises(Failed) as caught:
            await wire.client.download(wire.file(2).id, seconds=0.2)
        assert caught.value.kind is Kind.UNKNOWN
        assert await wire.client.download(wire.file(2).id) == b"oi"

    async def test_what_is_more_than_bots_are_given_is_not_asked_for(self, wire: Wire) -> None:
        attached = await wire.fetch(21 * 1024 * 1024, "huge")
        assert attached.problem is not None
        assert "20 MB" in attached.problem.pt
        assert attached.storage_key is None

    async def test_what_telegram_does_not_have_is_said(self, wire: Wire) -> None:
        file = replace(wire.file(2), id="nobody's")
        attached = await wire.files.fetch(wire.client, file, name="gone", is_last=True)
        assert attached.problem is not None
        assert "envie de novo" in attached.problem.pt
