"""A provider that echoes, and a client with its key."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from sandbox.world import Sandbox
from tests.sandbox.conftest import TLS

KEY = "sk-sandbox"


def echoed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"choices": [{"message": {"content": f"eco: {body['messages'][-1]['content']}"}}]}


@pytest.fixture
async def openai(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    sandbox.openai.answer = echoed
    sandbox.openai.add_key(KEY, name="ours")
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=f"{sandbox.url}/v1", headers=headers, timeout=5, verify=TLS) as client:
        yield client
