"""Every refusal of the API as an RFC 9457 problem, in the language the caller asked for."""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from socket import gaierror
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin_api.auth import KEY_HEADER
from admin_api.field_errors import UNREADABLE, field_errors
from core.errors import AppError, FieldError, Malformed, TooMany, Unauthenticated, Unavailable
from core.logging import get_logger
from core.texts import Language, Text, language_of_header

MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = f'ApiKey realm="{KEY_HEADER}"'  # RFC 9110: how to come in, and where the credential goes
_NAMES: Final = {
    404: Text("Não encontrado", "Not found"),
    405: Text("Método não permitido", "Method not allowed"),
    406: Text("Formato não disponível", "Not acceptable"),
    415: Text("Tipo de conteúdo não aceito", "Unsupported media type"),
}
_WRONG: Final = Text("Alguns campos estão errados: veja `errors`.", "Some fields are wrong: see `errors`.")
_BUG: Final = Text("Algo quebrou do nosso lado e foi registrado.", "Something broke on our side and was recorded.")
_AWAY: Final = Text(
    "Algo nosso não respondeu: tente de novo em instantes.", "Something of ours did not answer: try again."
)
_SOON: Final = {"Retry-After": "2"}
# Too many connections; shutting down, crashed, starting up.
_AWAY_STATES: Final = frozenset({"53300", "57P01", "57P02", "57P03"})

log = get_logger(__name__)


def problem(
    status: int, title: Text, detail: Text, *, language: Language, errors: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title.in_(language),
        "status": status,
        "detail": detail.in_(language),
        "errors": [{"field": error.field, "message": error.message.in_(language)} for error in errors],
    }


def answer_problems(app: FastAPI) -> None:
    """Middleware that is to see these answers too must be added after this."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    for away in (DBAPIError, PoolTimeout, ConnectionError, TimeoutError, gaierror):
        app.add_exception_handler(away, _database_away)
    app.add_middleware(_Bugs)


class _Bugs:
    """Instead of Starlette's handler, which answers outside all middleware and then raises the error once more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_answered = False

        async def watched(message: Message) -> None:
            nonlocal has_answered
            has_answered = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if has_answered or scope["type"] != "http":
                raise
            response = await _bug(Request(scope), error)
            await response(scope, receive, send)


async def _app_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, AppError):
        raise error
    detail = _for_caller(error)
    if error.report:
        is_bug = error.status == AppError.status
        log.error(
            "request.failed", error=type(error).__name__, detail=error.detail.en, exc_info=error if is_bug else None
        )
    return _response(request, error.status, error.title, detail, errors=error.errors, headers=_headers(error))


def _for_caller(error: AppError) -> Text:
    """What someone on call should see names our hosts and files: it goes to the log, not to whoever asked."""
    if not error.report:
        return error.detail
    return _BUG if error.status == AppError.status else _AWAY


def _headers(error: AppError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": CHALLENGE}
    if isinstance(error, TooMany):
        return {"Retry-After": str(max(1, ceil(error.retry_after)))}
    return _SOON if error.retryable else {}


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    return _response(request, Malformed.status, Malformed.title, _WRONG, errors=field_errors(error.errors()))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.BAD_REQUEST:  # the framework's word for a body that it cannot read
        return _response(request, Malformed.status, Malformed.title, _WRONG, errors=(UNREADABLE,))
    phrase = HTTPStatus(error.status_code).phrase
    title = _NAMES.get(error.status_code, Text(phrase, phrase))
    asked = f"{request.method} {request.scope['path']}"
    detail = Text(asked, asked)
    return _response(request, error.status_code, title, detail, headers=error.headers or {})


async def _database_away(request: Request, error: Exception) -> JSONResponse:
    """Only a database that is away is retryable; a statement it refused is a bug of ours."""
    if isinstance(error, DBAPIError) and not _is_away(error):
        return await _bug(request, error)
    log.warning("request.database_away", error=type(error).__name__)
    detail = Text(
        "O banco de dados não respondeu: tente de novo em instantes.", "The database did not answer: try again."
    )
    return _response(request, Unavailable.status, Unavailable.title, detail, headers=_SOON)


def _is_away(error: DBAPIError) -> bool:
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AWAY_STATES


async def _gone(_: Request, __: Exception) -> Response:
    """The client hung up before it had said all: nobody reads this answer."""
    return Response(status_code=400)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("request.broke", error=type(error).__name__, exc_info=error)
    return _response(request, AppError.status, AppError.title, _BUG)


def _response(
    request: Request,
    status: int,
    title: Text,
    detail: Text,
    *,
    errors: tuple[FieldError, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    language = language_of_header(request.headers.get("accept-language", ""))
    body = problem(status, title, detail, language=language, errors=errors)
    return JSONResponse(body, status, {"Content-Language": language.value, **(headers or {})}, media_type=MEDIA_TYPE)
