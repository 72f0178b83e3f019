"""Companies, the API keys that open them, and the people who work there."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Uuid, column, func, or_, select, update

from admin_api.principals import Principal
from core import audit, clock
from core.audit import Actor
from core.crypto import KeyRing
from core.db.locks import hold_until_commit
from core.db.server import server_time
from core.db.sessions import Database, TenantSession
from core.errors import Conflict, Malformed, NotFound
from core.events import Event, EventKind, emit
from core.ids import CompanyId, UserId, new_id
from core.models.installation import Company
from core.models.people import ApiKey, Membership, Role
from core.models.record import ActorKind
from core.vault import add_key

KEY_PREFIX: Final = "mia_"
_KEY: Final = re.compile(r"mia_[A-Za-z0-9_-]{43}")
_SHOWN: Final = 12
_LONGEST_EMAIL: Final = 254
_LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL: Final = re.compile(rf"[a-z0-9!#$%&'*+/=?^_`{{|}}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@({_LABEL}\.)+{_LABEL}")
_USED_AGAIN: Final = timedelta(minutes=1)  # how often it is worth a write that a key was used
_LONGEST_NAME: Final = 120
_SLUG: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCompany:
    slug: str
    name: str
    time_zone: str = "America/Sao_Paulo"
    locale: str = "pt-BR"


async def create_company(database: Database, ring: KeyRing, new: NewCompany, by: Actor) -> CompanyId:
    """The company with its first data key: both or neither."""
    _refuse_bad_slug(new.slug)
    refuse_bad_name(new.name)
    _refuse_unknown_zone(new.time_zone)
    company = CompanyId(new_id())
    async with database.tenant_session(company) as session:
        made = func.priv.create_company(company, new.slug, new.name, new.time_zone, new.locale)
        if not await session.scalar(select(made)):
            raise Conflict(f"Já existe uma empresa `{new.slug}`.", f"There is a company `{new.slug}` already.")
        await add_key(session, ring)
        audit.record(session, by, "company.created", subject=company, detail={"slug": new.slug})
        emit(session, Event(kind=EventKind.COMPANY_CREATED, subject_id=company))
    return company


async def find_company(database: Database, slug: str) -> CompanyId | None:
    if _SLUG.fullmatch(slug) is None:
        return None
    async with database.crossing() as session:
        found = await session.scalar(select(func.priv.company_named(slug, type_=Uuid)))
    return None if found is None else CompanyId(found)


async def company_named(database: Database, slug: str) -> CompanyId:
    company = await find_company(database, slug)
    if company is None:
        raise NotFound(
            f"Não há empresa `{slug}`: confira o nome, ou crie-a com `masteria company add {slug}`.",
            f"There is no company `{slug}`: check the name, or make it with `masteria company add {slug}`.",
        )
    return company


async def all_companies(database: Database) -> list[CompanyId]:
    async with database.crossing() as session:
        return [CompanyId(company) for company in await session.scalars(select(func.priv.companies(type_=Uuid)))]


async def own_company(session: TenantSession) -> Company:
    company = await session.get(Company, session.tenant_id)
    if company is None:
        raise NotFound("Esta empresa não existe mais.", "This company does not exist any more.")
    return company


async def create_api_key(session: TenantSession, *, name: str, role: Role, by: Actor) -> str:
    """The key itself, which is shown this once and never stored."""
    refuse_bad_name(name)
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(tenant_id=session.tenant_id, id=new_id(), name=name, prefix=key[:_SHOWN], role=role)
    session.add(row)
    await session.flush()
    await session.execute(select(func.priv.keep_api_key(digest_of(key), session.tenant_id, row.id)))
    audit.record(session, by, "api_key.created", subject=row.id, detail={"role": role.value, "prefix": row.prefix})
    emit(session, Event(kind=EventKind.API_KEY_CREATED, subject_id=row.id))
    return key


async def open_api_key(database: Database, key: str) -> Principal | None:
    """Whose key it is, and what it may do there. None where it never was one, was revoked, or has expired."""
    if _KEY.fullmatch(key) is None:
        return None
    async with database.crossing() as session:
        found = func.priv.find_api_key(digest_of(key)).table_valued(column("company", Uuid), column("api_key", Uuid))
        index = (await session.execute(select(found))).one_or_none()
    if index is None:
        return None
    async with database.tenant_session(CompanyId(index.company)) as session:
        row = await session.get(ApiKey, (index.company, index.api_key))
        if row is None or row.revoked_at is not None or await _has_expired(session, row):
            return None
        await _note_use(session, row)
        actor = Actor(ActorKind.API_KEY, row.id)
        return Principal(company=session.tenant_id, role=row.role, actor=actor)


async def _has_expired(session: TenantSession, row: ApiKey) -> bool:
    """By the world's clock: a rehearsal that turns the business's neither locks anyone out nor opens an old key."""
    return row.expires_at is not None and row.expires_at <= await server_time(await session.connection())


def digest_of(key: str) -> bytes:
    """A plain digest is enough: the key is 256 random bits, which nobody can guess their way through."""
    return hashlib.sha256(key.encode()).digest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """A member as they are now, and whether this call made a difference."""

    user: UserId
    membership: UUID
    role: Role
    is_new: bool
    is_changed: bool


async def add_member(session: TenantSession, *, email: str, name: str, role: Role, by: Actor) -> Joined:
    """Asked again it changes nothing but the role. A person who works for other companies too stays one person."""
    address = email.strip().lower()
    _refuse_bad_email(address)
    if name:
        refuse_bad_name(name)
    made = func.priv.create_user(new_id(), address, name, "pt-BR", type_=Uuid)
    user = (await session.scalars(select(made))).one()
    await hold_until_commit(session, "members")
    row = await session.scalar(select(Membership).where(Membership.user_id == user))
    if row is not None and row.role is role:
        return Joined(user=UserId(user), membership=row.id, role=role, is_new=False, is_changed=False)
    is_new = row is None
    if row is None:
        row = Membership(tenant_id=session.tenant_id, id=new_id(), user_id=user)
        session.add(row)
    row.role = role
    await session.flush()
    audit.record(session, by, f"member.{'added' if is_new else 'changed'}", subject=user, detail={"role": role.value})
    kind = EventKind.MEMBER_ADDED if is_new else EventKind.MEMBER_CHANGED
    emit(session, Event(kind=kind, subject_id=user, payload={"role": role.value}))
    return Joined(user=UserId(user), membership=row.id, role=role, is_new=is_new, is_changed=not is_new)


async def _note_use(session: TenantSession, row: ApiKey) -> None:
    now = clock.now()
    long_ago = now - _USED_AGAIN
    if row.last_used_at is None or row.last_used_at < long_ago:
        is_due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < long_ago)  # of many at once, one writes
        await session.execute(update(ApiKey).where(ApiKey.id == row.id, is_due).values(last_used_at=now))


def refuse_bad_name(name: str) -> None:
    if not (name.strip() == name and 0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise Malformed(
            f"Nome inválido: use de 1 a {_LONGEST_NAME} caracteres visíveis, sem espaço nas pontas.",
            f"Invalid name: use 1 to {_LONGEST_NAME} visible characters, with no space at the ends.",
        )


def _refuse_bad_email(address: str) -> None:
    if len(address) > _LONGEST_EMAIL or _EMAIL.fullmatch(address) is None:
        raise Malformed(
            "E-mail inválido: use um endereço como ana@padaria.com.br.",
            "Invalid e-mail: use an address such as ana@padaria.com.br.",
        )


def _refuse_bad_slug(slug: str) -> None:
    if _SLUG.fullmatch(slug) is None:
        raise Malformed(
            f"Nome curto inválido: {slug!r}. Use de 1 a 63 letras minúsculas, números e -, sem - nas pontas.",
            f"Invalid short name: {slug!r}. Use 1 to 63 small letters, digits and -, with no - at the ends.",
        )


def _refuse_unknown_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, or a name too long for a file
        raise Malformed(
            f"Fuso horário desconhecido: {name}. Use um nome como America/Sao_Paulo.",
            f"Unknown time zone: {name}. Use a name such as America/Sao_Paulo.",
        ) from None
