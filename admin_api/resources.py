"""What the resources under /api/v1 share: who is let in, one transaction a request, no field that nobody knows."""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from admin_api.auth import Needed, admit
from admin_api.idempotency import once
from channels.registry import Registry
from core.db.sessions import TenantSession
from core.errors import FieldError, Malformed, Unavailable
from core.models.people import Role
from core.texts import Language, Text, language_of_header

PREFIX: Final = "/api/v1"
_TOO_SLOW: Final = "57014"  # the statement ran into its time limit

Handle = Callable[[Request], Awaitable[Response]]


def resources(name: str) -> APIRouter:
    return APIRouter(prefix=f"{PREFIX}/{name}", tags=[name], route_class=Guarded)


class Guarded(APIRoute):
    """Whether the caller may come in is settled before a byte of the body is read or a parameter looked at."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        role = _role_of(self)
        known = {name for dependant in _all_of(self.dependant) for name in _query_names(dependant)}

        async def guarded(request: Request) -> Response:
            principal = await admit(request, role)
            _refuse_odd_query(request, known)
            return await once(request, principal, partial(_in_one_transaction, handle))

        return guarded


def _all_of(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _all_of(dependency)


def _query_names(dependant: Dependant) -> list[str]:
    return [field.alias for field in dependant.query_params]


def _role_of(route: APIRoute) -> Role:
    needed = [dependant.call.role for dependant in _all_of(route.dependant) if isinstance(dependant.call, Needed)]
    if len(needed) != 1:
        raise ValueError(f"{route.path}: a route says once which role it needs, with Needs(Role.X)")
    return needed[0]


def _refuse_odd_query(request: Request, known: set[str]) -> None:
    given = [name for name, _ in request.query_params.multi_items()]
    wrong = [FieldError(field=f"query.{name[:40]}", message=_UNKNOWN) for name in sorted(set(given) - known)]
    wrong += [FieldError(field=f"query.{name}", message=_TWICE) for name in sorted(known) if given.count(name) > 1]
    if wrong:
        raise Malformed(
            "Há parâmetros desconhecidos ou repetidos na consulta: veja `errors`.",
            "There are unknown or repeated query parameters: see `errors`.",
            errors=tuple(wrong),
        )


async def _in_one_transaction(handle: Handle, request: Request) -> Response:
    """Committed when this returns: a framework's own dependency would commit only after whoever remembers answers."""
    try:
        async with AsyncExitStack() as stack:
            request.state.transaction = stack
            return await handle(request)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _TOO_SLOW:
            raise
        raise Unavailable(
            "A consulta demorou demais: tente de novo, ou peça menos.",
            "The query took too long: try again, or ask for less.",
        ) from error


async def _session(request: Request) -> TenantSession:
    stack: AsyncExitStack = request.state.transaction
    company = request.state.principal.company
    return await stack.enter_async_context(request.app.state.floor.database.tenant_session(company))


def language_of(request: Request) -> Language:
    return language_of_header(request.headers.get("accept-language", ""))


async def _language(request: Request) -> Language:
    return language_of(request)


async def _registry(request: Request) -> Registry:
    registry: Registry = request.app.state.registry
    return registry


Session = Annotated[TenantSession, Depends(_session)]
LanguageOfRequest = Annotated[Language, Depends(_language)]
RegistryOfRequest = Annotated[Registry, Depends(_registry)]


class Body(BaseModel):
    """What a caller sends: a field that we do not know is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def _visible(words: str) -> str:
    if not words.isprintable():
        raise ValueError("only visible characters")
    return words


Words = Annotated[str, Field(max_length=120), AfterValidator(_visible)]

_UNKNOWN: Final = Text("parâmetro desconhecido", "unknown parameter")
_TWICE: Final = Text("aparece mais de uma vez", "appears more than once")
