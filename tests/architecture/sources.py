"""What the rules of this folder read: every source of ours with its syntax tree, and how they report an offence."""

import ast
import subprocess
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

Node = TypeVar("Node", bound=ast.AST)

ROOT: Final = Path(__file__).parents[2]


@cache
def pyproject() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


PACKAGES: Final[tuple[str, ...]] = tuple(pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, text: str, *, path: str = "graphs/planted.py") -> "Source":
        return cls(path, text, ast.parse(text))

    def at(self, line: int, what: str) -> str:
        return f"{self.path}:{line} {what}"


Rule = Callable[[Source], list[str]]


def sources(*folders: str) -> list[Source]:
    return [source for folder in folders for source in _sources_in(folder)]


@cache
def _sources_in(folder: str) -> tuple[Source, ...]:
    return tuple(
        Source.of(file.read_text(), path=file.relative_to(ROOT).as_posix())
        for file in sorted((ROOT / folder).rglob("*.py"))
        if file.name != "__init__.py"  # empty, see test_environment.py
    )


def offences(rule: Rule, *folders: str, exempt: Collection[str] = ()) -> list[str]:
    """In the packages, or in the folders named."""
    found = [rule(source) for source in sources(*(folders or PACKAGES)) if source.path not in exempt]
    return [offence for offences in found for offence in offences]


def idle(rule: Rule, exempt: Collection[str], *folders: str) -> list[str]:
    """Exemptions of files that are there and do not need one."""
    return [source.path for source in sources(*(folders or PACKAGES)) if source.path in exempt and not rule(source)]


def nodes(source: Source, kind: type[Node]) -> Iterator[Node]:
    return (node for node in _nodes_by_kind(source).get(kind, ()) if isinstance(node, kind))


@cache
def _nodes_by_kind(source: Source) -> Mapping[type[ast.AST], list[ast.AST]]:
    """Dozens of rules read the same trees, and each looks for a few kinds."""
    found: dict[type[ast.AST], list[ast.AST]] = {}
    for node in ast.walk(source.tree):
        found.setdefault(type(node), []).append(node)
    return found


def full_name(node: ast.expr, names: Mapping[str, str]) -> str:
    """`now` of `from datetime import datetime as d; d.now` is `datetime.datetime.now`."""
    head, *rest = ast.unparse(node).split(".")
    return ".".join([names.get(head, head), *rest])


def imported_names(source: Source) -> dict[str, str]:
    """What each imported name stands for."""
    whole = (alias for node in nodes(source, ast.Import) for alias in node.names if alias.asname)
    names = {alias.asname or alias.name: alias.name for alias in whole}
    for node in nodes(source, ast.ImportFrom):
        names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


@cache
def tracked_files() -> tuple[str, ...]:
    """Also those about to be tracked, but for what is deleted."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({name for name in names if name and (ROOT / name).is_file()}))
