"""Who wrote: contacts are found or made by sets of identities, for a whole batch at once.

A person may come with a phone number, a WhatsApp id, a user id, or several of them. What is seen together belongs
together: where two contacts turn out to be one person, they are named for `mergers.py`. A name at the provider is shown
and never matched: it moves to whoever was last seen with it.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.envelope import Identity, Person
from channels.identities import MATCHED, canonical_identity, clean_name, identities_of
from channels.stores import consent
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.ids import ContactId, new_id
from core.models.people import IdentityKind
from core.phones import zone_of

PROFILE: Final = "profile"  # in `contacts.fields`: the name that the provider told first, and when


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """Somebody was seen under these identities."""

    person: Person
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Merger:
    """Two contacts are one person. The older one stays."""

    kept: ContactId
    gone: ContactId


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    contacts: tuple[ContactId | None, ...]  # of each sighting; None where nothing names the person
    created: frozenset[ContactId] = frozenset()
    mergers: tuple[Merger, ...] = ()


def identity_hash(tenant: UUID, identity: Identity) -> bytes:
    """What is kept of an identity that must not be written to, when nothing else of it may be."""
    plain = canonical_identity(identity)
    return sha256(f"{tenant}|{plain.kind}|{plain.value}".encode()).digest()


async def hold(session: TenantSession) -> None:
    """Whoever makes, merges or renumbers contacts of a company does so alone, until the commit."""
    await hold_until_commit(session, "people")


async def resolve(session: TenantSession, sightings: Sequence[Sighting]) -> Resolved:
    """The contact of each sighting. New people and identities are written; mergers are left to the caller."""
    if not sightings:
        return Resolved(contacts=())
    await hold(session)
    seen = [_Seen.of(sighting) for sighting in sightings]
    owners = await _owners(session, {key for one in seen for key in one.keys})
    groups = _grouped(seen, owners)
    await _create(session, [group for group in groups if group.is_new])
    await _improve(session, [group for group in groups if not group.is_new])
    await _add_identities(session, groups, owners)
    await _move_usernames(session, groups)
    return _resolved(seen, groups)


async def lock(session: TenantSession, contacts: Collection[ContactId]) -> None:
    """Nobody is claimed for a send to them until the commit; in the order of ids, like every lock on several."""
    if contacts:
        await session.execute(_LOCK, {"contacts": sorted(contacts)})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    """A sighting, read: what finds the person, and what is only shown."""

    keys: tuple[Identity, ...]
    usernames: tuple[str, ...]
    name: str | None
    at: datetime

    @classmethod
    def of(cls, sighting: Sighting) -> "_Seen":
        identities = identities_of(sighting.person)
        return cls(
            keys=tuple(identity for identity in identities if identity.kind in MATCHED),
            usernames=tuple(identity.value for identity in identities if identity.kind not in MATCHED),
            name=clean_name(sighting.person.name),
            at=sighting.at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Owner:
    """A contact that is known already, with what may have to be changed."""

    contact: ContactId
    name: str | None
    time_zone: str | None
    is_opted_out: bool
    profile_name: str | None
    profile_at: datetime | None

    def is_named_after(self, profile: _Seen) -> bool:
        """Or not at all by the provider."""
        if self.profile_at is None or self.profile_name is None:
            return True
        return (profile.at, profile.name or "") < (self.profile_at, self.profile_name)


@dataclass(slots=True)
class _Group:
    """All that was seen of one person in this batch, and the contacts that they turned out to be."""

    keys: dict[Identity, None] = field(default_factory=dict)
    seen: list[_Seen] = field(default_factory=list)
    owners: dict[ContactId, _Owner] = field(default_factory=dict)
    made: ContactId = field(default_factory=lambda: ContactId(new_id()))

    @property
    def is_new(self) -> bool:
        return not self.owners

    @property
    def contact(self) -> ContactId:
        return min(self.owners, default=self.made)

    @property
    def profile(self) -> _Seen | None:
        """Who comes first with a name has named the person."""
        return min((one for one in self.seen if one.name), key=lambda one: (one.at, one.name or ""), default=None)

    @property
    def is_opted_out(self) -> bool:
        return any(owner.is_opted_out for owner in self.owners.values())

    @property
    def zone(self) -> str | None:
        return zone_told_by(self.keys)


async def _owners(session: TenantSession, keys: Iterable[Identity]) -> dict[Identity, _Owner]:
    owners: dict[Identity, _Owner] = {}
    known: dict[ContactId, _Owner] = {}
    for kind, value, contact, *about in (await session.execute(_OWNERS, columns_of(keys))).all():
        if contact not in known:
            name, zone, is_opted_out, profile_name, profile_at = about
            known[contact] = _Owner(
                contact=contact,
                name=name,
                time_zone=zone,
                is_opted_out=is_opted_out,
                profile_name=profile_name,
                profile_at=profile_at,
            )
        owners[Identity(kind=_KINDS[kind], value=value)] = known[contact]
    return owners


def _grouped(seen: Sequence[_Seen], owners: Mapping[Identity, _Owner]) -> list[_Group]:
    """Sightings that share an identity, or a contact, are of one person."""
    groups: dict[Identity | ContactId, _Group] = {}
    for one in (one for one in seen if one.keys):
        known = {owner.contact: owner for key in one.keys if (owner := owners.get(key))}
        names: list[Identity | ContactId] = [*one.keys, *known]
        found = list({id(groups[name]): groups[name] for name in names if name in groups}.values())
        group = found[0] if found else _Group()
        for other in found[1:]:
            group.keys |= other.keys
            group.owners |= other.owners
            group.seen += other.seen
        group.keys |= dict.fromkeys(one.keys)
        group.owners |= known
        group.seen.append(one)
        groups |= dict.fromkeys([*group.keys, *group.owners], group)
    return list({id(group): group for group in groups.values()}.values())


def _resolved(seen: Sequence[_Seen], groups: Sequence[_Group]) -> Resolved:
    contacts = {key: group.contact for group in groups for key in group.keys}
    return Resolved(
        contacts=tuple(contacts[one.keys[0]] if one.keys else None for one in seen),
        created=frozenset(group.contact for group in groups if group.is_new),
        mergers=tuple(Merger(kept=group.contact, gone=gone) for group in groups for gone in sorted(group.owners)[1:]),
    )


async def _create(session: TenantSession, groups: Sequence[_Group]) -> None:
    if groups:
        profiles = [group.profile for group in groups]
        bound = {
            "ids": [group.made for group in groups],
            "names": [profile and profile.name for profile in profiles],
            "zones": [group.zone for group in groups],
            "fields": [_fields(profile) for profile in profiles],
        }
        await session.execute(_CREATE, bound)


async def _improve(session: TenantSession, groups: Sequence[_Group]) -> None:
    """A name where there was none, or an earlier one that comes late; never over one that a person gave."""
    changed = []
    for group in groups:
        owner, profile = group.owners[group.contact], group.profile
        is_ours = owner.name is None or owner.name == owner.profile_name
        if profile is not None and is_ours and owner.is_named_after(profile):
            changed.append((group.contact, profile))
    if changed:
        bound = {
            "ids": [contact for contact, _ in changed],
            "names": [profile.name for _, profile in changed],
            "fields": [_fields(profile) for _, profile in changed],
        }
        await session.execute(_NAME, bound)


async def _add_identities(session: TenantSession, groups: Sequence[_Group], owners: Mapping[Identity, _Owner]) -> None:
    added = [(group, key) for group in groups for key in group.keys if key not in owners]
    if not added:
        return
    contacts = [group.contact for group, _ in added]
    columns = columns_of(key for _, key in added)
    await session.execute(_ADD, {**columns, "ids": [new_id() for _ in added], "contacts": contacts})
    zoneless = {group.contact: group.zone for group, _ in added if not _has_zone(group)}
    if zoneless:
        await session.execute(_ZONES, {"ids": list(zoneless), "zones": list(zoneless.values())})
    await _mind_consent(session, added)


async def _mind_consent(session: TenantSession, added: Sequence[tuple[_Group, Identity]]) -> None:
    """Who had opted out under an identity is out; and who is out, is so under whatever they are newly known by."""
    hashes = [identity_hash(session.tenant_id, key) for _, key in added]
    suppressed = set((await session.scalars(_SUPPRESSED, {"hashes": hashes})).all())
    if suppressed:
        met = {group.contact for (group, _), one in zip(added, hashes, strict=True) if one in suppressed}
        await consent.opt_out_suppressed(session, sorted(met))
    out = [(group, one) for (group, _), one in zip(added, hashes, strict=True) if group.is_opted_out]
    if out:
        bound = {"hashes": [one for _, one in out], "contacts": [group.contact for group, _ in out]}
        await session.execute(_SUPPRESS, bound)


def _has_zone(group: _Group) -> bool:
    return group.is_new or group.owners[group.contact].time_zone is not None or group.zone is None


async def _move_usernames(session: TenantSession, groups: Sequence[_Group]) -> None:
    """The moment is kept as that of the identity's making, so that an older sighting that comes late moves nothing."""
    newest: dict[str, tuple[datetime, ContactId]] = {}
    for group in groups:
        for one in group.seen:
            for username in one.usernames:
                newest[username] = max(newest.get(username, (one.at, group.contact)), (one.at, group.contact))
    if newest:
        bound = {
            "ids": [new_id() for _ in newest],
            "names": list(newest),
            "moments": [at for at, _ in newest.values()],
            "contacts": [contact for _, contact in newest.values()],
        }
        await session.execute(_USERNAMES, bound)


