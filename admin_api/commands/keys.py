"""`masteria keys`: rotate what protects the stored secrets, list what each key protects, forget the rest."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from admin_api.commands.home_option import add_home
from admin_api.commands.places import settings_here
from admin_api.tenants.store import all_companies
from admin_api.terminal import Parser, launch, progress, say, text, write, write_json
from core.crypto import InstallationKey, KeyRing, change_key_file
from core.db.sessions import Database, Pool
from core.errors import Misconfigured
from core.home import Home
from core.settings import Settings
from core.spool_report import spool_keys_in_use
from core.vault import installation_keys_in_use, rotate_company


@dataclass(frozen=True, slots=True)
class Keyroom:
    """The keys of the installation, and where they are kept when they are ours to keep."""

    database: Database
    ring: KeyRing
    file: Path | None
    spool: Path


def main(arguments: Sequence[str]) -> int:
    about = text(
        "rotate: chave nova para a instalação e para cada empresa, e tudo cifrado de novo, sem parar nada; pode ser "
        "interrompido e repetido. list: o que cada chave protege. forget: apaga do arquivo as que não protegem nada.",
        "rotate: a new key for the installation and for each company, everything sealed anew, with nothing stopped; it "
        "can be interrupted and run again. list: what each key protects. forget: drop the keys that protect nothing.",
    )
    parser = Parser(prog="masteria keys", description=about)
    parser.add_argument("what", choices=sorted(_ACTIONS), help=text("o que fazer", "what to do"))
    add_home(parser)
    parser.add_argument("--json", action="store_true", help=text("em JSON", "as JSON"))
    options = parser.parse_args(arguments)
    return asyncio.run(_run(settings_here(options), options.what, as_json=options.json))


async def _run(settings: Settings, what: str, *, as_json: bool) -> int:
    file = Home(settings.masteria_home).keys_file
    ring = KeyRing.load(settings, file)
    database = Database(settings.require("DATABASE_URL"), Pool(size=2))
    try:
        await database.check()
        kept_in = None if settings.masteria_secret_keys is not None else file
        room = Keyroom(database, ring, kept_in, settings.masteria_home / "spool")
        report = await _ACTIONS[what](room)
    finally:
        await database.close()
    if as_json:
        write_json(report)
    else:
        _show(what, report)
    return 0


Report = dict[str, int]


async def _rotate(room: Keyroom) -> Report:
    """The new key is in the file before anything is wrapped with it: a kill at any point leaves all readable."""
    if room.file is not None:
        change_key_file(room.file, lambda keys: (InstallationKey.new(), *keys))
    companies = await all_companies(room.database)
    secrets = 0
    for company in progress(companies, text("empresas", "companies")):
        secrets += await rotate_company(room.database, room.ring, company)
    return {"companies": len(companies), "secrets": secrets}


async def _list(room: Keyroom) -> Report:
    used: Counter[str] = Counter(dict.fromkeys(room.ring.names, 0))
    for company in await all_companies(room.database):
        async with room.database.tenant_session(company) as session:
            used.update(await installation_keys_in_use(session))
    used.update(await asyncio.to_thread(_used_by_spool, room.spool))
    return dict(used)


def _used_by_spool(folder: Path) -> Counter[str]:
    """What waits there opens with its own key alone: one that is forgotten takes the events along."""
    try:
        return spool_keys_in_use(folder)
    except OSError as error:
        raise Misconfigured(
            f"Não consegui ver que chaves o spool em {folder} usa ({error.strerror}): rode como o dono da pasta.",
            f"Could not see which keys the spool in {folder} uses ({error.strerror}): run as the folder's owner.",
        ) from error


async def _forget(room: Keyroom) -> Report:
    """Never the current key, nor one that still wraps anything or that an event on disk waits for."""
    if room.file is None:
        raise Misconfigured(
            "As chaves vêm de MASTERIA_SECRET_KEYS: tire de lá as que `masteria keys list` mostra com 0.",
            "The keys come from MASTERIA_SECRET_KEYS: take out those that `masteria keys list` shows with 0.",
        )
    used = await _list(room)
    before = len(room.ring.keys)
    # A key that came after we counted is not among the counted ones, and stays.
    change_key_file(room.file, lambda keys: tuple(key for key in keys if used.get(key.name) != 0 or key == keys[0]))
    room.ring.reload()
    return {"kept": len(room.ring.keys), "forgotten": before - len(room.ring.keys)}


def _show(what: str, report: Report) -> None:
    if what == "list":
        for name, count in report.items():
            write(
                f"{name:<34} {count:>6} "
                + text("chaves de empresas e eventos em disco", "company keys and events on disk")
            )
    elif what == "forget":
        say(
            f"{report['forgotten']} chaves apagadas, {report['kept']} mantidas.",
            f"{report['forgotten']} keys dropped, {report['kept']} kept.",
        )
    else:
        say(
            f"Pronto. Empresas: {report['companies']}; segredos cifrados de novo: {report['secrets']}. "
            "As chaves antigas continuam valendo: veja `masteria keys list` e apague-as com `masteria keys forget`.",
            f"Done. Companies: {report['companies']}; secrets sealed anew: {report['secrets']}. "
            "Old keys stay valid: see `masteria keys list`, and drop them with `masteria keys forget`.",
        )


_ACTIONS: Final[dict[str, Callable[[Keyroom], Awaitable[Report]]]] = {
    "rotate": _rotate,
    "list": _list,
    "forget": _forget,
}


if __name__ == "__main__":
    launch(main)
