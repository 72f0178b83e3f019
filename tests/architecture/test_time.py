"""Whose clock a line reads: business time is core.clock and app_now(), leases live on the database's own."""

import ast
import re
from collections.abc import Mapping
from typing import Final

from core.models.tables import METADATA
from tests.architecture.sources import PACKAGES, ROOT, Source, full_name, idle, imported_names, nodes, offences

OWN_CLOCK: Final = {
    "core/clock.py": "is where business time comes from",
    "core/ids.py": "an id sorts by the time of its making, which a rehearsal must not turn",
    "admin_api/programs.py": "since when a process runs, for `masteria status`",
    "admin_api/supervisor.py": "since when the supervisor runs, for `masteria status`",
    "admin_api/commands/status.py": "how long a process has run by the books of those two",
    "sandbox/clock.py": "the simulated providers' own clock, and the stamps of their ledger",
    "admin_api/commands/doctor.py": "how wrong this machine's clock is, and how old an id that it made",
}
# Statements that are about the database's clock itself.
ABOUT_THE_CLOCK: Final = {
    "RETURN now() + (SELECT shift FROM public.clock_shift);": "app_now() itself",
    "date_trunc('minute', now())": "the minutes in which the inbox was open are the world's",
    '"SELECT clock_timestamp()"': "the doctor compares it with this machine's",
}
# Columns on the database's own clock: leases, and the books that processes keep about themselves.
LEASE_COLUMNS: Final = frozenset(
    {
        *("lease_until", "claimed_at", "done_at", "updated_at", "started_at"),
        *("retry_at", "next_at", "unknown_since", "open_until", "paced_until", "held_at", "heard_at"),
    }
)
DEFAULTS_TO_NOW: Final = frozenset(
    {
        ("schedule_ledger", "claimed_at"),
        ("event_progress", "updated_at"),
        ("outbound_attempts", "started_at"),
        ("media_files", "next_at"),
        ("send_breakers", "updated_at"),
        ("send_hold", "held_at"),
    }
)

_WALL_CLOCKS: Final = frozenset(
    {
        *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
        "datetime.date.today",
        *(f"time.{name}" for name in ("time", "time_ns", "gmtime", "localtime", "ctime")),
    }
)
_LAST_NAMES: Final = frozenset(name.rpartition(".")[2] for name in _WALL_CLOCKS)
_BARE_NOW: Final = re.compile(
    r"(?<!\w)(?:(?:now|(?:clock|statement|transaction)_timestamp)\(\)|current_(?:timestamp|date|time)\b|localtime)",
    re.IGNORECASE,
)
_MOMENT: Final = re.compile(r"\b\w+_(?:at|until|since|before|after|on)\b")


def wall_clocks(source: Source) -> list[str]:
    """Also one that is only named, such as a default factory."""
    names = imported_names(source)
    named: list[ast.Attribute | ast.Name] = [*nodes(source, ast.Attribute), *nodes(source, ast.Name)]
    return [
        source.at(node.lineno, f"reads {ast.unparse(node)}")
        for node in named
        if _last_name(node, names) in _LAST_NAMES and full_name(node, names) in _WALL_CLOCKS
    ]


def _last_name(node: ast.Attribute | ast.Name, names: Mapping[str, str]) -> str:
    """The quick half of `full_name`."""
    return node.attr if isinstance(node, ast.Attribute) else names.get(node.id, node.id).rpartition(".")[2]


def bare_nows(line: str) -> list[str]:
    """Each in this line of SQL whose nearest moment before it is no lease's."""
    if any(statement in line for statement in ABOUT_THE_CLOCK):
        return []
    found = []
    for now in _BARE_NOW.finditer(line):
        moments = _MOMENT.findall(line[: now.start()])
        if not moments or moments[-1] not in LEASE_COLUMNS:
            found.append(f"{now[0]} of {moments[-1] if moments else 'nothing'}")
    return found


def bare_nows_of_sql(path: str, text: str) -> list[str]:
    lines = enumerate((line.partition("--")[0] for line in text.splitlines()), start=1)
    return [f"{path}:{number} {found}" for number, line in lines for found in bare_nows(line)]


