"""Refusals of the Bot API: a number, a description in its own words, and sometimes what to do instead."""

from collections.abc import Mapping

from aiohttp import web

from sandbox.telegram.wire import to_json


class BotApiError(Exception):
    """`parameters` is what a program acts on: `retry_after`, `migrate_to_chat_id`."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self._parameters = parameters

    def response(self) -> web.Response:
        told = {"ok": False, "error_code": self.code, "description": self.description}
        body = to_json(told | ({} if self._parameters is None else {"parameters": dict(self._parameters)}))
        return web.Response(status=self.code, body=body, content_type="application/json")


def bad_request(what: str) -> BotApiError:
    return BotApiError(400, f"Bad Request: {what}")


def forbidden(what: str) -> BotApiError:
    return BotApiError(403, f"Forbidden: {what}")


def conflict(what: str) -> BotApiError:
    return BotApiError(409, f"Conflict: {what}")


def too_many(seconds: int) -> BotApiError:
    return BotApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def migrated(chat_id: int) -> BotApiError:
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    return BotApiError(400, description, {"migrate_to_chat_id": chat_id})


def not_found() -> BotApiError:
    return BotApiError(404, "Not Found")


def unauthorized() -> BotApiError:
    return BotApiError(401, "Unauthorized")


def too_large() -> BotApiError:
    return BotApiError(413, "Request Entity Too Large")
