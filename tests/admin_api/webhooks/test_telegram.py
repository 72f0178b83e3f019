"""Telegram's calls for a staff bot: known by the secret that went with the address, and by nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest

from channels.stores.connections import NewConnection, create, open_lines
from core.audit import OPERATOR
from core.ids import ConnectionId, new_id
from core.models.people import ConnectionKind
from tests.admin_api.webhooks.place import Place, Shop, rows_of, within

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
UPDATE: Final = {"update_id": 7, "message": {"message_id": 1, "text": "/fila", "chat": {"id": -1, "type": "group"}}}


@dataclass(frozen=True, slots=True)
class Bot:
    connection: ConnectionId
    secret: str

    @property
    def url(self) -> str:
        return f"/webhooks/telegram/{self.connection}"


async def bot_of(place: Place, shop: Shop) -> Bot:
    """Known to the doors as soon as the news of it has come."""
    number = new_id().int % 10**12
    new = NewConnection(
        kind=ConnectionKind.TELEGRAM, name=f"Equipe {number}", secrets={"token": f"{number}:{'A' * 35}"}
    )
    async with place.floor.database.tenant_session(shop.company) as session:
        connection = ConnectionId((await create(session, place.floor.ring, new, OPERATOR)).id)
    async with place.floor.database.tenant_session(shop.company) as session:
        line = (await open_lines(session, place.floor.ring, [connection]))[connection].line
    await within(5, lambda: place.inbox.doors.hook(str(connection)) is not None)
    return Bot(connection, line.secrets["webhook_secret"])


async def call(place: Place, bot: Bot, headers: Any, body: bytes | None = None) -> httpx.Response:
    return await place.client.post(bot.url, content=body or json.dumps(UPDATE).encode(), headers=headers)


class TestJudge:
    async def test_an_update_becomes_a_row_for_the_staff_process(self, place: Place, ana: Shop) -> None:
        bot = await bot_of(place, ana)

        answer = await call(place, bot, {HEADER: bot.secret})

        assert (answer.status_code, answer.content) == (200, b"")
        [row] = await rows_of(place.floor, ana.company)
        assert (row.consumer, row.state, row.connection_id) == ("staff", "new", bot.connection)
        assert row.payload == UPDATE
        assert bot.secret not in json.dumps(row.headers)

    @pytest.mark.parametrize(
        "forged",
        [
            pytest.param({}, id="no secret"),
            pytest.param({HEADER: ""}, id="an empty one"),
            pytest.param({HEADER: "x" * 43}, id="a wrong one"),
            pytest.param({"Authorization": "x"}, id="another header"),
        ],
    )
    async def test_without_the_secret_nothing_is_kept(self, place: Place, ana: Shop, forged: Mapping[str, str]) -> None:
        bot = await bot_of(place, ana)

        assert (await call(place, bot, dict(forged))).status_code == 401
        assert await rows_of(place.floor, ana.company) == []

    async def test_neither_half_a_secret_nor_two_of_them_count(self, place: Place, ana: Shop) -> None:
        bot = await bot_of(place, ana)
        half = len(bot.secret) // 2
        for headers in (
            [(HEADER, bot.secret[:half]), (HEADER, bot.secret[half:])],
            [(HEADER, bot.secret), (HEADER, bot.secret)],
            [(HEADER, bot.secret[:-1])],
            [(HEADER, bot.secret + " x")],
        ):
            assert (await call(place, bot, headers)).status_code == 401
        assert await rows_of(place.floor, ana.company) == []

    async def test_a_secret_opens_its_own_bot_alone(self, place: Place, ana: Shop, beto: Shop) -> None:
        hers, his = await bot_of(place, ana), await bot_of(place, beto)

        assert (await call(place, hers, {HEADER: his.secret})).status_code == 401
        assert await rows_of(place.floor, ana.company) == []
        assert await rows_of(place.floor, beto.company) == []

    @pytest.mark.parametrize("name", ["01a201c8-546b-7a1b-a626-5b3c37b4cbd8", "nobody", "..%2fwhatsapp", "%00"])
    async def test_an_address_of_nobody_is_refused_as_a_forgery_is(self, place: Place, name: str) -> None:
        answer = await place.client.post(f"/webhooks/telegram/{name}", content=b"{}", headers={HEADER: "x"})
        assert answer.status_code in {401, 404}

    @pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff\xfe", b'"x"', b"[" * 5000])
    async def test_what_is_no_update_is_kept_as_it_came(self, place: Place, ana: Shop, body: bytes) -> None:
        bot = await bot_of(place, ana)

        assert (await call(place, bot, {HEADER: bot.secret}, body)).status_code == 200
        [row] = await rows_of(place.floor, ana.company)
        assert (row.body, row.payload) == (body, None)
