"""The Graph's other objects: numbers, their webhook addresses, subscriptions, tokens."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from sandbox.whatsapp.accounts import Accounts, Business, Number, checked_override
from sandbox.whatsapp.doors import Doors, token_of
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, inside, text
from sandbox.whatsapp.webhooks import HandshakeFailed, Webhooks

_HIGH_THROUGHPUT: Final = 80
_SCOPES: Final = ("business_management", "whatsapp_business_management", "whatsapp_business_messaging")
_DEFAULT_FIELDS: Final = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
)


class Objects:
    def __init__(self, accounts: Accounts, doors: Doors, webhooks: Webhooks) -> None:
        self._accounts = accounts
        self._doors = doors
        self._webhooks = webhooks

    def read_number(self, number: Number, request: web.Request) -> Mapping[str, Any]:
        known = _number_fields(number)
        asked = [name.strip() for name in request.query.get("fields", ",".join(_DEFAULT_FIELDS)).split(",") if name]
        if unknown := [name for name in asked if name not in known]:
            raise GraphError(
                100,
                message=f"(#100) Tried accessing nonexisting field ({unknown[0][:64]}) on node type "
                "(WhatsAppBusinessPhoneNumber)",
            )
        return {name: known[name] for name in (*asked, "id")}

    async def configure_number(self, number: Number, payload: Json) -> Mapping[str, Any]:
        """An address of its own for the number's messages; an empty one takes it away."""
        configuration = inside(payload, "webhook_configuration")
        number.override = await self._verified(configuration)
        return {"success": True}

    async def subscribe(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._business(request, payload)
        business.override = await self._verified(payload) if "override_callback_uri" in payload else ""
        business.is_subscribed = True
        return {"success": True}

    async def unsubscribe(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._business(request, payload)
        business.is_subscribed, business.override = False, ""
        return {"success": True}

    async def subscriptions(self, request: web.Request, payload: Json) -> Mapping[str, Any]:
        business = self._business(request, payload)
        apps = dict.fromkeys(number.account.app for number in business.numbers if business.is_subscribed)
        override = {"override_callback_uri": business.override} if business.override else {}
        return {"data": [{"whatsapp_business_api_data": {"id": app, "name": "Sandbox"}, **override} for app in apps]}

    async def debug_token(self, request: web.Request, _payload: Json) -> Mapping[str, Any]:
        """Asked by the app (`id|secret`), or by any token of the same app."""
        asked = request.query.get("input_token", "")
        apps = self._asking_apps(token_of(request))
        numbers = self._accounts.of_token(asked)
        if not numbers or numbers[0].account.app not in apps:
            error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 463}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        return {"data": _token(numbers)}

    def _business(self, request: web.Request, payload: Json) -> Business:
        return self._doors.business(request, request.match_info["id"], payload)

    def _asking_apps(self, token: str) -> set[str]:
        app_id, _, secret = token.partition("|")
        apps = {number.account.app for number in self._accounts.of_token(token)}
        apps |= {app_id for number in self._accounts.of_app(app_id) if number.account.app_secret == secret}
        if not apps:
            raise GraphError(190, message="Invalid OAuth access token - Cannot parse access token")
        return apps

    async def _verified(self, configuration: Json) -> str:
        """A new address must answer the challenge before it counts."""
        if not (url := checked_override(configuration.get("override_callback_uri", ""))):
            return ""
        try:
            await self._webhooks.handshake(url, text(configuration, "verify_token"))
        except HandshakeFailed as error:
            message = f"(#2200) Callback verification failed with the following errors: {error}"
            raise GraphError(2200, message=message) from error
        return url


def _number_fields(number: Number) -> dict[str, Any]:
    account = number.account
    is_high = account.pace is not None and (account.pace.per_second or _HIGH_THROUGHPUT + 1) > _HIGH_THROUGHPUT
    addresses = {
        "phone_number": number.override,
        "whatsapp_business_account": number.business.override,
        "application": account.webhook_url,
    }
    return {
        "id": number.id,
        "verified_name": account.verified_name,
        "display_phone_number": account.display_phone_number,
        "code_verification_status": "VERIFIED",
        "quality_rating": number.quality_rating,
        "status": number.status,
        "name_status": number.name_status,
        "platform_type": "CLOUD_API",
        "is_on_biz_app": account.is_coexistence,
        "throughput": {"level": "HIGH" if is_high else "STANDARD"},
        "whatsapp_business_manager_messaging_limit": number.messaging_limit,
        "messaging_limit_tier": number.messaging_limit,
        "webhook_configuration": {name: url for name, url in addresses.items() if url},
    }


def _token(numbers: Sequence[Number]) -> dict[str, Any]:
    account = numbers[0].account
    targets = sorted({number.business.id for number in numbers})
    return {
        "app_id": account.app,
        "type": "SYSTEM_USER",
        "application": account.verified_name,
        "data_access_expires_at": 0,
        "expires_at": 0,
        "is_valid": True,
        "scopes": list(_SCOPES),
        "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in _SCOPES[1:]],
        "user_id": "122100000000000001",
    }
