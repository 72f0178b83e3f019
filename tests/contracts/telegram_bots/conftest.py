"""The real python-telegram-bot, talking to the simulated Telegram."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Bot
from telegram.request import HTTPXRequest

from tests.sandbox.conftest import TLS, sandbox
from tests.sandbox.telegram.conftest import scene
from tests.sandbox.telegram.scene import TOKEN, Scene

__all__ = ["sandbox", "scene"]


def bot_of(scene: Scene, token: str = TOKEN, **timeouts: Any) -> Bot:
    told = {"read_timeout": 5.0, "media_write_timeout": 5.0, **timeouts}
    requests = [HTTPXRequest(httpx_kwargs={"verify": TLS}, **told) for _ in range(2)]
    url = scene.sandbox.url
    return Bot(
        token,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=requests[0],
        get_updates_request=requests[1],
    )


@pytest.fixture
async def bot(scene: Scene) -> AsyncIterator[Bot]:
    async with bot_of(scene) as bot:
        yield bot


@pytest.fixture(autouse=True)
def _times_as_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole numbers of seconds come with a warning of python-telegram-bot."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