def zone_told_by(identities: Iterable[Identity]) -> str | None:
    phones = (identity.value for identity in identities if identity.kind is IdentityKind.PHONE)
    return next((zone for phone in phones if (zone := zone_of(phone))), None)


def _fields(profile: _Seen | None) -> str:
    return json.dumps({PROFILE: {"name": profile.name, "at": profile.at.isoformat()}} if profile else {})


def columns_of(identities: Iterable[Identity]) -> dict[str, Any]:
    listed = list(identities)
    return {"kinds": [identity.kind.value for identity in listed], "values": [identity.value for identity in listed]}


_KINDS: Final = {kind.value: kind for kind in IdentityKind}

# One by one, so that no plan made while there were few people reads all of them.
_OWNERS: Final = text("""
    SELECT w.kind, w.value, o.*
    FROM unnest(CAST(:kinds AS text[]), CAST(:values AS text[])) AS w (kind, value),
        LATERAL (
            SELECT c.id AS contact_id, c.name, c.time_zone, c.opted_out_at IS NOT NULL AS is_opted_out,
                c.fields -> 'profile' ->> 'name' AS profile_name,
                CAST(c.fields -> 'profile' ->> 'at' AS timestamptz) AS profile_at
            FROM contact_identities i JOIN contacts c ON c.id = i.contact_id
            WHERE i.kind = w.kind AND i.value = w.value LIMIT 1
        ) o
""")

