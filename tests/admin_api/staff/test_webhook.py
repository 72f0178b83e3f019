"""A bot that Telegram calls: from the person's line through the api's door to the process that answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from channels.stores import connections
from core.floor import Floor
from core.models.stream import IncomingEvent
from sandbox.telegram.deliveries import DeliverySettings
from tests.admin_api.staff.transport import Desk, open_desk
from tests.admin_api.webhooks.place import Place, open_place, within
from tests.fixtures.api import LOOPBACK, served
from tests.fixtures.certificates import make_certificate, trusting


@dataclass(frozen=True, slots=True)
class Called:
    desk: Desk
    place: Place

    async def hears(self, *words: str) -> None:
        def are_heard() -> bool:
            return [typed.word for _, _, typed in self.desk.recorder.heard] == list(words)

        await self.desk.until(are_heard)

    async def states(self) -> list[str]:
        return [row.state.value for row in await self.desk.rows(select(IncomingEvent.state))]


@asynccontextmanager
async def called(floor: Floor, certificate: Path) -> AsyncIterator[Called]:
    """The sandbox is Telegram itself here: it knows our address, and trusts our certificate."""
    async with open_place(floor) as place, served(place.app, certificate) as wire, open_desk(floor) as desk:
        here = {"masteria_public_url": f"https://{LOOPBACK}:{wire.port}", "telegram_api_base": desk.sandbox.url}
        desk.floor = replace(floor, settings=floor.settings.model_copy(update=here))
        async with floor.database.tenant_session(desk.company) as session:
            row = await connections.hold(session, desk.connection)
            row.settings = {**row.settings, "is_sandbox": False}
        await desk.be_bound()
        await within(5, lambda: place.inbox.doors.hook(str(desk.connection)) is not None)
        connector = aiohttp.TCPConnector(ssl=trusting(certificate))
        async with aiohttp.ClientSession(connector=connector) as session, desk.at_work():
            desk.sandbox.telegram.office.deliveries._client = session
            await desk.until(lambda: desk.bot.webhook is not None)
            yield Called(desk, place)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"), LOOPBACK)


class TestCalled:
    async def test_who_is_linked_is_heard_and_answered_and_nothing_is_fetched(
        self, floor: Floor, certificate: Path
    ) -> None:
        async with called(floor, certificate) as one:
            await one.desk.link(one.desk.bia)  # by the code's own answer, which went the same way
            one.desk.says("/fila")
            one.desk.says("/eu")
            await one.hears("fila", "eu")
            counters = one.desk.sandbox.telegram.office.deliveries.counters
            assert (counters.acknowledged, counters.failed) == (counters.posts, 0)
            assert not one.desk.bot.updates.waiting()

    async def test_what_the_door_cannot_keep_is_brought_again_and_acted_on_once(
        self, floor: Floor, certificate: Path
    ) -> None:
        async with called(floor, certificate) as one:
            await one.desk.link(one.desk.bia)
            deliveries = one.desk.sandbox.telegram.office.deliveries
            deliveries.settings = DeliverySettings(first_retry=0.1, longest_retry=0.1)
            door, one.place.app.state.inbox = one.place.app.state.inbox, None
            one.desk.says("/fila")
            await one.desk.until(lambda: deliveries.counters.failed)
            assert one.desk.recorder.heard == []
            one.place.app.state.inbox = door
            await one.hears("fila")
            assert set(await one.states()) == {"done"}