def bare_nows_of_python(source: Source) -> list[str]:
    """In the lines that hold a text which is no docstring, or a call of `func`."""
    spoken = {id(node.value) for node in nodes(source, ast.Expr)}
    numbers = {
        number
        for node in (*nodes(source, ast.Constant), *nodes(source, ast.Attribute))
        if _may_be_sql(node) and id(node) not in spoken
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = source.text.splitlines()
    return [source.at(number, found) for number in sorted(numbers) for found in bare_nows(lines[number - 1])]


def _may_be_sql(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return _BARE_NOW.search(text) is not None
        case ast.Attribute(value=ast.Name(id="func"), attr=name):
            return _BARE_NOW.fullmatch(f"{name}()") is not None or _BARE_NOW.fullmatch(name) is not None
    return False


class TestPython:
    def test_business_time_comes_from_the_clock(self) -> None:
        assert offences(wall_clocks, exempt=OWN_CLOCK) == []
        assert idle(wall_clocks, OWN_CLOCK) == []

    def test_a_planted_clock_is_found(self) -> None:
        assert wall_clocks(Source.of("from datetime import datetime, UTC\ndatetime.now(UTC)")) != []
        assert wall_clocks(Source.of("import datetime as d\nd.datetime.utcnow()")) != []
        assert wall_clocks(Source.of("from datetime import date\ndate.today()")) != []
        assert wall_clocks(Source.of("import time\nfield(default_factory=time.time)")) != []
        assert wall_clocks(Source.of("from time import time_ns as stamp\nstamp()")) != []

    def test_the_monotonic_clock_and_ours_are_fine(self) -> None:
        assert wall_clocks(Source.of("import time\ntime.monotonic() + time.perf_counter()")) == []
        assert wall_clocks(Source.of("from core import clock\nclock.now()")) == []
        assert wall_clocks(Source.of("from core.clock import now\nnow()")) == []


class TestSql:
    def test_only_leases_use_the_clock_of_the_database(self) -> None:
        files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.sql"))]
        of_sql = [found for file in files for found in bare_nows_of_sql(str(file.relative_to(ROOT)), file.read_text())]
        assert files
        assert of_sql + offences(bare_nows_of_python) == []

    def test_a_planted_one_is_found_in_sql(self) -> None:
        for line in (
            "AND t.due_at <= now()",
            "SELECT now()",
            "SET ended_at = CURRENT_TIMESTAMP",
            "created_at date DEFAULT now()",
        ):
            assert len(bare_nows_of_sql("core/migrations/versions/0002.sql", line)) == 1

    def test_a_lease_beside_it_excuses_nothing(self) -> None:
        line = "WHERE lease_until < now() AND t.due_at <= now()"
        assert bare_nows_of_sql("0002.sql", line) == ["0002.sql:1 now() of due_at"]

    def test_a_planted_one_is_found_in_python(self) -> None:
        assert bare_nows_of_python(Source.of('text("""\nSELECT id FROM turns\nWHERE due_at <= now()""")')) != []
        assert bare_nows_of_python(Source.of("select(Turn).where(Turn.due_at <= func.now())")) != []
        assert bare_nows_of_python(Source.of("due_at = column(server_default=func.current_timestamp())")) != []

    def test_asking_for_more_than_the_time_is_not_about_the_clock(self) -> None:
        assert bare_nows('text("SELECT clock_timestamp() < due_at")') != []
        assert bare_nows('text("SELECT clock_timestamp()")') == []

    def test_leases_business_time_and_prose_are_fine(self) -> None:
        assert bare_nows("SET lease_until = now() + lease") == []
        assert bare_nows("WHERE due_at <= public.app_now()") == []
        assert bare_nows_of_sql("0002.sql", "-- what now() means") == []
        assert bare_nows_of_python(Source.of('"""`now()` is not for us."""\nclock.now()')) == []

    def test_only_the_listed_columns_default_to_it(self) -> None:
        """By table: `updated_at` of a contact is business time. `masteria db check` holds the migrations to this."""
        defaults = {
            (table.name, column.name): str(getattr(column.server_default, "arg", ""))
            for table in METADATA.tables.values()
            for column in table.columns
        }
        assert {where for where, default in defaults.items() if bare_nows(default)} == DEFAULTS_TO_NOW
