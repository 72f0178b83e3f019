"""Judging what Telegram posts: it is believed under the secret that we gave it with the address of this very bot."""

import hashlib
import hmac
import json
import secrets
from typing import Final

from admin_api.webhooks.doors import Doors
from admin_api.webhooks.incoming import Incoming
from admin_api.webhooks.routes import Judged, Posted
from core.models.stream import Consumer

CONNECTION: Final = "connection"  # in the path
_SECRET: Final = b"x-telegram-bot-api-secret-token"
_KEPT_HEADERS: Final = (b"content-type", b"user-agent")
_NOBODYS: Final = secrets.token_urlsafe(32)  # what a guess is held against where there is no such bot


async def judge(posted: Posted, doors: Doors) -> Judged:
    """In the same time, whether there is such a bot or not."""
    hook = doors.hook(posted.path.get(CONNECTION, ""))
    wanted = _NOBODYS if hook is None else hook.secret
    given = posted.values(_SECRET)
    is_told = hmac.compare_digest("".join(given).encode(), wanted.encode())
    if hook is None or len(given) != 1 or not is_told:
        return Judged()
    row = Incoming(
        company=hook.company,
        connection=hook.connection,
        consumer=Consumer.STAFF,
        body=posted.body,
        digest=hashlib.sha256(posted.body).digest(),
        headers={name.decode(): value.decode("latin-1") for name, value in posted.headers if name in _KEPT_HEADERS},
        payload=_payload(posted.body),
    )
    return Judged(rows=(row,))


def _payload(body: bytes) -> str | None:
    """None: it is kept as bytes alone, for somebody to look at."""
    try:
        text = body.decode()
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(parsed, dict) else None
