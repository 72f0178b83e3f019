"""Who may call what: the bearer token, the object it opens, and the proof that its app knows the secret."""

import hmac
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from sandbox.whatsapp.accounts import Accounts, Business, Number
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json
from sandbox.whatsapp.wire import proof

_BEARER: Final = "Bearer "
_EXPIRED: Final = 463


class Doors:
    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def number(self, request: web.Request, phone_id: str, payload: Json) -> Number:
        opened = self.opened(request, payload)
        number = self._accounts.number(phone_id)
        if number not in opened:
            raise GraphError(131005, "The token's app has no permission for this phone number.")
        return number

    def business(self, request: web.Request, waba_id: str, payload: Json) -> Business:
        opened = self.opened(request, payload)
        business = self._accounts.business(waba_id)
        if not any(number.business is business for number in opened):
            raise GraphError(131005, "The token's app has no permission for this account.")
        return business

    def opened(self, request: web.Request, payload: Json) -> Sequence[Number]:
        """The numbers that the token of this request opens."""
        token = token_of(request)
        numbers = self._accounts.of_token(token)
        if not numbers:
            raise self._refused(token)
        if any(number.account.requires_proof for number in numbers):
            self._check_proof(token, numbers[0], request.query.get("appsecret_proof") or payload.get("appsecret_proof"))
        return numbers

    def _refused(self, token: str) -> GraphError:
        if self._accounts.knows_token(token):
            message = "Error validating access token: The session has been invalidated or has expired."
            return GraphError(190, subcode=_EXPIRED, message=message)
        return GraphError(190, message="Invalid OAuth access token - Cannot parse access token")

    def _check_proof(self, token: str, number: Number, given: object) -> None:
        if given is None:
            raise GraphError(100, message="API calls from the server require an appsecret_proof argument")
        if not hmac.compare_digest(str(given).encode(), proof(token, number.account.app_secret).encode()):
            raise GraphError(100, message="Invalid appsecret_proof provided in the API argument")


def token_of(request: web.Request) -> str:
    """From the header, or as Graph also takes it, from the query."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(_BEARER) if header.startswith(_BEARER) else request.query.get("access_token", "")
