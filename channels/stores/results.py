"""What came of attempts: recorded in batches, each only where it is still the last word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Boolean, Interval, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from channels.envelope import Accepted
from channels.errors import SendError
from channels.stores.claims import Claim
from core.db.sessions import TenantSession
from core.models.outbox import OutboundState

_UUIDS: Final = ARRAY(Uuid)
_TEXTS: Final = ARRAY(Text)
_DOCUMENTS: Final = ARRAY(JSONB(none_as_null=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """The provider accepted it."""

    claim: Claim
    accepted: Accepted


@dataclass(frozen=True, kw_only=True, slots=True)
class NotTaken:
    """The provider, or the line to it, proved that it was not accepted."""

    claim: Claim
    state: OutboundState
    reason: str
    delay: timedelta | None = None
    costs: bool = True
    error: SendError | None = None
    content: dict[str, Any] | None = None  # a file that the provider holds now is sent by its id there


BUG: Final = "bug"  # of ours: it says nothing about the provider


@dataclass(frozen=True, kw_only=True, slots=True)
class Unconfirmed:
    claim: Claim
    reason: str


Result = Taken | NotTaken | Unconfirmed


async def record(session: TenantSession, results: Sequence[Result]) -> None:
    """Each only where this attempt is still the last one: a worker that comes late changes nothing else."""
    await session.execute(_HOLD, {"ids": sorted({result.claim.outbound for result in results})})
    if taken := [result for result in results if isinstance(result, Taken)]:
        await session.execute(_TAKEN, _taken_columns(taken))
    if refused := [result for result in results if isinstance(result, NotTaken)]:
        await session.execute(_NOT_TAKEN, _refused_columns(refused))
    if unconfirmed := [result for result in results if isinstance(result, Unconfirmed)]:
        reasons = {"reasons": [result.reason for result in unconfirmed]}
        await session.execute(_UNCONFIRMED, _attempt_columns(unconfirmed) | reasons)


def _attempt_columns(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "ids": [result.claim.outbound for result in results],
        "numbers": [result.claim.number for result in results],
        "attempts": [result.claim.attempt for result in results],
    }


def _taken_columns(taken: Sequence[Taken]) -> dict[str, Any]:
    return _attempt_columns(taken) | {
        "names": [result.accepted.provider_id for result in taken],
        "held": [result.accepted.is_held for result in taken],
    }


def _refused_columns(refused: Sequence[NotTaken]) -> dict[str, Any]:
    return _attempt_columns(refused) | {
        "states": [result.state.value for result in refused],
        "reasons": [result.reason for result in refused],
        "delays": [result.delay for result in refused],
        "costs": [int(result.costs) for result in refused],
        "errors": [_error(result.error) for result in refused],
        "contents": [result.content for result in refused],
    }


def _error(error: SendError | None) -> dict[str, Any] | None:
    return None if error is None else {"kind": error.name, "code": error.code}


# Several rows of one kind are locked in the order of their ids, whoever locks them.
_HOLD: Final = text("""
    SELECT FROM unnest(:ids) AS w (id), LATERAL (
        SELECT FROM outbound o WHERE o.id = w.id FOR NO KEY UPDATE OF o OFFSET 0) AS held
""").bindparams(bindparam("ids", type_=_UUIDS))
_ATTEMPTS: Final = (
    bindparam("ids", type_=_UUIDS),
    bindparam("numbers", type_=ARRAY(BigInteger)),
    bindparam("attempts", type_=_UUIDS),
)

# Proof of acceptance is welcome whenever it comes, also of an earlier attempt; a status may have brought more before.
# Of a name that another message has already nothing is taken: ids at the provider are never shared.
_TAKEN: Final = text("""
    WITH v AS (
        SELECT w.*, EXISTS (SELECT FROM outbound t JOIN outbound p
                ON p.tenant_id = t.tenant_id AND p.connection_id = t.connection_id AND p.provider_id = w.name
            WHERE t.id = w.id AND p.id <> t.id) AS is_anothers
        FROM unnest(:ids, :numbers, :attempts, :names, :held) AS w (id, number, attempt, name, held)),
    settled AS (
        UPDATE outbound o SET
            state = CASE WHEN o.state IN ('sent', 'delivered', 'read', 'failed') THEN o.state ELSE 'accepted' END,
            provider_id = CASE WHEN o.provider_id IS NULL AND NOT v.is_anothers THEN v.name ELSE o.provider_id END,
            reason = CASE WHEN o.state = 'failed' THEN o.reason END,
            error = CASE WHEN o.state = 'failed' THEN o.error END,
            is_held = v.held, accepted_at = least(o.accepted_at, app_now()),
            lease_until = NULL, unknown_since = NULL, retry_at = NULL
        FROM v WHERE o.id = v.id)
    UPDATE outbound_attempts a SET done_at = now(), outcome = 'accepted',
        answer = jsonb_build_object('provider_id', v.name)
    FROM v WHERE a.id = v.attempt
""").bindparams(*_ATTEMPTS, bindparam("names", type_=_TEXTS), bindparam("held", type_=ARRAY(Boolean)))

_NOT_TAKEN: Final = text("""
    WITH v AS (
        SELECT * FROM unnest(:ids, :numbers, :attempts, :states, :reasons, :delays, :costs, :errors, :contents)
            AS v (id, number, attempt, state, reason, delay, cost, error, content)),
    settled AS (
        UPDATE outbound o SET state = v.state, reason = v.reason, error = v.error,
            content = coalesce(v.content, o.content), refusals = o.refusals + v.cost,
            failed_at = CASE WHEN v.state = 'failed' THEN app_now() END,
            retry_at = CASE WHEN v.delay IS NULL THEN NULL ELSE now() + v.delay END,
            lease_until = NULL, unknown_since = NULL
        FROM v WHERE o.id = v.id AND o.attempt = v.number AND o.state IN ('sending', 'unknown'))
    UPDATE outbound_attempts a SET done_at = now(), outcome = 'not_accepted',
        answer = coalesce(v.error, jsonb_build_object('reason', v.reason))
    FROM v WHERE a.id = v.attempt
""").bindparams(
    *_ATTEMPTS,
    bindparam("states", type_=_TEXTS),
    bindparam("reasons", type_=_TEXTS),
    bindparam("delays", type_=ARRAY(Interval)),
    bindparam("costs", type_=ARRAY(BigInteger)),
    bindparam("errors", type_=_DOCUMENTS),
    bindparam("contents", type_=_DOCUMENTS),
)

_UNCONFIRMED: Final = text("""
    WITH v AS (
        SELECT * FROM unnest(:ids, :numbers, :attempts, :reasons) AS v (id, number, attempt, reason)),
    settled AS (
        UPDATE outbound o SET state = 'unknown', reason = v.reason, unknown_since = now(), lease_until = NULL
        FROM v WHERE o.id = v.id AND o.attempt = v.number AND o.state = 'sending')
    UPDATE outbound_attempts a SET done_at = now(), outcome = 'unknown',
        answer = jsonb_build_object('reason', v.reason)
    FROM v WHERE a.id = v.attempt AND a.outcome IS NULL
""").bindparams(*_ATTEMPTS, bindparam("reasons", type_=_TEXTS))
