"""Who may open a transaction that belongs to no company: a closed list, with what each needs it for.

Row-level security shows such a transaction nothing; it can call the functions of `priv`, which return ids and numbers.
"""

import ast
from typing import Final

from tests.architecture.sources import PACKAGES, Rule, Source, nodes, offences, sources

CROSSING: Final = {
    "admin_api/staff/stores/bots.py": "claims bots of every company for this process",
    "admin_api/tenants/store.py": "finds a company by its slug and lists companies, before any one is chosen",
    "automation/store.py": "claims firings of the schedule, which belong to no company, and lists companies",
    "admin_api/webhooks/store.py": "keeps events of several companies in one transaction, asks whose an address is",
    "channels/stores/claims.py": "finds due sends of every company",
    "channels/stores/holds.py": "holds the sends of the whole installation, and says whether they are held",
    "channels/stores/media.py": "claims files to be fetched of every company",
    "channels/stores/unknowns.py": "finds lapsed and unconfirmed sends of every company",
    "graphs/store.py": "claims work of every company and counts what waits",
    "knowledge/stores/jobs.py": "finds readings that nobody carries on, of every company",
}
# Those that go past sessions to an engine, where no company is set either.
RAW: Final = {
    "core/servers/postgres.py": "sets the embedded server up as its superuser",
    "core/floor.py": "asks how old the server is before anything is opened on it",
    "admin_api/prepare.py": "migrates as the owner of the tables",
    "admin_api/commands/sandbox.py": "turns the clock of the business, which is everybody's",
    "admin_api/health.py": "asks for the revision, for /ready",
    "admin_api/commands/doctor.py": "asks for the server's age and time, and as the owner of the tables for drift",
    "admin_api/commands/db.py": "looks for drift as the owner of the tables",
}


def crossings(source: Source) -> list[str]:
    found = [node for node in nodes(source, ast.Attribute) if node.attr == "crossing"]
    return [source.at(node.lineno, "crosses companies") for node in found]


def raw_connections(source: Source) -> list[str]:
    """The engine of a database, or an engine of one's own."""
    if source.path.startswith("core/db/"):
        return []
    engines = [
        node.lineno
        for node in nodes(source, ast.Attribute)
        if node.attr == "engine" and ast.unparse(node.value).endswith("database")
    ]
    made = [
        node.lineno
        for node in nodes(source, ast.Call)
        if _last_name(node.func).endswith(_LAST_OF_MAKERS) and ast.unparse(node.func).endswith(_MAKERS)
    ]
    return [source.at(line, "connects past the session") for line in sorted(engines + made)]


def _last_name(called: ast.expr) -> str:
    """The quick half of `ast.unparse`."""
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


_MAKERS: Final = ("open_engine", "create_async_engine", "create_engine", "asyncpg.connect", "asyncpg.create_pool")
_LAST_OF_MAKERS: Final = tuple(name.rpartition(".")[2] for name in _MAKERS)


class TestCrossing:
    def test_only_the_listed_modules_cross_companies(self) -> None:
        assert offences(crossings, exempt=CROSSING) == []

    def test_every_listed_module_does(self) -> None:
        assert _offenders(crossings) == CROSSING.keys()

    def test_a_planted_one_is_found(self) -> None:
        planted = "async def f():\n    async with floor.database.crossing() as session:\n        pass"
        assert crossings(Source.of(planted)) == ["graphs/planted.py:2 crosses companies"]
        assert crossings(Source.of("open_it = database.crossing")) != []

    def test_a_session_of_a_company_is_none(self) -> None:
        assert crossings(Source.of("database.tenant_session(company)")) == []


class TestRawConnections:
    def test_only_the_listed_modules_go_past_sessions(self) -> None:
        assert offences(raw_connections, exempt=RAW) == []

    def test_every_listed_module_does(self) -> None:
        assert _offenders(raw_connections) == RAW.keys()

    def test_a_planted_one_is_found(self) -> None:
        assert raw_connections(Source.of("floor.database.engine.begin()")) != []
        assert raw_connections(Source.of("engine = open_engine(url, pool)")) != []
        assert raw_connections(Source.of("line = await asyncpg.connect(url)")) != []

    def test_the_database_layer_and_other_engines_may(self) -> None:
        assert raw_connections(Source.of("open_engine(url, pool)", path="core/db/sessions.py")) == []
        assert raw_connections(Source.of("from graphs.engine import Engine\nframe.engine.run()")) == []


def _offenders(rule: Rule) -> set[str]:
    return {source.path for source in sources(*PACKAGES) if rule(source)}
