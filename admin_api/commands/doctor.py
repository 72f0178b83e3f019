"""`masteria doctor`: look at everything an installation stands on, and say what to do."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy.exc import DBAPIError

from admin_api.commands import doctor_staff
from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.staff.stores import desk_told
from admin_api.tenants.store import all_companies
from admin_api.terminal import Parser, launch, text, write, write_json
from core import valkey
from core.crypto import KeyRing
from core.db import migrate
from core.db.server import server_time, server_too_old
from core.db.sessions import Database, Pool, first_line, open_engine
from core.errors import AppError
from core.home import Home
from core.ids import CompanyId, new_id
from core.objects import Label, ObjectKey
from core.settings import Settings
from core.spool_report import spool_status
from core.storage import open_storage
from core.texts import Text, language_of_terminal
from core.vault import Shredded, open_vault
from graphs.store import queue_depths

_ENOUGH_DISK: Final = 0.2
_MOST_SKEW: Final = timedelta(seconds=2)
_MOST_LAG_SECONDS: Final = 60
_KEY_AGE: Final = timedelta(days=365)


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    what: Text


@dataclass(frozen=True, slots=True)
class Patient:
    settings: Settings
    database: Database


def main(arguments: Sequence[str]) -> int:
    about = text(
        "Confere configuração, disco, banco, fila, chaves e relógio, e diz o que fazer. Sai com 1 se algo está errado.",
        "Check configuration, disk, database, queue, keys and clock, and say what to do. Exit 1 if something is wrong.",
    )
    parser = Parser(prog="masteria doctor", description=about)
    add_home(parser)
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    findings = asyncio.run(_examine(settings_here(options)))
    language = language_of_terminal()
    if options.json:
        write_json([{"level": finding.level, "what": finding.what.in_(language)} for finding in findings])
    else:
        marks = {Level.OK: "✓", Level.WARN: "!", Level.BAD: "✗"}
        write("\n".join(f"{marks[finding.level]} {finding.what.in_(language)}" for finding in findings))
    return 1 if any(finding.level is Level.BAD for finding in findings) else 0


async def _examine(settings: Settings) -> list[Finding]:
    """All at once: a database that says nothing is waited for once, and not by each check in turn."""
    patient = Patient(settings, Database(settings.require("DATABASE_URL"), Pool(size=len(_CHECKS))))
    try:
        found = await asyncio.gather(*(_look(check, patient) for check in _CHECKS))
        return [finding for findings in found for finding in findings]
    finally:
        await patient.database.close()


async def _look(check: "Check", patient: Patient) -> list[Finding]:
    """A check that cannot be made is itself a finding."""
    try:
        return await check(patient)
    except AppError as error:
        return [Finding(Level.BAD, error.detail)]
    except (OSError, DBAPIError) as error:
        reason = first_line(error)
        return [Finding(Level.BAD, Text(f"Não consegui conferir: {reason}", f"Could not check: {reason}"))]


async def _disk(patient: Patient) -> list[Finding]:
    folder = Home(patient.settings.masteria_home).folder
    usage = shutil.disk_usage(folder if folder.exists() else "/")
    free = usage.free / usage.total
    if free < _ENOUGH_DISK:
        return [
            _warn(
                f"Só {free:.0%} do disco livre em {folder}: libere espaço.",
                f"Only {free:.0%} of the disk is free in {folder}: free some space.",
            )
        ]
    return [_ok(f"Disco: {free:.0%} livre em {folder}.", f"Disk: {free:.0%} free in {folder}.")]


async def _database(patient: Patient) -> list[Finding]:
    await patient.database.check()
    async with patient.database.engine.connect() as connection:
        old = await server_too_old(connection)
    findings = [
        _ok(
            "PostgreSQL responde, com um papel que não vê além da sua empresa.",
            "PostgreSQL answers, with a role that sees its own company alone.",
        )
    ]
    if old is not None:
        findings.append(_old_embedded(old) if patient.settings.masteria_embedded else _old(old))
    return findings


def _old(what: str) -> Finding:
    return _warn(f"{what}: atualize o servidor.", f"{what}: update the server.")


def _old_embedded(what: str) -> Finding:
    """Its update comes in a package of ours, so whoever reads this has one choice only."""
    return _warn(
        f"{what}: o servidor embutido espera uma atualização nossa; em produção, use um PostgreSQL seu (DATABASE_URL).",
        f"{what}: the embedded server awaits an update of ours; in production, use your own (DATABASE_URL).",
    )


async def _migrations(patient: Patient) -> list[Finding]:
    if patient.settings.database_migrate_url is None:
        return [
            _warn(
                "Sem DATABASE_MIGRATE_URL não confiro as migrações.",
                "Without DATABASE_MIGRATE_URL migrations are not checked.",
            )
        ]
    engine = open_engine(patient.settings.require("DATABASE_MIGRATE_URL"), Pool(size=1))
    async with engine.connect() as connection:
        drift = await migrate.find_drift(connection)
    await engine.dispose()
    if drift:
        return [Finding(Level.BAD, Text(line, line)) for line in drift]
    return [
        _ok(
            "O banco corresponde a esta versão, com isolamento em todas as tabelas.",
            "The database matches this release, with every table isolated.",
        )
    ]


async def _valkey(patient: Patient) -> list[Finding]:
    client = valkey.open_valkey(patient.settings.require("REDIS_URL"))
    try:
        await valkey.check(client)
    finally:
        await client.aclose()
    return [_ok("Valkey responde.", "Valkey answers.")]


async def _keys(patient: Patient) -> list[Finding]:
    ring = KeyRing.load(patient.settings, Home(patient.settings.masteria_home).keys_file)
    companies = await all_companies(patient.database)
    oldest = [age for company in companies if (age := await _age_of_keys(patient.database, ring, company)) is not None]
    if oldest and max(oldest) > _KEY_AGE:
        days = max(oldest).days
        return [
            _warn(
                f"Há chaves com {days} dias: rode `masteria keys rotate`.",
                f"Keys are {days} days old: run `masteria keys rotate`.",
            )
        ]
    return [
        _ok(
            f"As chaves de todas as empresas abrem ({len(companies)}).",
            f"The keys of all companies open ({len(companies)}).",
        )
    ]


async def _age_of_keys(database: Database, ring: KeyRing, company: CompanyId) -> timedelta | None:
    async with database.tenant_session(company) as session:
        try:
            vault = await open_vault(session, ring)
        except Shredded:
            return None
    milliseconds = vault.keys[0].id.int >> 80  # a UUIDv7 begins with the time it was made
    return datetime.now(UTC) - datetime.fromtimestamp(milliseconds / 1000, UTC)


async def _queues(patient: Patient) -> list[Finding]:
    late = [depth for depth in await queue_depths(patient.database) if depth.oldest_seconds > _MOST_LAG_SECONDS]
    if late:
        names = ", ".join(f"{depth.queue} ({depth.oldest_seconds:.0f} s)" for depth in late)
        return [
            _bad(
                f"Filas atrasadas: {names}. O engine está no ar? Veja `masteria status`.",
                f"Queues lag: {names}. Is the engine up? See `masteria status`.",
            )
        ]
    return [_ok("Nenhuma fila atrasada.", "No queue lags.")]


async def _handoffs(patient: Patient) -> list[Finding]:
    """Customers to whom a person was promised, and of whom no person knows."""
    untold = 0
    for company in await all_companies(patient.database):
        async with patient.database.tenant_session(company) as session:
            untold += await desk_told.count_untold(session)
    if untold:
        return [
            _warn(
                f"{untold} cliente(s) esperam uma pessoa e ninguém da equipe foi avisado: confira o grupo da equipe "
                "(`masteria staff status`) ou atenda pela API.",
                f"{untold} customer(s) wait for a person, and nobody of the staff was told: look after the staff group "
                "(`masteria staff status`), or use the API.",
            )
        ]
    return [_ok("Ninguém espera sem que a equipe saiba.", "Nobody waits without the staff knowing.")]


async def _staff(patient: Patient) -> list[Finding]:
    found = await doctor_staff.troubles(patient.database)
    usual = [_ok("O grupo da equipe está em ordem, onde há um.", "The staff group is in order, where there is one.")]
    return [Finding(Level.BAD, line) for line in found] or usual


async def _spool(patient: Patient) -> list[Finding]:
    folder = patient.settings.masteria_home / "spool"
    spool = await asyncio.to_thread(spool_status, folder)
    if spool.damaged:
        return [
            _bad(
                f"{spool.damaged} registros de eventos não abrem ou foram recusados, em {folder / 'damaged'}: devolva "
                "às chaves a que falta (`masteria keys list` a mostra) e reinicie a api, que os tenta de novo.",
                f"{spool.damaged} event records do not open or were refused, in {folder / 'damaged'}: put the missing "
                "key back (`masteria keys list` shows it) and restart the api, which tries them again.",
            )
        ]
    if spool.depth and spool.oldest_seconds > _MOST_LAG_SECONDS:
        return [
            _bad(
                f"{spool.depth} registros de eventos esperam em disco há {spool.oldest_seconds:.0f} s: a api está no "
                "ar, e o PostgreSQL aceita gravações?",
                f"{spool.depth} event records wait on disk since {spool.oldest_seconds:.0f} s: is the api up, and does "
                "PostgreSQL take writes?",
            )
        ]
    return [_ok(f"Eventos em disco: {spool.depth}.", f"Events on disk: {spool.depth}.")]


async def _clock(patient: Patient) -> list[Finding]:
    async with patient.database.engine.connect() as connection:
        asked = datetime.now(UTC)
        told = await server_time(connection)
    skew = max(asked - told, told - datetime.now(UTC))
    if skew > _MOST_SKEW:
        seconds = skew.total_seconds()
        return [
            _bad(
                f"O relógio difere {seconds:.1f} s do banco: acerte-o (NTP).",
                f"The clock differs by {seconds:.1f} s from the database's: set it (NTP).",
            )
        ]
    return [_ok("O relógio concorda com o do banco.", "The clock agrees with the database's.")]


async def _storage(patient: Patient) -> list[Finding]:
    storage = open_storage(patient.settings.storage_url)
    key = ObjectKey(company=CompanyId(new_id()), kind="doctor", name="probe.txt")
    await storage.put(key, b"ok", label=Label(content_type="text/plain"))
    await storage.delete(key)
    return [_ok("O armazenamento de arquivos grava e apaga.", "Object storage writes and deletes.")]


def _ok(pt: str, en: str) -> Finding:
    return Finding(Level.OK, Text(pt, en))


def _warn(pt: str, en: str) -> Finding:
    return Finding(Level.WARN, Text(pt, en))


def _bad(pt: str, en: str) -> Finding:
    return Finding(Level.BAD, Text(pt, en))


Check = Callable[[Patient], Awaitable[list[Finding]]]

_CHECKS: Final[tuple[Check, ...]] = (
    _disk,
    _database,
    _migrations,
    _valkey,
    _keys,
    _queues,
    _handoffs,
    _staff,
    _spool,
    _clock,
    _storage,
)


if __name__ == "__main__":
    launch(main)
