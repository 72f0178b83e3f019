"""The control plane of the simulated providers, as a terminal uses it: what people do there, and what came of it."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from core.errors import Conflict, Misconfigured, Unavailable
from core.home import Home
from core.settings import Settings

_SECONDS: Final = 10.0
LONGEST_WAIT: Final = 25  # seconds that it is asked to hold a look that has nothing to show yet


def address(settings: Settings) -> str:
    url: Any = Home(settings.masteria_home).read_state().get("sandbox")
    if not url:
        raise Misconfigured(
            "O provedor simulado não está no ar: rode `masteria up` sem --no-sandbox.",
            "The simulated provider does not run: run `masteria up` without --no-sandbox.",
        )
    return str(url)


def open_provider(settings: Settings) -> httpx.AsyncClient:
    patience = httpx.Timeout(_SECONDS, read=_SECONDS + LONGEST_WAIT)
    return httpx.AsyncClient(base_url=f"{address(settings)}/_sandbox", timeout=patience)


async def ask(
    provider: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    told: Mapping[str, Any] | None = None,
    wanted: Mapping[str, str | int] | None = None,
) -> dict[str, Any]:
    """Its refusals keep their words: they say what a person could not have done."""
    try:
        answer = await provider.request(method, path, json=told, params=wanted)
    except httpx.TransportError as error:
        raise Unavailable(
            "O provedor simulado não responde: veja `masteria status`.",
            "The simulated provider does not answer: see `masteria status`.",
        ) from error
    if answer.is_success:
        found: dict[str, Any] = answer.json()
        return found
    raise _refused(answer)


def _refused(answer: httpx.Response) -> Conflict:
    try:
        words = answer.json()["error"]
        return Conflict(str(words["pt"]), str(words["en"]))
    except (ValueError, KeyError, TypeError):
        code = answer.status_code
        return Conflict(f"O provedor simulado recusou ({code}).", f"The simulated provider refused it ({code}).")
