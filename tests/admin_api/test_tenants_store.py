"""Tests of making companies and the API keys that open them, on a real database."""

import asyncio
import hashlib
from typing import Final

import pytest
from sqlalchemy import LargeBinary, Uuid, column, func, select

from admin_api.tenants.store import (
    KEY_PREFIX,
    Joined,
    NewCompany,
    add_member,
    all_companies,
    company_named,
    create_api_key,
    create_company,
    digest_of,
    find_company,
    own_company,
)
from core.audit import OPERATOR, SYSTEM
from core.crypto import InstallationKey, KeyRing
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import Conflict, Malformed, Misconfigured, NotFound
from core.ids import CompanyId, new_id
from core.models.people import ApiKey, CompanyKey, Membership, Role
from core.models.record import ActorKind, AuditEntry, DomainEvent
from core.vault import open_vault
from tests.fixtures.servers import Servers

NEW: Final = NewCompany(slug="carla", name="Flores da Carla")

BAD_SLUGS: Final = ("", "Ana", "ána", "a b", "-ana", "ana-", "a_b", "a" * 64, "a\n", "ana;drop", "../x", "a\x00")
BAD_ZONES: Final = (
    "",
    "Brasilia",
    "America/Nope",
    "../etc/passwd",
    "/etc/localtime",
    "America/Sao_Paulo\n",
    "UTC\x00",
    "-03:00",
    "zone.tab",
)


def broken_ring() -> KeyRing:
    """Its keys are gone when they are wanted, in the middle of the work."""
    contents = iter([InstallationKey.new().line])
    return KeyRing(lambda: next(contents, ""), "nowhere")


class TestCreateCompany:
    async def test_it_has_its_values_and_a_key(self, database: Database, ring: KeyRing) -> None:
        company = await create_company(database, ring, NEW, OPERATOR)
        async with database.tenant_session(company) as session:
            row = await own_company(session)
            vault = await open_vault(session, ring)
        assert (row.id, row.slug, row.name) == (company, "carla", "Flores da Carla")
        assert (row.time_zone, row.locale, row.retention_days) == ("America/Sao_Paulo", "pt-BR", 730)
        assert row.shredded_at is None
        assert len(vault.keys) == 1

    async def test_it_is_in_the_audit_log_and_an_event(self, database: Database, ring: KeyRing) -> None:
        company = await create_company(database, ring, NEW, OPERATOR)
        async with database.tenant_session(company) as session:
            entry = (await session.scalars(select(AuditEntry))).one()
            event = (await session.scalars(select(DomainEvent))).one()
        assert (entry.actor_kind, entry.action, entry.subject_id) == (ActorKind.OPERATOR, "company.created", company)
        assert entry.detail == {"slug": "carla"}
        assert (event.seq, event.kind, event.subject_id) == (1, "company.created", company)

    async def test_without_its_key_there_is_no_company_either(self, database: Database, ring: KeyRing) -> None:
        with pytest.raises(Misconfigured, match="nowhere"):
            await create_company(database, broken_ring(), NEW, OPERATOR)
        assert await find_company(database, "carla") is None
        assert await all_companies(database) == []
        company = await create_company(database, ring, NEW, OPERATOR)
        assert await all_companies(database) == [company]

    async def test_a_slug_in_use_is_a_conflict_and_changes_nothing(
        self, database: Database, ring: KeyRing, ana: CompanyId
    ) -> None:
        with pytest.raises(Conflict, match="`ana`"):
            await create_company(database, ring, NewCompany(slug="ana", name="Outra"), OPERATOR)
        assert await all_companies(database) == [ana]
        async with database.tenant_session(ana) as session:
            assert (await own_company(session)).name == "Padaria da Ana"
            assert len(list(await session.scalars(select(CompanyKey)))) == 1
            assert len(list(await session.scalars(select(AuditEntry)))) == 1

    async def test_of_two_at_once_one_wins(self, database: Database, ring: KeyRing) -> None:
        both = (create_company(database, ring, NEW, OPERATOR) for _ in range(2))
        made = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(one).__name__ for one in made) == ["Conflict", "UUID"]
        assert len(await all_companies(database)) == 1

    async def test_a_bad_slug_is_malformed(self, database: Database, ring: KeyRing) -> None:
        for slug in BAD_SLUGS:
            with pytest.raises(Malformed) as refused:
                await create_company(database, ring, NewCompany(slug=slug, name="x"), OPERATOR)
            assert all("\n" not in words for words in refused.value.detail)
        assert await all_companies(database) == []

    async def test_a_good_slug_is_taken(self, database: Database, ring: KeyRing) -> None:
        for slug in ("a", "0", "a-b", "a" * 63, "x--y"):
            company = await create_company(database, ring, NewCompany(slug=slug, name="x"), OPERATOR)
            assert await find_company(database, slug) == company

    async def test_an_unknown_zone_is_malformed(self, database: Database, ring: KeyRing) -> None:
        for zone in BAD_ZONES:
            with pytest.raises(Malformed):
                await create_company(database, ring, NewCompany(slug="x", name="x", time_zone=zone), OPERATOR)
        assert await all_companies(database) == []

    @pytest.mark.parametrize("zone", ["America", "A" * 300])
    async def test_neither_a_folder_nor_a_long_name_is_a_zone(
        self, database: Database, ring: KeyRing, zone: str
    ) -> None:
        with pytest.raises(Malformed):
            await create_company(database, ring, NewCompany(slug="x", name="x", time_zone=zone), OPERATOR)


