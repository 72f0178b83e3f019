"""Servers that are as durable as in production, and nobody else's."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.estate import Estate


@pytest.fixture(scope="session")
async def estate() -> AsyncIterator[Estate]:
    async with Estate.open() as estate:
        yield estate
