"""What Python finds is what the repository says: our packages, the locks, and nothing that runs by itself."""

import json
import os
import re
import site
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import PACKAGES, ROOT, pyproject

FOLDERS: Final = (*PACKAGES, "tests", "bench")
# A .pth file runs code at the start of every Python; see the LiteLLM incident in docs/decisions/0009-dependencies.md.
PTH_FILES: Final = {
    "_master_ia_oficial.pth": "the folder of this repository, where Python finds our packages",
    "a1_coverage.pth": "coverage of child processes, where its variable is set",
    "distutils-precedence.pth": "setuptools' own distutils",
}
LOCKS: Final = ("all", "base", "api", "model", "staff", "embedded", "build")
_FIND: Final = """
import importlib.util, json, sys
found = {name: importlib.util.find_spec(name) for name in sys.argv[1:]}
print(json.dumps({name: spec.origin if spec else None for name, spec in found.items()}))
"""
_PINNED: Final = re.compile(
    r"(?P<name>[\w.-]+)==(?P<version>[\w.!+]+)(?: ; [^\n]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+"
)
_ADDRESS: Final = re.compile(r"://|--(?:extra-)?index-url|--find-links|\s@\s|^-", re.MULTILINE)


def strays(folder: Path, *, path: str = "") -> list[str]:
    """Our packages that another Python, started in that folder, finds elsewhere than in the repository."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYTHONPATH": path} if path else {}
    command = [sys.executable, "-c", _FIND, *FOLDERS]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    expected = {name: (ROOT / name / "__init__.py").resolve() for name in FOLDERS}
    found: dict[str, str | None] = json.loads(run.stdout)
    return [name for name, origin in found.items() if origin is None or Path(origin).resolve() != expected[name]]


def unlisted_pth_files(folders: Iterable[str]) -> list[Path]:
    return [file for folder in folders for file in sorted(Path(folder).glob("*.pth")) if file.name not in PTH_FILES]


def addresses(lock: str) -> list[str]:
    """Where packages come from is the business of the machine that installs them."""
    return [line for line in lock.splitlines() if _ADDRESS.search(line)]


def unpinned(lock: str) -> list[str]:
    """What is left when every `name==version` with its hashes is taken away."""
    return [line for line in _PINNED.sub("", lock).splitlines() if line.strip() and not line.startswith("#")]


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(pin["name"]): pin["version"] for pin in _PINNED.finditer(lock)}


def unlocked(wanted: Iterable[str], locked: dict[str, str]) -> list[str]:
    """Direct dependencies that a lock lacks or holds at a version they refuse."""
    requirements = [Requirement(line) for line in wanted]
    return [
        str(requirement)
        for requirement in requirements
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"), prereleases=True)
        or canonicalize_name(requirement.name) not in locked
    ]


def read_lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.lock").read_text()


class TestPackages:
    def test_each_is_found_in_the_repository_from_anywhere(self, tmp_path: Path) -> None:
        assert strays(tmp_path) == []

    def test_a_planted_namesake_is_noticed(self, tmp_path: Path) -> None:
        (tmp_path / "agents").mkdir()
        (tmp_path / "agents" / "__init__.py").touch()
        assert strays(ROOT, path=str(tmp_path)) == []  # the working folder goes first
        assert strays(tmp_path) == ["agents"]

    def test_every_init_file_is_empty(self) -> None:
        files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("__init__.py")]
        assert [str(file) for file in files if file.read_bytes()] == []

    def test_every_folder_with_code_is_a_package(self) -> None:
        folders = {file.parent for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")}
        assert sorted(str(folder) for folder in folders if not (folder / "__init__.py").exists()) == []

    def test_every_folder_of_tests_is_a_package(self) -> None:
        folders = [folder for folder in (ROOT / "tests").rglob("*") if folder.is_dir() and folder.name != "__pycache__"]
        assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


class TestPthFiles:
    def test_the_environment_has_only_listed_ones(self) -> None:
        assert unlisted_pth_files([*site.getsitepackages(), site.getusersitepackages()]) == []

    def test_a_planted_one_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "_master_ia_oficial.pth").touch()
        (tmp_path / "litellm_init.pth").write_text("import os")
        assert unlisted_pth_files([str(tmp_path)]) == [tmp_path / "litellm_init.pth"]

    def test_ours_names_the_repository_and_runs_nothing(self) -> None:
        files = [Path(folder) / "_master_ia_oficial.pth" for folder in site.getsitepackages()]
        assert [Path(file.read_text().strip()).resolve() for file in files if file.exists()] == [ROOT.resolve()]


class TestLocks:
    def test_there_is_one_per_group(self) -> None:
        groups = set(pyproject()["dependency-groups"]) - {"dev"}
        assert {file.stem for file in (ROOT / "requirements").glob("*.lock")} == set(LOCKS) == {"all", "base", *groups}

    @pytest.mark.parametrize("name", LOCKS)
    def test_every_line_pins_a_version_with_its_hashes(self, name: str) -> None:
        assert unpinned(read_lock(name)) == []
        assert pins(read_lock(name)) != {}

    @pytest.mark.parametrize("name", LOCKS)
    def test_none_says_where_packages_come_from(self, name: str) -> None:
        assert addresses(read_lock(name)) == []

    def test_what_pip_installs_first_is_pinned_too(self) -> None:
        bootstrap = (ROOT / "requirements" / "bootstrap.txt").read_text()
        assert unpinned(bootstrap) + addresses(bootstrap) == []
        assert list(pins(bootstrap)) == ["uv"]

    def test_every_group_holds_the_versions_of_all(self) -> None:
        everything = pins(read_lock("all"))
        assert [name for name in LOCKS if not pins(read_lock(name)).items() <= everything.items()] == []

    def test_every_direct_dependency_is_locked(self) -> None:
        groups = pyproject()["dependency-groups"]
        wanted = {"base": pyproject()["project"]["dependencies"], **groups}
        for name, lines in wanted.items():
            assert unlocked(lines, pins(read_lock("all"))) == []
            assert name == "dev" or unlocked(lines, pins(read_lock(name))) == []

    def test_what_is_locked_is_what_runs(self) -> None:
        locked = pins(read_lock("all"))
        names = [Requirement(line).name for line in pyproject()["project"]["dependencies"]]
        assert [name for name in names if version(name) != locked[canonicalize_name(name)]] == []

    def test_a_planted_line_is_found(self) -> None:
        hashed = f"idna==3.10 \\\n    --hash=sha256:{'0' * 64}"
        assert unpinned(f"{hashed}\nidna==3.10\nidna>=3.10\n") == ["idna==3.10", "idna>=3.10"]
        assert unpinned(f"{hashed} \\\n    --hash=md5:00") != []

    def test_a_planted_address_is_found(self) -> None:
        for line in (
            "--index-url https://x/simple",
            "idna @ file:///tmp/idna",
            "-i x",
            "# from https://x",
            "--find-links x",
        ):
            assert addresses(f"httpx==0.28.1 \\\n{line}") == [line]

    def test_a_planted_stale_lock_is_found(self) -> None:
        assert unlocked(["idna>=3.10", "httpx>=0.28"], {"idna": "3.9"}) == ["idna>=3.10", "httpx>=0.28"]
        assert unlocked(["celery[redis]>=5.6", "Foo_Bar"], {"celery": "5.6.0", "foo-bar": "1"}) == []
