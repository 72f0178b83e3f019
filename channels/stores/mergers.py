"""Two contacts turn out to be one person, or the same person gets another number; each can be taken back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import text

from channels.envelope import Identity, Person
from channels.identities import identities_of
from channels.stores.folds import Fold, unfold
from channels.stores.people import Merger, columns_of, hold, zone_told_by
from core.db.sessions import TenantSession
from core.errors import Conflict, NotFound
from core.ids import ContactId, new_id
from core.models.people import ContactEventKind

_SECOND: Final = timedelta(seconds=1)
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Renumbering:
    """A contact got another number. `key` names the news, which may be told twice."""

    contact: ContactId
    old: Person
    new: Person
    at: datetime
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Parted:
    """Two contacts again, and what followed when they became one."""

    kept: ContactId
    gone: ContactId
    carried: dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Moved:
    """What a merger did, as its event keeps it."""

    gone: UUID
    identities: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)
    folds: list[dict[str, Any]] = field(default_factory=list)
    name: str | None = None  # of the contact that stayed, before
    carried: Mapping[str, Any] = field(default_factory=dict)  # what followed, in the words of whoever moved it


async def merge(
    session: TenantSession, merger: Merger, folds: Sequence[Fold] = (), *, carried: Mapping[str, Any] = _NOTHING
) -> UUID:
    """All that was of the one that goes is of the one that stays. Gives the event, which can be taken back.

    On each connection at most one of them may have an open conversation: `folds.rivals` names those to fold before.
    """
    await hold(session)
    pair = {"kept": merger.kept, "gone": merger.gone}
    row = (await session.execute(_BEFORE, {"kept": merger.kept})).one()
    moved = _Moved(
        gone=merger.gone,
        identities=[str(one) for one in await session.scalars(_MOVE_IDENTITIES, pair)],
        conversations=[str(one) for one in await session.scalars(_MOVE_CONVERSATIONS, pair)],
        folds=[fold.detail for fold in folds],
        name=row.name,
        carried=carried,
    )
    await session.execute(_MOVE_OUTBOUND, {**pair, "conversations": [UUID(one) for one in moved.conversations]})
    await session.execute(_COMPLETE, pair)
    await session.execute(_RETIRE, pair)
    return await _record(session, merger.kept, ContactEventKind.MERGED, _plain_of(moved))


async def unmerge(session: TenantSession, event: UUID) -> Parted:
    """The contact that had gone is there again with what was its own. Who opted out stays out, in both."""
    await hold(session)
    found = (await session.execute(_EVENT, {"event": event})).one_or_none()
    if found is None or found.detail in ({}, "{}"):  # blank: they were erased
        raise NotFound("Esta junção de contatos não existe.", "There is no such merger of contacts.")
    detail, kept = found.detail if isinstance(found.detail, dict) else json.loads(found.detail), found.contact_id
    gone = UUID(detail["gone"])
    pair = {"kept": kept, "gone": gone}
    if not (await session.execute(_REVIVE, pair)).all():
        raise Conflict(
            "Esta junção já foi desfeita, ou o contato foi juntado de novo depois.",
            "This merger was undone already, or the contact was merged again since.",
        )
    for fold in reversed(detail["folds"]):
        await unfold(session, Fold.of(fold))
    conversations = [UUID(one) for one in detail["conversations"]]
    await session.execute(_GIVE_BACK_IDENTITIES, {**pair, "ids": [UUID(one) for one in detail["identities"]]})
    await session.execute(_GIVE_BACK_CONVERSATIONS, {**pair, "ids": conversations})
    await session.execute(_GIVE_BACK_OUTBOUND, {**pair, "conversations": conversations})
    await session.execute(_GIVE_BACK_NAME, {**pair, "name": detail["name"]})
    await _record(session, kept, ContactEventKind.UNMERGED, {"of": str(event), "gone": str(gone)})
    return Parted(kept=ContactId(kept), gone=ContactId(gone), carried=detail.get("carried") or {})


async def renumber(session: TenantSession, changes: Sequence[Renumbering]) -> None:
    """The new number is the one to write to. The old one still finds the contact: late news may carry it."""
    for change in changes:
        old, new = identities_of(change.old), identities_of(change.new)
        event = uuid5(session.tenant_id, f"{ContactEventKind.RENUMBERED}|{change.key}")
        detail = {"old": _plain(old), "new": _plain(new), "at": change.at.isoformat()}
        bound = {"event": event, "contact": change.contact, "detail": json.dumps(detail)}
        if not (await session.execute(_RENUMBERED, bound)).all():
            continue
        only_old = [identity for identity in old if identity not in new]
        await session.execute(_AGE, {**columns_of(only_old), "contact": change.contact, "at": change.at - _SECOND})
        await session.execute(_RENEW, {**columns_of(new), "contact": change.contact})
        zones = {"old": zone_told_by(old), "new": zone_told_by(new), "contact": change.contact}
        await session.execute(_MOVE_ZONE, zones)


async def _record(session: TenantSession, contact: UUID, kind: ContactEventKind, detail: dict[str, Any]) -> UUID:
    event = new_id()
    bound = {"event": event, "contact": contact, "kind": kind.value, "detail": json.dumps(detail)}
    await session.execute(_RECORD, bound)
    return event


def _plain_of(moved: _Moved) -> dict[str, Any]:
    return {
        "gone": str(moved.gone),
        "identities": moved.identities,
        "conversations": moved.conversations,
        "folds": moved.folds,
        "name": moved.name,
        "carried": dict(moved.carried),
    }


def _plain(identities: Sequence[Identity]) -> list[dict[str, str]]:
    return [{"kind": identity.kind.value, "value": identity.value} for identity in identities]


_BEFORE: Final = text("SELECT name FROM contacts WHERE id = :kept FOR NO KEY UPDATE")

_MOVE_IDENTITIES: Final = text("UPDATE contact_identities SET contact_id = :kept WHERE contact_id = :gone RETURNING id")

_MOVE_CONVERSATIONS: Final = text("UPDATE conversations SET contact_id = :kept WHERE contact_id = :gone RETURNING id")

_MOVE_OUTBOUND: Final = text("""
    UPDATE outbound SET contact_id = :kept
    WHERE conversation_id = ANY (CAST(:conversations AS uuid[])) AND contact_id = :gone
