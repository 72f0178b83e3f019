"""Companies and the API keys that open them."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Uuid, func, select

from core import audit
from core.audit import Actor
from core.crypto import KeyRing
from core.db.sessions import Database, TenantSession
from core.errors import Conflict, Malformed, NotFound
from core.events import Event, EventKind, emit
from core.ids import CompanyId, new_id
from core.models.installation import Company
from core.models.people import ApiKey, Role
from core.vault import add_key

KEY_PREFIX: Final = "mia_"
_SHOWN: Final = 12
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


def digest_of(key: str) -> bytes:
    """A plain digest is enough: the key is 256 random bits, which nobody can guess their way through."""
    return hashlib.sha256(key.encode()).digest()


def refuse_bad_name(name: str) -> None:
    if not (name.strip() == name and 0 < len(name) <= _LONGEST_NAME and name.isprintable()):
        raise Malformed(
            f"Nome inválido: use de 1 a {_LONGEST_NAME} caracteres visíveis, sem espaço nas pontas.",
            f"Invalid name: use 1 to {_LONGEST_NAME} visible characters, with no space at the ends.",
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
