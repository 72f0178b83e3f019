"""Every command, option, variable and version that the deployment files name is there."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from admin_api.cli import COMMANDS
from core.db import server
from core.settings import Settings
from tests.deploy.files import (
    COMPOSE,
    DOCKERFILE,
    MAKE_SECRETS,
    MANUAL,
    ROLES,
    ROOT,
    blocks,
    instructions,
    ours,
    services,
)
from tests.fixtures.helps import help_of

MASTERIA: Final = Path(sys.executable).with_name("masteria")

# Variables that others read: PostgreSQL's image and client, the metrics client, Compose itself, Python and its tools.
FOREIGN: Final = frozenset(
    {
        "CONTAINER_USER",
        "HOME",
        "IMAGE_TAG",
        "PATH",
        "PGCONNECT_TIMEOUT",
        "PGPASSWORD",
        "PIP_DISABLE_PIP_VERSION_CHECK",
        "PIP_NO_CACHE_DIR",
        "POSTGRES_INITDB_ARGS",
        "POSTGRES_PASSWORD_FILE",
        "PROMETHEUS_MULTIPROC_DIR",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONSAFEPATH",
        "PYTHONUNBUFFERED",
        "UV_LINK_MODE",
        "UV_NO_CACHE",
        "UV_PYTHON_DOWNLOADS",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    where: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(self.words)}"


def calls_of_compose() -> Iterator[Call]:
    for name, service in ours().items():
        yield Call(where=f"compose {name}", words=tuple(service["command"]))
    for name, service in services().items():
        kind, *words = service.get("healthcheck", {}).get("test", ["NONE"])
        if kind == "CMD" and words[0] == "masteria":
            yield Call(where=f"compose {name} health", words=tuple(words[1:]))


def calls_of_manual() -> Iterator[Call]:
    """In code: `masteria …`, and what `docker compose run SERVICE` gives to our entry point."""
    code = [*blocks("sh"), *re.findall(r"`([^`\n]+)`", MANUAL.read_text())]
    for text in code:
        for line in text.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|exec \w+ )masteria ([a-z].*)", line)
            run = re.search(r"docker compose run --rm (\w+) (.+)", line)
            if found:
                yield Call(where="manual", words=tuple(found[1].split()))
            if run:
                assert run[1] in ours()
                yield Call(where="manual", words=tuple(run[2].split()))


CALLS: Final = tuple(dict.fromkeys([*calls_of_compose(), *calls_of_manual()]))


class TestCommands:
    def test_enough_is_found_to_be_worth_checking(self) -> None:
        named = {call.words[0] for call in CALLS}
        assert named >= {"api", "engine", "worker", "beat", "db", "health", "doctor", "token", "keys", "company"}

    @pytest.mark.parametrize("call", CALLS, ids=str)
    def test_a_command_that_is_named_exists_with_its_options(self, call: Call) -> None:
        name, *rest = call.words
        assert name in COMMANDS
        # A command of several words may keep the options in the help of the second.
        shown = help_of(name)
        assert shown.code == 0, shown.err
        deeper = help_of(name, rest[0]) if rest and not rest[0].startswith("-") else shown
        assert deeper.code == 0, deeper.err
        known = set(re.findall(r"--?[\w-]+|\w+", shown.out + deeper.out))
        assert {word for word in rest if word.startswith("--")} <= known
        if rest and not rest[0].startswith("-"):
            assert rest[0] in known

    def test_every_service_that_the_manual_names_exists(self) -> None:
        text = "\n".join(blocks("sh"))
        named = set(re.findall(r"docker compose (?:exec|run)(?: -T| --rm)* (\w+)", text))
        named |= set(re.findall(r"--scale (\w+)=", MANUAL.read_text() + COMPOSE.read_text()))
        assert named
        assert named <= set(services())

    def test_every_file_that_the_manual_names_exists(self) -> None:
        named = set(re.findall(r"`?(docker(?:-compose\.yml|/[\w./-]+))", MANUAL.read_text()))
        assert named
        assert all((ROOT / name).exists() for name in named)
        assert "/docker-entrypoint-initdb.d/roles.sh" in "".join(services()["postgres"]["volumes"])


def variables() -> set[str]:
    """Names in the text that can only be variables, and names in the places where variables are set."""
    manual = re.sub(r"```sql\n.*?```", "", MANUAL.read_text(), flags=re.DOTALL)
    written = f"{COMPOSE.read_text()}\n{DOCKERFILE.read_text()}\n{manual}"
    named = set(re.findall(r"(?<![\w-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])", written))
    named |= {name for service in services().values() for name in service.get("environment", {})}
    named |= set(re.findall(r"(?:\$\{|(?<![\w-]))([A-Z][A-Z0-9_]*)(?=[=:}])", COMPOSE.read_text()))
    for line in instructions():
        if line.name == "ENV":
            named |= set(re.findall(r"(\w+)=", line.value))
    return named


class TestVariables:
    def test_every_variable_is_a_setting_or_is_known_to_be_foreign(self) -> None:
        settings = {name.upper() for name in Settings.model_fields}
        assert variables() - settings - FOREIGN == set()

    def test_every_foreign_variable_is_in_use(self) -> None:
        assert FOREIGN - variables() == set()


class TestVersions:
    def test_the_manual_names_the_versions_below_which_a_process_refuses(self) -> None:
        lowest = [f"{major}.{minor}" for major, minor in server._LOWEST_MINOR.items()]
        vector = ".".join(map(str, server._LOWEST_VECTOR))
        wanted = f"PostgreSQL {', '.join(lowest[:-1])} or {lowest[-1]}, pgvector {vector}"
        assert wanted in MANUAL.read_text()


class TestText:
    @pytest.mark.parametrize("script", [MAKE_SECRETS, ROLES], ids=lambda path: path.name)
    def test_a_script_is_executable_and_plain_shell(self, script: Path) -> None:
        assert script.stat().st_mode & 0o111
        assert script.read_text().startswith("#!/bin/sh\n")
        for shell in ("sh", "bash"):
            subprocess.run([shell, "-n", str(script)], check=True)

    def test_an_upgrade_ends_with_a_check(self) -> None:
        (upgrade,) = [block for block in blocks("sh") if "git pull" in block]
        assert upgrade.splitlines()[-1].endswith("migrate db check")