_CREATE: Final = text("""
    INSERT INTO contacts (tenant_id, id, name, time_zone, fields)
    SELECT current_tenant(), w.id, w.name, w.zone, CAST(w.fields AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:zones AS text[]), CAST(:fields AS text[]))
        AS w (id, name, zone, fields)
""")

_NAME: Final = text("""
    UPDATE contacts c SET name = w.name, fields = c.fields || CAST(w.fields AS jsonb), updated_at = app_now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:fields AS text[])) AS w (id, name, fields)
    WHERE c.id = w.id
""")

_ZONES: Final = text("""
    UPDATE contacts c SET time_zone = w.zone, updated_at = app_now()
    FROM unnest(CAST(:ids AS uuid[]), CAST(:zones AS text[])) AS w (id, zone)
    WHERE c.id = w.id AND c.time_zone IS NULL
""")

_ADD: Final = text("""
    INSERT INTO contact_identities (tenant_id, id, contact_id, kind, value)
    SELECT current_tenant(), w.id, w.contact, w.kind, w.value
    FROM unnest(CAST(:ids AS uuid[]), CAST(:contacts AS uuid[]), CAST(:kinds AS text[]), CAST(:values AS text[]))
        AS w (id, contact, kind, value)
""")

_SUPPRESSED: Final = text("""
    SELECT w.hash FROM unnest(CAST(:hashes AS bytea[])) AS w (hash),
        LATERAL (SELECT FROM suppressions s WHERE s.identity_hash = w.hash LIMIT 1) s
""")

_SUPPRESS: Final = text("""
    INSERT INTO suppressions (tenant_id, identity_hash, opted_out_at)
    SELECT current_tenant(), w.hash, c.opted_out_at
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:contacts AS uuid[])) AS w (hash, contact)
    JOIN contacts c ON c.id = w.contact WHERE c.opted_out_at IS NOT NULL
    ON CONFLICT (tenant_id, identity_hash) DO NOTHING
""")

_USERNAMES: Final = text("""
    INSERT INTO contact_identities AS i (tenant_id, id, contact_id, kind, value, created_at)
    SELECT current_tenant(), w.id, w.contact, 'username', w.name, w.moment
    FROM unnest(CAST(:ids AS uuid[]), CAST(:contacts AS uuid[]), CAST(:names AS text[]),
        CAST(:moments AS timestamptz[])) AS w (id, contact, name, moment)
    ON CONFLICT (tenant_id, kind, value) DO UPDATE
        SET contact_id = excluded.contact_id, created_at = excluded.created_at
        WHERE i.created_at < excluded.created_at
""")

_LOCK: Final = text("SELECT id FROM contacts WHERE id = ANY (CAST(:contacts AS uuid[])) ORDER BY id FOR NO KEY UPDATE")
