"""The addresses that providers call."""

import re
from typing import Final

from starlette.datastructures import QueryParams
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from admin_api.webhooks import telegram, whatsapp
from admin_api.webhooks.routes import SignedRoute, inbox_of
from core.errors import Forbidden
from core.models.people import ConnectionKind

_CHALLENGE: Final = re.compile(r"[0-9]{1,128}")  # as Meta sends it; nothing that a browser would take for a page


class HandshakeRoute(Route):
    """Meta asks whether the address is ours: whoever knows a verify token gets the challenge back."""

    def __init__(self, path: str) -> None:
        super().__init__(path, _Handshake(), methods=["GET"], include_in_schema=False)


class _Handshake:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = QueryParams(scope["query_string"])
        challenge = query.get("hub.challenge", "")
        is_known = inbox_of(scope).doors.knows_token(query.get("hub.verify_token", ""))
        if query.get("hub.mode") != "subscribe" or not is_known or not _CHALLENGE.fullmatch(challenge):
            raise Forbidden(
                "Token de verificação desconhecido: confira o que está na conexão e no painel da Meta.",
                "Unknown verify token: check the one of the connection and the one in Meta's panel.",
            )
        await PlainTextResponse(challenge)(scope, receive, send)


ROUTES: Final = (
    SignedRoute("/webhooks/whatsapp", channel=ConnectionKind.WHATSAPP, judge=whatsapp.judge),
    HandshakeRoute("/webhooks/whatsapp"),
    SignedRoute(f"/webhooks/telegram/{{{telegram.CONNECTION}}}", channel=ConnectionKind.TELEGRAM, judge=telegram.judge),
)
