"""What our code never does: each rule finds its offence in a planted line, and none in our packages."""

import ast
from typing import Final

from tests.architecture.sources import PACKAGES, Source, full_name, idle, imported_names, nodes, offences

# A commit that is not the end of a session's block.
COMMITS_BY_HAND: Final = {
    "core/migrations/env.py": "Alembic opens one transaction per migration only on a connection that has none open",
}
DEFERRED: Final = {
    "requirements/bootstrap.py": "runs on a bare Python, and asks whether the module is there",
    "agents/gateway/registry.py": "a table that names modules: an adapter is loaded on first use",
}
# Two more may come: the task decorator and the wrapper of the graph's nodes.
CATCH_ALL: Final = {
    "admin_api/terminal.py": "the end of a command: an error nobody foresaw is one line too, and whole with --debug",
    "admin_api/problems.py": "the error handler: a bug is answered too, and logged",
    "core/logging.py": "a line must not stop the work it tells of, whatever a foreign object does",
}
_BUILDERS: Final = frozenset(
    {"select", "insert", "update", "delete", "text", "func", "union", "union_all", "literal_column", "table"}
)


def commits(source: Source) -> list[str]:
    """A call without arguments: a draft of a file is committed to a path."""
    return [
        source.at(node.lineno, f"calls {node.func.attr}()")
        for node in nodes(source, ast.Call)
        if isinstance(node.func, ast.Attribute)
        if node.func.attr in {"commit", "rollback"} and not node.args and not source.path.startswith("core/db/")
    ]


def savepoints(source: Source) -> list[str]:
    found = [node for node in nodes(source, ast.Attribute) if node.attr == "begin_nested"]
    return [source.at(node.lineno, "opens a savepoint") for node in found]


def deferred_imports(source: Source) -> list[str]:
    names = imported_names(source)
    imports = {node.lineno for kind in (ast.Import, ast.ImportFrom) for node in nodes(source, kind)}
    outer = [node for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef) for node in nodes(source, kind)]
    inside = {line for line in imports if any(node.lineno <= line <= (node.end_lineno or 0) for node in outer)}
    by_name = {
        node.lineno
        for node in nodes(source, ast.Call)
        if full_name(node.func, names) in {"importlib.import_module", "__import__"}
    }
    return [source.at(line, "imports late") for line in sorted(inside | by_name)]


def broad_excepts(source: Source) -> list[str]:
    """One that ends by raising again catches nothing."""
    caught = [
        source.at(node.lineno, "catches everything")
        for node in nodes(source, ast.ExceptHandler)
        if _is_broad(node.type) and not _raises_again(node)
    ]
    suppressed = [
        source.at(node.lineno, "suppresses everything")
        for node in nodes(source, ast.Call)
        if any(_is_broad(argument) for argument in node.args) and ast.unparse(node.func).endswith("suppress")
    ]
    return caught + suppressed


