"""Files whose words are awaited: claimed, with all that is needed to hear them, and what came of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Interval, bindparam, text

from agents.gateway.port import Usage
from channels.stores.media import Kept
from core.db.sessions import TenantSession
from core.ids import CompanyId, ContactId, ConversationId
from core.models.people import ConnectionKind
from core.models.stream import MediaState, MessageKind, WordsState


class Unheard(StrEnum):
    """Why nobody knows what a file says."""

    NO_FILE = "no_file"
    DELETED = "deleted"  # the customer took it back
    TOO_LONG = "too_long"
    NOTHING = "nothing"  # silence, or a picture of which nothing can be said
    REFUSED = "refused"
    NOBODY = "nobody"  # no persona answers here, or no model that hears
    BUDGET = "budget"
    TROUBLE = "trouble"
    CRASHED = "crashed"  # whoever tried left no word of how it ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    company: CompanyId
    media: UUID
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A claimed file. `kept` is missing where it could not be fetched."""

    claim: Claim
    kind: MessageKind
    kept: Kept | None
    tries: int  # this one counted
    is_deleted: bool
    contact: ContactId
    conversation: ConversationId
    channel: ConnectionKind
    language: str | None  # that the conversation is in, as far as it is known
    persona: str | None  # as the connection names it
    pinned: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    text: str
    model: str
    usage: Usage


async def load(session: TenantSession, claim: Claim) -> Due | None:
    """None where somebody else has it by now."""
    row = (await session.execute(_LOAD, {"media": claim.media, "fence": claim.fence})).one_or_none()
    if row is None:
        return None
    is_stored = row.state == MediaState.STORED and row.storage_key is not None
    kept = (
        Kept(mime=row.mime or "", size=row.size or 0, sha256=row.sha256 or "", key=row.storage_key, sealed_key=row.seal)
        if is_stored
        else None
    )
    return Due(
        claim=claim,
        kind=MessageKind(row.kind),
        kept=kept,
        tries=row.words_tries,
        is_deleted=row.deleted_at is not None,
        contact=ContactId(row.contact_id),
        conversation=ConversationId(row.conversation_id),
        channel=ConnectionKind(row.channel),
        language=row.language,
        persona=row.persona,
        pinned=row.persona_version_id,
    )


async def heard(session: TenantSession, claim: Claim, words: Words) -> bool:
    """False: a later claim has taken over, whose word counts."""
    bound = {"state": WordsState.HEARD.value, "words": words.text, "reason": None, "model": words.model}
    return await _settle(session, claim, words.usage, bound)


async def unheard(session: TenantSession, claim: Claim, reason: Unheard, usage: Usage) -> bool:
    bound = {"state": WordsState.UNHEARD.value, "words": None, "reason": reason.value, "model": None}
    return await _settle(session, claim, usage, bound)


async def put_off(session: TenantSession, claim: Claim, usage: Usage, delay: timedelta) -> bool:
    bound = {"state": WordsState.AWAITED.value, "words": None, "reason": Unheard.TROUBLE.value, "model": None}
    return await _settle(session, claim, usage, bound, delay=delay)


async def _settle(
    session: TenantSession,
    claim: Claim,
    usage: Usage,
    bound: dict[str, str | None],
    *,
    delay: timedelta = timedelta(0),
) -> bool:
    spent = {
        "calls": usage.calls,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cost": usage.cost_micros,
    }
    of = {"media": claim.media, "fence": claim.fence, "delay": delay}
    return (await session.execute(_SETTLE, bound | of | spent)).first() is not None


_LOAD: Final = text("""
    SELECT f.kind, f.state, f.mime, f.size, f.sha256, f.storage_key, f.sealed_key AS seal, f.words_tries,
        m.deleted_at, m.conversation_id, c.contact_id, c.dialogue ->> 'lang' AS language,
        c.persona_version_id, l.kind AS channel, l.persona
    FROM media_files f JOIN messages m ON m.id = f.message_id JOIN conversations c ON c.id = m.conversation_id
        JOIN connections l ON l.id = c.connection_id
    WHERE f.id = :media AND f.fence = :fence AND f.words_state = 'awaited' AND f.state <> 'pending'
""")

# What it took adds up over the tries; a cost that nobody knows once is known no more. When to try again is a matter of
# the world's time, like the lease.
_SETTLE: Final = text("""
    UPDATE media_files SET words_state = :state, words = :words, words_reason = :reason, words_model = :model,
        model_calls = model_calls + :calls, input_tokens = input_tokens + :input,
        output_tokens = output_tokens + :output,
        cost_micros = CASE WHEN model_calls = 0 THEN CAST(:cost AS bigint) WHEN :calls = 0 THEN cost_micros
            ELSE cost_micros + CAST(:cost AS bigint) END,
        heard_at = app_now(), lease_until = NULL, next_at = now() + :delay
    WHERE id = :media AND fence = :fence AND words_state = 'awaited' RETURNING id
""").bindparams(bindparam("delay", type_=Interval))