class TestFinding:
    async def test_a_company_is_found_by_its_slug(self, database: Database, ana: CompanyId, beto: CompanyId) -> None:
        assert await company_named(database, "ana") == ana
        assert await find_company(database, "beto") == beto
        assert sorted(await all_companies(database)) == sorted([ana, beto])

    async def test_an_unknown_one_is_named_with_the_remedy(self, database: Database, ana: CompanyId) -> None:
        for slug in ("none", "", "ANA", "%", "ana' OR 'a'='a"):
            assert await find_company(database, slug) is None
            with pytest.raises(NotFound, match="masteria company add"):
                await company_named(database, slug)
        assert await all_companies(database) == [ana]

    async def test_a_company_that_is_gone_is_not_found(self, database: Database) -> None:
        async with database.tenant_session(CompanyId(new_id())) as session:
            with pytest.raises(NotFound):
                await own_company(session)


class TestCreateApiKey:
    async def make(self, database: Database, company: CompanyId) -> str:
        async with database.tenant_session(company) as session:
            return await create_api_key(session, name="caixa", role=Role.AGENT, by=SYSTEM)

    async def make_and_fail(self, database: Database, company: CompanyId, made: list[str]) -> None:
        async with database.tenant_session(company) as session:
            made.append(await create_api_key(session, name="x", role=Role.OWNER, by=SYSTEM))
            raise LookupError

    async def test_it_opens_its_company_by_its_digest(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        keys = {await self.make(database, ana): ana, await self.make(database, beto): beto}
        for key, company in keys.items():
            async with database.crossing() as session:
                found = select(column("company", Uuid), column("api_key", Uuid)).select_from(
                    func.priv.find_api_key(digest_of(key))
                )
                row = (await session.execute(found)).one()
            assert row.company == company
            async with database.tenant_session(company) as session:
                assert (await session.get_one(ApiKey, (company, row.api_key))).role is Role.AGENT

    async def test_it_is_long_random_and_shows_its_prefix_only(self, database: Database, ana: CompanyId) -> None:
        keys = [await self.make(database, ana) for _ in range(3)]
        async with database.tenant_session(ana) as session:
            prefixes = list(await session.scalars(select(ApiKey.prefix)))
        assert len(set(keys)) == 3
        assert all(key.startswith(KEY_PREFIX) and len(key) >= 47 for key in keys)
        assert sorted(prefixes) == sorted(key[:12] for key in keys)

    async def test_only_its_digest_is_stored(
        self, database: Database, ana: CompanyId, servers: Servers, urls: Urls
    ) -> None:
        key = await self.make(database, ana)
        async with servers.superuser(urls) as superuser:
            tables = (
                "SELECT api_keys::text FROM api_keys",
                "SELECT api_key_index::text FROM api_key_index",
                "SELECT audit_log::text FROM audit_log",
                "SELECT domain_events::text FROM domain_events",
            )
            text = "".join([str(row[0]) for table in tables for row in await superuser.fetch(table)])
        assert hashlib.sha256(key.encode()).hexdigest() in text
        assert key not in text
        assert key[12:] not in text
        assert key.encode().hex() not in text

    async def test_it_is_in_the_audit_log_and_an_event(self, database: Database, ana: CompanyId) -> None:
        key = await self.make(database, ana)
        async with database.tenant_session(ana) as session:
            row = (await session.scalars(select(ApiKey))).one()
            entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "api_key.created"))).one()
            event = (await session.scalars(select(DomainEvent).where(DomainEvent.kind == "api_key.created"))).one()
        assert (entry.actor_kind, entry.subject_id) == (ActorKind.SYSTEM, row.id)
        assert entry.detail == {"role": "agent", "prefix": key[:12]}
        assert (event.seq, event.subject_id, event.payload) == (2, row.id, {})

    async def test_a_rolled_back_key_opens_nothing(self, database: Database, ana: CompanyId) -> None:
        made: list[str] = []
        with pytest.raises(LookupError):
            await self.make_and_fail(database, ana, made)
        async with database.crossing() as session:
            found = select(func.count()).select_from(func.priv.find_api_key(digest_of(made[0]), type_=LargeBinary))
            assert await session.scalar(found) == 0