def _is_broad(caught: ast.expr | None) -> bool:
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in kinds)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def prints(source: Source) -> list[str]:
    return [
        source.at(node.lineno, "prints")
        for node in nodes(source, ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "print"
    ]


def sql(source: Source) -> list[str]:
    """In a module that is not for it. Naming SQLAlchemy's errors is no SQL."""
    *folders, file = source.path.split("/")
    if folders[0] == "core" or file in {"store.py", "queries.py"} or "stores" in folders:
        return []
    whole = [node for node in nodes(source, ast.Import) if any(_is_sqlalchemy(alias.name) for alias in node.names)]
    parts = [
        node
        for node in nodes(source, ast.ImportFrom)
        if _is_sqlalchemy(node.module or "") and _BUILDERS & {alias.name for alias in node.names}
    ]
    return [source.at(node.lineno, "builds SQL") for node in (*whole, *parts)]


def _is_sqlalchemy(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] == "sqlalchemy"


class TestCommits:
    def test_only_the_end_of_a_session_commits(self) -> None:
        assert offences(commits, exempt=COMMITS_BY_HAND) == []
        assert idle(commits, COMMITS_BY_HAND) == []

    def test_a_planted_one_is_found(self) -> None:
        assert commits(Source.of("await session.commit()")) == ["graphs/planted.py:1 calls commit()"]
        assert commits(Source.of("self.session.rollback()")) == ["graphs/planted.py:1 calls rollback()"]

    def test_the_session_itself_and_a_file_may_commit(self) -> None:
        assert commits(Source.of("await migrator.commit()", path="core/db/migrate.py")) == []
        assert commits(Source.of("draft.commit(path)")) == []


class TestSavepoints:
    def test_no_session_is_rolled_back_in_part(self) -> None:
        """What a session keeps for its end would leave all the same."""
        assert offences(savepoints) == []

    def test_a_planted_one_is_found(self) -> None:
        assert savepoints(Source.of("async with session.begin_nested():\n    pass")) != []


class TestDeferredImports:
    def test_every_import_stands_at_the_top(self) -> None:
        assert offences(deferred_imports, *PACKAGES, "bench", "requirements", exempt=DEFERRED) == []
        assert idle(deferred_imports, DEFERRED, *PACKAGES, "requirements") == []

    def test_a_planted_one_is_found(self) -> None:
        assert deferred_imports(Source.of("def f():\n    from core import clock")) == [
            "graphs/planted.py:2 imports late"
        ]
        assert deferred_imports(Source.of("async def f():\n    if x:\n        import json")) != []
        assert deferred_imports(Source.of("class C:\n    import json")) != []

    def test_a_planted_one_by_name_is_found(self) -> None:
        assert deferred_imports(Source.of("import importlib\nimportlib.import_module(name)")) != []
        assert deferred_imports(Source.of("from importlib import import_module as load\nload(name)")) != []
        assert deferred_imports(Source.of("__import__(name)")) != []

    def test_an_import_for_the_type_checker_is_at_the_top(self) -> None:
        assert deferred_imports(Source.of("if TYPE_CHECKING:\n    import json")) == []


class TestBroadExcepts:
    def test_only_the_named_places_catch_everything(self) -> None:
        assert offences(broad_excepts, exempt=CATCH_ALL) == []
        assert idle(broad_excepts, CATCH_ALL) == []

    def test_a_planted_one_is_found(self) -> None:
        for caught in ("", " Exception", " BaseException as error", " (OSError, Exception)"):
            assert broad_excepts(Source.of(f"try:\n    f()\nexcept{caught}:\n    pass")) != []
        assert broad_excepts(Source.of("with suppress(Exception):\n    f()")) != []
        assert broad_excepts(Source.of("with contextlib.suppress(OSError, BaseException):\n    f()")) != []

    def test_one_that_names_its_errors_or_raises_again_is_fine(self) -> None:
        assert broad_excepts(Source.of("try:\n    f()\nexcept (OSError, ValueError):\n    pass")) == []
        assert broad_excepts(Source.of("try:\n    f()\nexcept BaseException:\n    undo()\n    raise")) == []
        assert broad_excepts(Source.of("with suppress(OSError):\n    f()")) == []

    def test_raising_something_else_still_catches_everything(self) -> None:
        assert broad_excepts(Source.of("try:\n    f()\nexcept Exception as e:\n    raise ValueError from e")) != []


class TestPrints:
    def test_only_benchmarks_print(self) -> None:
        assert offences(prints, *PACKAGES, "requirements") == []

    def test_a_planted_one_is_found(self) -> None:
        assert prints(Source.of("print('here')")) == ["graphs/planted.py:1 prints"]
        assert prints(Source.of("self.print(line)")) == []


class TestSql:
    def test_it_is_in_stores_queries_and_core(self) -> None:
        assert offences(sql) == []

    def test_a_planted_one_is_found(self) -> None:
        assert sql(Source.of("from sqlalchemy import select")) == ["graphs/planted.py:1 builds SQL"]
        assert sql(Source.of("from sqlalchemy import text as sql")) != []
        assert sql(Source.of("from sqlalchemy.dialects.postgresql import insert as upsert")) != []
        assert sql(Source.of("import sqlalchemy as sa")) != []

    def test_a_store_may_and_an_error_is_none(self) -> None:
        line = "from sqlalchemy import select"
        for path in ("graphs/store.py", "graphs/stores/leads.py", "admin_api/crm/queries.py", "core/vault.py"):
            assert sql(Source.of(line, path=path)) == []
        assert sql(Source.of("from sqlalchemy.exc import DBAPIError")) == []