""")

# A name that a person gave wins over the provider's; of two from the provider, the one it told first.
_COMPLETE: Final = text("""
    WITH pair AS (
        SELECT k.id, k.name AS kept_name, g.name AS gone_name, g.fields AS gone_fields, g.time_zone, g.locale,
            g.fields -> 'profile' AS gone_profile,
            k.name IS DISTINCT FROM k.fields -> 'profile' ->> 'name' AND k.name IS NOT NULL AS kept_is_given,
            g.name IS DISTINCT FROM g.fields -> 'profile' ->> 'name' AND g.name IS NOT NULL AS gone_is_given,
            g.fields ? 'profile' AND (NOT k.fields ? 'profile'
                OR (CAST(g.fields -> 'profile' ->> 'at' AS timestamptz), g.fields -> 'profile' ->> 'name' COLLATE "C")
                    < (CAST(k.fields -> 'profile' ->> 'at' AS timestamptz), k.fields -> 'profile' ->> 'name'))
                AS gone_was_first
        FROM contacts k, contacts g WHERE k.id = :kept AND g.id = :gone
    )
    UPDATE contacts c SET updated_at = app_now(), time_zone = coalesce(c.time_zone, p.time_zone),
        locale = coalesce(c.locale, p.locale),
        fields = p.gone_fields || c.fields || CASE WHEN p.gone_was_first
            THEN jsonb_build_object('profile', p.gone_profile) ELSE '{}' END,
        name = CASE WHEN p.kept_is_given THEN p.kept_name WHEN p.gone_is_given THEN p.gone_name
            WHEN p.gone_was_first THEN p.gone_name ELSE coalesce(p.kept_name, p.gone_name) END
    FROM pair p WHERE c.id = p.id
""")

_RETIRE: Final = text("UPDATE contacts SET merged_into = :kept, updated_at = app_now() WHERE id = :gone")

_REVIVE: Final = text("""
    UPDATE contacts SET merged_into = NULL, updated_at = app_now() WHERE id = :gone AND merged_into = :kept RETURNING id
""")

_EVENT: Final = text("SELECT contact_id, detail FROM contact_events WHERE id = :event AND kind = 'merged'")

_GIVE_BACK_IDENTITIES: Final = text("""
    UPDATE contact_identities SET contact_id = :gone WHERE id = ANY (CAST(:ids AS uuid[])) AND contact_id = :kept
""")

_GIVE_BACK_CONVERSATIONS: Final = text("""
    UPDATE conversations SET contact_id = :gone WHERE id = ANY (CAST(:ids AS uuid[])) AND contact_id = :kept
""")

_GIVE_BACK_OUTBOUND: Final = text("""
    UPDATE outbound SET contact_id = :gone
    WHERE conversation_id = ANY (CAST(:conversations AS uuid[])) AND contact_id = :kept
""")

_GIVE_BACK_NAME: Final = text("""
    UPDATE contacts k SET name = CAST(:name AS text), updated_at = app_now()
    FROM contacts g WHERE k.id = :kept AND g.id = :gone AND k.name IS NOT DISTINCT FROM g.name
""")

_RECORD: Final = text("""
    INSERT INTO contact_events (tenant_id, id, contact_id, kind, detail)
    VALUES (current_tenant(), :event, :contact, :kind, CAST(:detail AS jsonb))
""")

_RENUMBERED: Final = text("""
    INSERT INTO contact_events (tenant_id, id, contact_id, kind, detail)
    VALUES (current_tenant(), :event, :contact, 'renumbered', CAST(:detail AS jsonb))
    ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id
""")

_AGE: Final = text("""
    UPDATE contact_identities i SET created_at = least(i.created_at, :at)
    FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS w (kind, value)
    WHERE i.kind = w.kind AND i.value = w.value AND i.contact_id = :contact
""")

_RENEW: Final = text("""
    UPDATE contact_identities i SET created_at = greatest(i.created_at, app_now())
    FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS w (kind, value)
    WHERE i.kind = w.kind AND i.value = w.value AND i.contact_id = :contact
""")

_MOVE_ZONE: Final = text("""
    UPDATE contacts SET time_zone = CAST(:new AS text), updated_at = app_now()
    WHERE id = :contact AND CAST(:new AS text) IS NOT NULL AND time_zone IS NOT DISTINCT FROM CAST(:old AS text)
""")
