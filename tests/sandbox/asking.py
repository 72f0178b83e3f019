"""Questions to the control plane that must succeed, or fail as expected."""

from typing import Any

import httpx


async def post(panel: httpx.AsyncClient, path: str, told: dict[str, Any] | None = None, status: int = 200) -> Any:
    answer = await panel.post(path, json=told or {})
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(panel: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await panel.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()
