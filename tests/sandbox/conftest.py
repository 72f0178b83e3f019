"""A sandbox of a test's own with one number, its webhook address, and a client as the product is one."""

from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.customers import Customer
from sandbox.whatsapp.status_plan import OFF
from sandbox.world import Sandbox
from tests.sandbox.numbers import ANA, NUMBER, TOKEN, account
from tests.sandbox.receiving import Receiver, receiving

TLS: Final = httpx.create_ssl_context()  # made once: it costs more than a sandbox


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Without statuses: who wants them turns them on."""
    async with Sandbox.open(seed=1) as sandbox:
        sandbox.whatsapp.statuses.settings = OFF
        yield sandbox


@pytest.fixture
async def number(sandbox: Sandbox, receiver: Receiver) -> Number:
    return await sandbox.whatsapp.connect(account(webhook_url=receiver.url))


@pytest.fixture
async def ana(sandbox: Sandbox, number: Number) -> Customer:
    """She has just written, so that she may be answered."""
    customer = sandbox.whatsapp.customer(ANA, of=number.id, name="Ana")
    customer.says("oi")
    await sandbox.settle()
    return customer


@pytest.fixture
async def open_window(sandbox: Sandbox) -> None:
    """Ana may be answered, and nobody is told of anything."""
    await sandbox.whatsapp.connect(account())
    sandbox.whatsapp.customer(ANA, of=NUMBER).says("oi")


@pytest.fixture
async def meta(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/v23.0", headers=headers, timeout=5, verify=TLS) as client:
        yield client


@pytest.fixture
async def panel(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/_sandbox", timeout=5, verify=TLS) as client:
        yield client
