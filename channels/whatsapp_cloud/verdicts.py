"""What an answer of the Graph proves (reliability.md, 3.0), and what it says."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from channels.envelope import Accepted
from channels.errors import CredentialRefused, PairLimited, ProviderTrouble, RateLimited, SendError, Unproven
from channels.whatsapp_cloud.errors_table import code_in, kind_of
from channels.whatsapp_cloud.fields import identifier, mapping, objects, text
from channels.whatsapp_cloud.people import Names, person_of
from core import clock
from core.http import Answer

SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 3600.0
_SECONDS: Final = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_OK: Final = range(200, 300)
_REFUSALS: Final = range(400, 500)
_TOO_MANY: Final = 429
_BAD_PARAMETER: Final = 100
_UNKNOWN_OBJECT: Final = 33
_HELD: Final = "held_for_quality_assessment"


def accepted(answer: Answer) -> Accepted:
    """Of `POST /messages`; raises the refusal that it proves, or Unproven where it proves nothing."""
    if answer.status not in _OK:
        raise _number_refused(answer) or refusal_in(answer) or Unproven(f"http_{answer.status}")
    body = object_in(answer)
    message = next(iter(objects(body.get("messages"))), {})
    provider_id = identifier(message.get("id"))
    if provider_id is None:
        raise Unproven("answer_unreadable")
    recipient = next(iter(objects(body.get("contacts"))), {})
    person = person_of(Names(number=recipient.get("wa_id"), user_id=recipient.get("user_id")))
    return Accepted(
        provider_id=provider_id,
        recipient=person if person.identities else None,
        is_held=message.get("message_status") == _HELD,
    )


def settled(answer: Answer) -> dict[str, Any]:
    """Of every other call, which can be made again: whatever is no answer is trouble."""
    if answer.status in _OK and (body := object_in(answer)):
        return body
    raise refusal_in(answer) or ProviderTrouble(str(answer.status), retry_after=retry_after(answer.headers))


def refusal_in(answer: Answer) -> SendError | None:
    """None: it does not prove that the call had no effect. That holds for every 5xx, whatever it says."""
    if answer.status not in _REFUSALS:
        return None
    wait = retry_after(answer.headers)
    error = mapping(object_in(answer).get("error"))
    code = code_in(error)
    if answer.status == _TOO_MANY:
        is_of_pair = code is not None and kind_of(code) is PairLimited
        return (PairLimited if is_of_pair else RateLimited)(str(code or _TOO_MANY), retry_after=wait)
    if code is None:
        return None
    kind = CredentialRefused if _is_proof_refused(error) else kind_of(code, http_status=answer.status)
    return kind(str(code), retry_after=wait)


def _is_proof_refused(error: Mapping[str, Any]) -> bool:
    """Told under the code of a bad parameter, though it is the app secret of the connection that is wrong."""
    return code_in(error) == _BAD_PARAMETER and "appsecret_proof" in (text(error.get("message")) or "")


def _number_refused(answer: Answer) -> SendError | None:
    """The number of the path does not exist for this token: no message at all would go through."""
    error = mapping(object_in(answer).get("error"))
    is_refused = answer.status in _REFUSALS and code_in(error) == _BAD_PARAMETER
    is_unknown = error.get("error_subcode") == _UNKNOWN_OBJECT
    return CredentialRefused(str(_BAD_PARAMETER)) if is_refused and is_unknown else None


def object_in(answer: Answer) -> dict[str, Any]:
    """Empty where the body is not an object in JSON."""
    try:
        return mapping(json.loads(answer.body))
    except (ValueError, RecursionError):
        return {}


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Between a second and an hour, whatever the server says; None where it says nothing that can be read."""
    raw = headers.get("retry-after", "").strip()
    seconds = float(raw) if _SECONDS.fullmatch(raw) else _until(raw, headers.get("date", ""))
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def _until(raw: str, sent: str) -> float | None:
    """By the server's own clock where it tells it: ours may be another."""
    moment = _moment(raw)
    return None if moment is None else (moment - (_moment(sent) or clock.now())).total_seconds()


def _moment(raw: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(raw)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
