"""A check takes as long as the provider takes: what it says of a connection that changed meanwhile is not kept."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import pytest
from typing_extensions import override

from channels.base import Health, Line
from channels.errors import CredentialRefused
from channels.registry import Registry
from channels.stores import connections
from core.clock import Deadline
from core.errors import AppError
from core.floor import Floor
from core.ids import ConnectionId
from core.models.people import Connection, ConnectionKind, ConnectionState
from tests.fixtures.desk import Desk, desks
from tests.fixtures.outbox import Provider

GOOD: Final = Health(detail={"quality": "GREEN"})


@dataclass
class Slow(Provider):
    """While it is asked, something else happens."""

    answer: Health | AppError = GOOD
    meanwhile: Callable[[], Awaitable[object]] | None = None

    @override
    async def check(self, line: Line, deadline: Deadline) -> Health:
        if self.meanwhile is not None:
            await self.meanwhile()
        if isinstance(self.answer, Health):
            return self.answer
        raise self.answer


@pytest.fixture
def provider() -> Slow:
    return Slow()


@pytest.fixture
async def desk(floor: Floor, provider: Slow) -> AsyncIterator[Desk]:
    async with desks(floor, Registry({ConnectionKind.WHATSAPP: provider})) as (desk, _):
        yield desk


async def row_of(desk: Desk, connection: ConnectionId) -> Connection:
    async with desk.floor.database.tenant_session(desk.company) as session:
        return await connections.get(session, connection)


async def set_state(desk: Desk, connection: ConnectionId, state: ConnectionState) -> None:
    async with desk.floor.database.tenant_session(desk.company) as session:
        await connections.set_state(session, connection, state, state.value)


class TestChangedMeanwhile:
    async def test_the_old_tokens_refusal_does_not_stop_the_new_one(self, desk: Desk, provider: Slow) -> None:
        connection = await desk.connection()
        provider.answer = CredentialRefused("190")
        provider.meanwhile = lambda: desk.patch(f"connections/{connection}", {"access_token": "EAAzebra2"})

        told = (await desk.post(f"connections/{connection}/test")).json()

        assert (told["ok"], told["code"], told["state"]) == (False, "credential_refused", "active")
        assert (await row_of(desk, connection)).state is ConnectionState.ACTIVE

    @pytest.mark.parametrize("state", [ConnectionState.CREDENTIAL_REFUSED, ConnectionState.NEEDS_PAIRING])
    async def test_a_good_answer_does_not_undo_what_a_send_found_out_since(
        self, desk: Desk, provider: Slow, state: ConnectionState
    ) -> None:
        connection = await desk.connection()
        await set_state(desk, connection, ConnectionState.ACCOUNT_BLOCKED)
        provider.meanwhile = lambda: set_state(desk, connection, state)

        told = (await desk.post(f"connections/{connection}/test")).json()

        row = await row_of(desk, connection)
        assert (told["ok"], told["state"]) == (True, state)
        assert (row.state, row.health, row.checked_at) == (state, {}, None)

    async def test_asked_again_it_is_kept(self, desk: Desk, provider: Slow) -> None:
        connection = await desk.connection()
        provider.meanwhile = lambda: desk.patch(f"connections/{connection}", {"name": "Balcão"})
        await desk.post(f"connections/{connection}/test")
        assert (await row_of(desk, connection)).health == {}

        provider.meanwhile = None
        await desk.post(f"connections/{connection}/test")

        assert (await row_of(desk, connection)).health == {"quality": "GREEN"}
