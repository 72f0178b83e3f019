"""Tests of what is counted of the webhooks, where an alert can see it."""

from typing import Final

import pytest

from core.embedded import Urls
from core.telemetry import REGISTRY, InboundOutcome
from tests.admin_api.webhooks import meta
from tests.admin_api.webhooks.keepers import nothing_to_keep_with, until_rows
from tests.admin_api.webhooks.place import Place, Shop
from tests.fixtures.servers import Servers

OUTCOMES: Final = (
    InboundOutcome.STORED,
    InboundOutcome.SPOOLED,
    InboundOutcome.REFUSED,
    InboundOutcome.IGNORED,
)


def counted() -> dict[str, float]:
    labels = ({"channel": "whatsapp", "outcome": outcome.value} for outcome in OUTCOMES)
    return {one["outcome"]: REGISTRY.get_sample_value("masteria_inbound_total", one) or 0 for one in labels}


def since(before: dict[str, float]) -> dict[str, float]:
    return {name: now - before[name] for name, now in counted().items() if now != before[name]}


@pytest.fixture
def before(ana: Shop) -> dict[str, float]:  # noqa: ARG001 - counted once the shop is there
    return counted()


class TestCounting:
    async def test_a_kept_row_is_stored(self, place: Place, ana: Shop, before: dict[str, float]) -> None:
        await place.deliver(ana)
        assert since(before) == {"stored": 1}

    async def test_a_forgery_is_refused(self, place: Place, ana: Shop, before: dict[str, float]) -> None:
        await place.post(ana.post(), {})
        assert since(before) == {"refused": 1}

    async def test_a_stray_is_ignored(self, place: Place, ana: Shop, before: dict[str, float]) -> None:
        body = meta.posted_to("404")
        await place.post(body, meta.headers(body, ana.app_secret))
        assert since(before) == {"ignored": 1}

    async def test_of_a_shared_body_each_part_counts_for_itself(
        self, place: Place, ana: Shop, beto: Shop, before: dict[str, float]
    ) -> None:
        body = meta.body(meta.entry(ana.account, *map(meta.change, (ana.phone, beto.phone, "404"))))
        await place.post(body, meta.headers(body, ana.app_secret))
        assert since(before) == {"stored": 1, "refused": 1, "ignored": 1}

    async def test_what_went_to_disk_is_spooled(
        self, servers: Servers, floor_urls: Urls, place: Place, ana: Shop, before: dict[str, float]
    ) -> None:
        async with nothing_to_keep_with(servers, floor_urls):
            await place.deliver(ana)
        assert since(before) == {"spooled": 1}
        await until_rows(place.floor, ana.company, 1)
