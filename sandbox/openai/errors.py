"""Errors in OpenAI's words: the body, the status and the headers that its clients tell them by."""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

_JSON: Final = {"Content-Type": "application/json"}
_TYPES: Final = {
    401: "invalid_request_error",
    403: "permission_error",
    429: "requests",
    500: "server_error",
    502: "server_error",
    503: "service_unavailable_error",
}
_TOKENS_PER_MINUTE: Final = "Limit 30000, Used 30000, Requested 1."
_MESSAGES: Final = {
    "rate_limit_exceeded": f"Rate limit reached for requests per min (RPM): {_TOKENS_PER_MINUTE}",
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing details.",
    "context_length_exceeded": "This model's maximum context length is {} tokens. Please reduce the length of the "
    "messages.",
    "content_filter": "The response was filtered due to the prompt triggering our content management policy.",
    "invalid_api_key": "Incorrect API key provided. You can find your API key in your account settings.",
}
_KINDS: Final = {"insufficient_quota": "insufficient_quota"}


class OpenAiError(Exception):
    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self._param = param
        self._headers = dict(headers or {})

    @property
    def told(self) -> dict[str, Any]:
        kind = _KINDS.get(self.code or "", _TYPES.get(self.status, "invalid_request_error"))
        return {"error": {"message": str(self), "type": kind, "param": self._param, "code": self.code}}

    def response(self, *, request_id: str) -> web.Response:
        headers = {**_JSON, "x-request-id": request_id, **self._headers}
        return web.Response(status=self.status, body=json.dumps(self.told).encode(), headers=headers)


def coded(status: int, code: str, *, retry_after: str | None = None) -> OpenAiError:
    """One whose code says all."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return OpenAiError(
        status, _MESSAGES.get(code, f"The sandbox was told to fail: {code}."), code=code, headers=headers
    )


def too_long(limit: int, *, asked: int) -> OpenAiError:
    message = f"{_MESSAGES['context_length_exceeded'].format(limit)} Your messages resulted in {asked} tokens."
    return OpenAiError(400, message, code="context_length_exceeded", param="messages")


def missing(param: str) -> OpenAiError:
    message = f"Missing required parameter: '{param}'."
    return OpenAiError(400, message, code="missing_required_parameter", param=param)


def wrong_type(param: str, *, expected: str) -> OpenAiError:
    return OpenAiError(400, f"Invalid type for '{param}': expected {expected}.", code="invalid_type", param=param)


def wrong_value(param: str, *, expected: str) -> OpenAiError:
    return OpenAiError(400, f"Invalid value for '{param}': expected {expected}.", code="invalid_value", param=param)


def no_such_model(name: str) -> OpenAiError:
    message = f"The model `{name[:80]}` does not exist or you do not have access to it."
    return OpenAiError(404, message, code="model_not_found", param="model")


def refused(told: Mapping[str, Any]) -> OpenAiError:
    """By whoever answers: an error in OpenAI's shape, beside which stand its `status` and perhaps `retry_after`."""
    error, after = told["error"], told.get("retry_after")
    headers = {} if after is None else {"Retry-After": str(after)}
    return OpenAiError(int(told.get("status", 500)), str(error["message"]), code=error.get("code"), headers=headers)