class TestAddMember:
    async def add(self, database: Database, company: CompanyId, email: str, role: Role = Role.AGENT) -> Joined:
        async with database.tenant_session(company) as session:
            return await add_member(session, email=email, name="", role=role, by=OPERATOR)

    async def test_a_person_of_two_companies_is_one_person(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        first, second = await self.add(database, ana, "bia@x.com"), await self.add(database, beto, " BIA@x.com ")
        assert first.user == second.user
        assert first.membership != second.membership
        async with database.tenant_session(ana) as session:
            assert [row.user_id for row in await session.scalars(select(Membership))] == [first.user]

    async def test_joining_and_changing_are_on_record_and_events(self, database: Database, ana: CompanyId) -> None:
        joined = await self.add(database, ana, "bia@x.com")
        await self.add(database, ana, "bia@x.com")
        await self.add(database, ana, "bia@x.com", Role.ADMIN)
        async with database.tenant_session(ana) as session:
            entries = await session.scalars(select(AuditEntry).where(AuditEntry.subject_id == joined.user))
            events = await session.scalars(select(DomainEvent).where(DomainEvent.subject_id == joined.user))
            told = [(event.kind, event.payload) for event in events]
            assert [(entry.action, entry.detail) for entry in entries] == told
        assert told == [("member.added", {"role": "agent"}), ("member.changed", {"role": "admin"})]

    async def test_of_two_at_once_one_joins(self, database: Database, ana: CompanyId) -> None:
        both = await asyncio.gather(*(self.add(database, ana, "bia@x.com") for _ in range(2)))
        assert sorted(joined.is_new for joined in both) == [False, True]
        assert len({joined.membership for joined in both}) == 1

    @pytest.mark.parametrize(
        "email",
        [
            "",
            "bia",
            "bia@",
            "@x.com",
            "bia@x",
            "bia@@x.com",
            "b ia@x.com",
            "bia@x..com",
            ".bia@x.com",
            "bia@-x.com",
            "bia@x.com\n,caio@x.com",
            "bía@x.com",
            "bia\x00@x.com",
            "b" * 250 + "@x.com",
        ],
    )
    async def test_what_is_no_address_is_malformed(self, database: Database, ana: CompanyId, email: str) -> None:
        with pytest.raises(Malformed, match="Invalid e-mail"):
            await self.add(database, ana, email)

    async def test_an_unusual_address_is_taken(self, database: Database, ana: CompanyId) -> None:
        for email in ("o'neil+loja@sub.exemplo.com.br", "a.b_c-d@x1.io", "x@xn--caf-dma.com"):
            assert (await self.add(database, ana, email)).is_new
