"""What a post costs that nobody signed: little time, few questions, and none of it is parsed."""

import time
from collections.abc import Collection
from typing import Final

import pytest

from admin_api.webhooks import doors as doors_module
from admin_api.webhooks import routes, store, whatsapp
from admin_api.webhooks.doors import Doors
from admin_api.webhooks.quota import Quota, Room
from admin_api.webhooks.routes import Posted
from admin_api.webhooks.store import Owner
from channels.base import Address
from core.clock import Deadline
from core.crypto import KeyRing
from core.db.sessions import Database
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.keepers import AWAY
from tests.admin_api.webhooks.place import Place, Shop

FORGED: Final = ((b"x-hub-signature-256", b"sha256=" + b"0" * 64),)
SIZE: Final = 64 << 10


def nested(size: int) -> bytes:
    one = b"[" * 60 + b"]" * 60
    return b'{"entry":[' + b",".join([one] * (size // 121)) + b"]}"


class TestTime:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(nested(SIZE), id="nested lists"),
            pytest.param(b'{"a":"' + rb"\u0000" * (SIZE // 6) + b'"}', id="NULs"),
            pytest.param(b'"phone_number_id":1,' * (SIZE // 20), id="one number again and again"),
            pytest.param(nested(3 << 20), id="three megabytes"),
        ],
    )
    async def test_a_forged_body_costs_less_than_its_parsing(self, body: bytes, ring: KeyRing) -> None:
        database = Database(AWAY)
        doors = Doors(database, ring)
        doors._app_secrets = frozenset(f"segredo-{number}" for number in range(1_000))
        doors._unknown = {Address("whatsapp.phone", "1"): Deadline.after(60)}

        took = min([await _seconds(body, doors) for _ in range(3)])

        assert took < 0.1
        await database.close()

    async def test_a_body_that_nobody_signed_is_never_taken_apart(
        self, place: Place, ana: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever may go wrong in parsing, a stranger does not reach it."""
        monkeypatch.setattr(whatsapp, "cut", None)
        body = ana.post()

        assert (await place.post(body, meta.headers(body, "outro"))).status_code == 401


class TestLookUps:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        asked: list[int] = []
        find = store.find_owners

        async def counted(database: Database, addresses: Collection[Address]) -> dict[Address, Owner]:
            asked.append(len(addresses))
            return await find(database, addresses)

        monkeypatch.setattr(store, "find_owners", counted)
        return asked

    async def test_a_forged_body_of_a_thousand_numbers_asks_about_few(self, place: Place, asked: list[int]) -> None:
        body = _of_numbers(range(880_000, 881_000))

        assert (await place.post(body, meta.headers(body, "outro"))).status_code == 401

        assert sum(asked) <= 20

    async def test_a_signed_one_asks_about_a_hundred(self, place: Place, ana: Shop, asked: list[int]) -> None:
        body = _of_numbers(range(890_000, 890_990))

        assert (await place.post(body, meta.headers(body, ana.app_secret))).status_code in {200, 401}

        assert sum(asked) <= doors_module.MOST_ASKED

    async def test_so_many_in_a_second_and_then_come_back(
        self, place: Place, asked: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(place.inbox.doors, "_asked", Quota(50, seconds=60))
        bodies = [_of_numbers(range(start, start + 20)) for start in (910_000, 920_000, 930_000)]

        answers = [await place.post(body, meta.headers(body, "outro")) for body in bodies]

        assert [answer.status_code for answer in answers] == [401, 401, 503]
        assert answers[-1].headers["retry-after"]
        assert sum(asked) == 40

    async def test_a_crowd_of_unknown_ones_forgets_the_oldest_alone(
        self, place: Place, asked: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(doors_module, "MOST_UNKNOWN", 10)
        for number in range(940_000, 940_012):
            await place.inbox.doors.find([Address("whatsapp.phone", str(number))])
        before = sum(asked)

        await place.inbox.doors.find([Address("whatsapp.phone", str(number)) for number in range(940_002, 940_012)])

        assert sum(asked) == before


class TestMemory:
    async def test_bodies_that_fill_the_room_are_asked_to_come_back(
        self, place: Place, ana: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signed = [route for route in place.app.routes if isinstance(route, routes.SignedRoute)]
        [route] = [route for route in signed if route.path == "/webhooks/whatsapp"]
        monkeypatch.setattr(route.app, "_room", Room(1_000))
        large = ana.post(meta.message("x" * 2_000))

        refused = await place.post(large, meta.headers(large, ana.app_secret))

        assert refused.status_code == 503
        assert refused.headers["retry-after"]
        assert (await place.deliver(ana)).status_code == 200


async def _seconds(body: bytes, doors: Doors) -> float:
    started = time.thread_time()
    judged = await whatsapp.judge(Posted(body, FORGED), doors)
    assert not judged.rows
    assert judged.stray is None
    return time.thread_time() - started


def _of_numbers(numbers: Collection[int]) -> bytes:
    return meta.body(*(meta.entry("1", meta.change(str(number), {"id": "w"})) for number in numbers))
