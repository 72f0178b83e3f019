"""WhatsApp's part of the control plane: accounts, customers and what they write, media, and what they come to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.panel import Refusal, answer, not_there, read, variant
from sandbox.strict import strict
from sandbox.whatsapp.accounts import Account, Number
from sandbox.whatsapp.control_delivery import DeliveryControl
from sandbox.whatsapp.customers import Circumstances
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.inbound import CONTENTS, Content
from sandbox.whatsapp.media import File
from sandbox.whatsapp.people import NinthDigit, Person
from sandbox.whatsapp.provider import WhatsApp
from sandbox.whatsapp.webhooks import HandshakeFailed

_BY_TYPE: Final[Mapping[str, type[Content]]] = {kind.type: kind for kind in CONTENTS}


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewAccount:
    """`verify` asks the webhook address for the challenge first."""

    account: Account
    verify: bool = False


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class AccountChange:
    quality_rating: str | None = None
    status: str | None = None
    name_status: str | None = None
    token_is_valid: bool | None = None
    messaging_limit: str | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Found by phone or user id. What is None stays as it is."""

    phone: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str | None = None
    username: str | None = None
    hides_phone: bool | None = None
    is_reachable: bool | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """`wa_id` is what Meta answers for the phone from now on; `fails_with` a code, 0 for none any more."""

    person: Sender
    wa_id: str | None = None
    fails_with: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """`content` names its type: `{"type": "text", "body": "oi"}`."""

    phone_id: str
    person: Sender
    content: dict[str, Any]
    about: Circumstances = Circumstances()  # noqa: RUF009 - it is frozen


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Echoed:
    phone_id: str
    person: Sender
    content: dict[str, Any]


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    phone_id: str
    person: Sender
    wants_marketing: bool


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class NewFile:
    phone_id: str
    file: File


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    ninth_digit: NinthDigit


class WhatsAppControl:
    def __init__(self, whatsapp: WhatsApp) -> None:
        self._whatsapp = whatsapp

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/accounts", self._accounts)
        router.add_post(f"{prefix}/accounts", self._add_account)
        router.add_patch(f"{prefix}/accounts/{{phone_id}}", self._change_account)
        router.add_delete(f"{prefix}/accounts/{{phone_id}}", self._remove_account)
        router.add_post(f"{prefix}/customers", self._customer)
        router.add_put(f"{prefix}/ninth-digit", self._ninth_digit)
        router.add_post(f"{prefix}/messages", self._write)
        router.add_post(f"{prefix}/echoes", self._echo)
        router.add_post(f"{prefix}/preferences", self._wish)
        router.add_post(f"{prefix}/media", self._receive)
        DeliveryControl(self._whatsapp).add_to(router, prefix)

    async def _accounts(self, _request: web.Request) -> web.Response:
        return answer({"accounts": [_account(number) for number in self._whatsapp.accounts]})

    async def _add_account(self, request: web.Request) -> web.Response:
        told = await read(request, NewAccount)
        try:
            number = await self._whatsapp.connect(told.account, verify=told.verify)
        except HandshakeFailed as error:
            pt = f"O endereço do webhook não respondeu ao desafio ({error}). Ele está no ar, e com este verify_token?"
            en = f"The webhook address did not answer the challenge ({error}). Is it up, and has it this verify_token?"
            raise Refusal(409, pt, en) from error
        except ValueError as error:
            raise Refusal(409, f"Conta contraditória: {error}.", f"Contradicting account: {error}.") from error
        return answer(_account(number), status=201)

    async def _change_account(self, request: web.Request) -> web.Response:
        number, change = self._number(request.match_info["phone_id"]), await read(request, AccountChange)
        for name in ("quality_rating", "status", "name_status", "token_is_valid"):
            if (value := getattr(change, name)) is not None:
                setattr(number, name, value)
        if change.messaging_limit is not None:
            self._whatsapp.events.messaging_limit(number, change.messaging_limit)
        return answer(_account(number))

    async def _remove_account(self, request: web.Request) -> web.Response:
        number = self._number(request.match_info["phone_id"])
        self._whatsapp.accounts.remove(number.id)
        return answer(_account(number))

    async def _customer(self, request: web.Request) -> web.Response:
        told = await read(request, Customer)
        if told.wa_id is not None and told.person.phone is not None:
            self._whatsapp.people.rewrite(told.person.phone, told.wa_id)
        person = self._person(told.person)
        if told.fails_with is not None:
            self._whatsapp.statuses.fail_for(person.key, told.fails_with or None)
        return answer({"wa_id": person.wa_id, "user_id": person.user_id})

    async def _ninth_digit(self, request: web.Request) -> web.Response:
        self._whatsapp.people.ninth_digit = (await read(request, Rule)).ninth_digit
        return answer({"ninth_digit": self._whatsapp.people.ninth_digit.value})

    async def _write(self, request: web.Request) -> web.Response:
        told = await read(request, Written)
        number, person, content = (
            self._number(told.phone_id),
            self._person(told.person),
            variant(_BY_TYPE, told.content, key="type"),
        )
        try:
            return answer({"id": self._whatsapp.customers.write(number, person, content, told.about)}, status=201)
        except GraphError:
            raise not_there("media_id") from None

    async def _echo(self, request: web.Request) -> web.Response:
        told = await read(request, Echoed)
        number, person, content = (
            self._number(told.phone_id),
            self._person(told.person),
            variant(_BY_TYPE, told.content, key="type"),
        )
        try:
            return answer({"id": self._whatsapp.customers.echo(number, person, content)}, status=201)
        except GraphError:
            raise not_there("media_id") from None
        except ValueError:
            pt = "Só um número de coexistência tem eco do aplicativo: crie a conta com is_coexistence."
            raise Refusal(409, pt, "Only a coexistence number has echoes: set is_coexistence.") from None

    async def _wish(self, request: web.Request) -> web.Response:
        told = await read(request, Wish)
        number, person = self._number(told.phone_id), self._person(told.person)
        self._whatsapp.events.preference(number, person, wants_marketing=told.wants_marketing)
        return answer({"wants_marketing": told.wants_marketing})

    async def _receive(self, request: web.Request) -> web.Response:
        """A file for a customer to send; its bytes are base64."""
        told = await read(request, NewFile)
        media = self._whatsapp.shelf.receive(told.file, phone_id=self._number(told.phone_id).id)
        return answer({"media_id": media.id}, status=201)

    def _number(self, phone_id: str) -> Number:
        if (number := self._whatsapp.accounts.find(phone_id)) is None:
            raise not_there("phone_id")
        return number

    def _person(self, told: Sender) -> Person:
        try:
            person = self._whatsapp.people.person(phone=told.phone, user_id=told.user_id)
        except ValueError as error:
            raise Refusal(422, f"Cliente inválido: {error}.", f"Invalid customer: {error}.") from error
        for name in ("parent_user_id", "name", "username", "hides_phone", "is_reachable"):
            if (value := getattr(told, name)) is not None:
                setattr(person, name, value)
        return person


def _account(number: Number) -> dict[str, Any]:
    """Without its secrets."""
    account = number.account
    return {
        "phone_id": account.phone_id,
        "waba_id": account.waba_id,
        "app_id": account.app,
        "display_phone_number": account.display_phone_number,
        "webhook_url": account.webhook_url,
        "override": number.override or number.business.override,
        "is_subscribed": number.business.is_subscribed,
        "is_coexistence": account.is_coexistence,
        "quality_rating": number.quality_rating,
        "status": number.status,
        "name_status": number.name_status,
        "messaging_limit": number.messaging_limit,
        "token_is_valid": number.token_is_valid,
    }
