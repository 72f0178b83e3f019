"""The errors of OpenAI's library, whose classes litellm's inherit from, as failures of ours."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import openai

from agents.gateway.adapter import Failed, Failure
from core import clock
from core.http import CallFailed

_TOO_LONG: Final = frozenset({"context_length_exceeded", "string_above_max_length"})
_FILTERS: Final = frozenset({"content_filter", "content_policy_violation"})
_TOO_LONG_NAMES: Final = ("ContextWindowExceededError", "ContextOverflowError")
_NO_MONEY: Final = "insufficient_quota"
# By the class: the first that fits.
_KINDS: Final[tuple[tuple[type[Exception], Failure], ...]] = (
    (openai.APITimeoutError, Failure.SLOW),
    (openai.APIConnectionError, Failure.AWAY),
    (openai.AuthenticationError, Failure.DENIED),
    (openai.PermissionDeniedError, Failure.DENIED),
    (openai.NotFoundError, Failure.DENIED),
    (openai.RateLimitError, Failure.BUSY),
    (openai.InternalServerError, Failure.AWAY),
    (openai.ContentFilterFinishReasonError, Failure.FILTERED),
    (openai.APIResponseValidationError, Failure.BROKEN),
)
# After any other error of the connection the model may have been at work, and have cost.
_NEVER_ARRIVED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_SERVER: Final = range(500, 600)
_REQUEST_TIMEOUT: Final = 408


@contextmanager
def as_failures() -> Iterator[None]:
    """`from None`: the errors beneath hold the prompt, or the key, and a log prints the chain."""
    try:
        yield
    except openai.OpenAIError as error:
        raise failed(error) from None
    except (httpx.HTTPError, CallFailed):
        raise Failed(Failure.BROKEN) from None  # the answer had begun, or the library would have named it
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise Failed(Failure.BROKEN) from None  # what these libraries make of an answer in no shape they know


def failed(error: openai.OpenAIError) -> Failed:
    """Errors of litellm lie over those of the library that it calls, and keep a part of what those say."""
    told = [each for each in _chain(error) if isinstance(each, openai.OpenAIError)]
    codes = {str(getattr(each, "code", None)) for each in told}
    names = [type(each).__name__ for each in told]
    if codes & _TOO_LONG or any(name.endswith(_TOO_LONG_NAMES) for name in names):
        return Failed(Failure.TOO_LONG)
    if codes & _FILTERS or "ContentPolicyViolationError" in names:
        return Failed(Failure.FILTERED)
    if _NO_MONEY in codes:
        return Failed(Failure.DENIED)
    kinds = (failure for each in told for known, failure in _KINDS if isinstance(each, known))
    kind = next(kinds, None) or _by_status(error)
    if kind is Failure.BUSY:
        return Failed(kind, retry_after=retry_after(_headers(error)))
    return Failed(Failure.BROKEN if kind is Failure.AWAY and _was_at_work(error) else kind)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """From the outermost inwards."""
    beneath: BaseException | None = error
    while beneath is not None:
        yield beneath
        beneath = beneath.__cause__ or beneath.__context__


def _was_at_work(error: BaseException) -> bool:
    """By what lies beneath: litellm tells a connection that dropped as a 500 of the provider."""
    for beneath in _chain(error):
        if isinstance(beneath, _NEVER_ARRIVED):
            return False
        if isinstance(beneath, httpx.TransportError | CallFailed | ValueError):
            return True
    return False


def _by_status(error: openai.OpenAIError) -> Failure:
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and status in _SERVER:
        return Failure.AWAY
    if status == _REQUEST_TIMEOUT:
        return Failure.SLOW
    # An error inside a stream has no status: what came before it was an answer.
    return Failure.BROKEN if status is None else Failure.REJECTED


def _headers(error: openai.OpenAIError) -> httpx.Headers:
    """Litellm keeps the provider's in a place of its own."""
    kept = getattr(error, "litellm_response_headers", None)
    if kept:
        return httpx.Headers(kept)
    response = getattr(error, "response", None)
    return response.headers if isinstance(response, httpx.Response) else httpx.Headers()


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, whether told as such, in milliseconds or as a moment. None: nothing that makes sense."""
    told = headers.get("retry-after-ms")
    if told is not None and (number := _number(told)) is not None:
        return number / 1000
    told = headers.get("retry-after", "").strip()
    if (number := _number(told)) is not None:
        return number
    try:
        moment = parsedate_to_datetime(told)
    except ValueError:
        return None
    return max(0.0, (moment - clock.now()).total_seconds()) if moment.tzinfo is not None else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
