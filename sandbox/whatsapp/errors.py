"""Meta's table of errors: the number decides the HTTP status and the words."""

from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.whatsapp.wire import to_json

_HELP: Final = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
_PERMISSIONS: Final = range(200, 300)
_GENERAL: Final = 1000  # smaller numbers belong to the whole Graph and bring no details of WhatsApp


@dataclass(frozen=True, slots=True)
class Kind:
    status: int
    title: str
    is_transient: bool = False


KINDS: Final = {
    0: Kind(401, "AuthException"),
    1: Kind(500, "API Unknown", is_transient=True),
    2: Kind(503, "API Service", is_transient=True),
    3: Kind(500, "API Method"),
    4: Kind(400, "Application request limit reached", is_transient=True),
    10: Kind(403, "Permission Denied"),
    33: Kind(400, "Parameter value is not valid"),
    100: Kind(400, "Invalid parameter"),
    190: Kind(401, "Access token has expired"),
    368: Kind(403, "Temporarily blocked for policies violations"),
    2200: Kind(400, "Callback verification failed"),
    2500: Kind(400, "Unknown path components"),
    80007: Kind(400, "Rate limit issues"),
    130429: Kind(400, "Rate limit hit"),
    130472: Kind(400, "User's number is part of an experiment"),
    130497: Kind(403, "Business account is restricted from messaging users in this country."),
    131000: Kind(500, "Something went wrong", is_transient=True),
    131005: Kind(403, "Access denied"),
    131008: Kind(400, "Required parameter is missing"),
    131009: Kind(400, "Parameter value is not valid"),
    131016: Kind(500, "Service unavailable", is_transient=True),
    131021: Kind(400, "Recipient cannot be sender"),
    131026: Kind(400, "Message undeliverable"),
    131030: Kind(400, "Recipient phone number not in allowed list"),
    131031: Kind(403, "Business Account locked"),
    131042: Kind(400, "Business eligibility payment issue"),
    131045: Kind(500, "Message failed to send because of phone number registration error"),
    131047: Kind(400, "Re-engagement message"),
    131048: Kind(400, "Spam rate limit hit"),
    131049: Kind(400, "This message was not delivered to maintain healthy ecosystem engagement."),
    131050: Kind(400, "User has stopped marketing messages from your business"),
    131051: Kind(400, "Unsupported message type"),
    131052: Kind(400, "Media download error"),
    131053: Kind(400, "Media upload error"),
    131056: Kind(400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: Kind(500, "Account in maintenance mode", is_transient=True),
    131062: Kind(400, "Business-scoped user ids are not allowed for this message"),
    131063: Kind(400, "Marketing messages are disabled on Cloud API"),
    131064: Kind(400, "Limit reached because of template misclassification"),
    132000: Kind(400, "Number of parameters does not match the expected number of params"),
    132001: Kind(404, "Template name does not exist in the translation"),
    132005: Kind(400, "Translated text too long"),
    132007: Kind(400, "Template format character policy violated"),
    132008: Kind(400, "Template parameter value is not valid"),
    132012: Kind(400, "Template parameter format does not match"),
    132015: Kind(400, "Template is paused"),
    132016: Kind(400, "Template is disabled"),
    132068: Kind(400, "Flow is in blocked state"),
    132069: Kind(400, "Flow is in throttled state"),
    133004: Kind(503, "Server temporarily unavailable", is_transient=True),
    133010: Kind(400, "Account not registered"),
    135000: Kind(400, "Generic user error"),
    137000: Kind(400, "Recipient identity key mismatch"),
}
_PERMISSION: Final = Kind(403, "Permission error")
_UNLISTED: Final = Kind(400, "Error")


def kind_of(code: int) -> Kind:
    return KINDS.get(code) or (_PERMISSION if code in _PERMISSIONS else _UNLISTED)


class GraphError(Exception):
    """A refusal in Meta's words. `message` replaces the ordinary one, `status` the HTTP status of the table."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        subcode: int | None = None,
        message: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code} {details}")
        self.code = code
        self.status = status or kind_of(code).status
        self._details = details
        self._subcode = subcode
        self._message = message or f"(#{code}) {kind_of(code).title}"

    def response(self, *, trace: str) -> web.Response:
        error: dict[str, Any] = {"message": self._message, "type": "OAuthException", "code": self.code}
        if self._subcode is not None:
            error["error_subcode"] = self._subcode
        if self.code > _GENERAL or self._details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self._details}
        if kind_of(self.code).is_transient:
            error["is_transient"] = True
        body = to_json({"error": error | {"fbtrace_id": trace}})
        return web.Response(status=self.status, body=body, content_type="application/json", charset="utf-8")


def reported(code: int, details: str = "") -> dict[str, Any]:
    """The same error as a webhook tells it."""
    title = kind_of(code).title
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or f"{title}."},
        "href": _HELP,
    }


def unknown_object(name: str) -> GraphError:
    return GraphError(
        100,
        subcode=33,
        message=f"Unsupported request. Object with ID '{name}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
    )
