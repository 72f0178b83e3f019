"""The image: what enters it, how it is installed, and who runs it."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Final

from tests.deploy.files import ROOT, instructions, last_stage, ours

PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: Final = frozenset(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
LOCKS: Final = frozenset({"base", "api", "model", "staff", "build"})
STEPS: Final = tuple(
    step for line in instructions() if line.name == "RUN" for step in map(str.strip, line.value.split("&&"))
)
ALLOWED: Final = (ROOT / ".dockerignore").read_text()

# Stands in for the image: what only a laptop or a developer has cannot be imported.
WITHOUT: Final = """
import importlib, importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"the image has no {{name}}")
sys.meta_path.insert(0, Absent())
for module in sys.argv[1:]:
    importlib.import_module(module)
"""
MODULES: Final = (
    "admin_api.serving",
    "admin_api.engine",
    "admin_api.processes",
    "admin_api.commands.db",
    "admin_api.commands.health",
    "admin_api.commands.token",
    "admin_api.commands.keys",
    "admin_api.commands.company",
    "admin_api.commands.doctor",
)


def locked(name: str) -> set[str]:
    return set(re.findall(r"(?m)^([a-z0-9.-]+)==", (ROOT / "requirements" / f"{name}.lock").read_text()))


def absent() -> set[str]:
    """What may be imported here and is not in the image, which leaves the build's tools behind too."""
    left_out = locked("all") - set().union(*(locked(name) for name in LOCKS - {"build"}))
    return {
        package
        for package, owners in packages_distributions().items()
        if all(re.sub(r"[-_.]+", "-", owner).lower() in left_out for owner in owners)
    }


def copied() -> list[str]:
    """What COPY takes out of the folder, in every stage."""
    copies = [line.value.split() for line in instructions() if line.name == "COPY"]
    return [source for words in copies if not words[0].startswith("--from") for source in words[:-1]]


class TestInstalling:
    def test_every_install_is_held_to_hashes(self) -> None:
        *from_locks, ours_alone = [step for step in STEPS if re.search(r"\bpip install\b", step)]
        assert len(from_locks) == 3
        assert all("--require-hashes" in step and "--no-deps" in step for step in from_locks)
        assert "--offline" in ours_alone
        assert ours_alone.split()[-1] == "dist/*.whl"

    def test_the_locks_of_the_product_are_installed_and_no_others(self) -> None:
        named = re.findall(r"-r requirements/(\w+)\.(?:lock|txt)", " ".join(STEPS))
        assert sorted(named) == sorted([*LOCKS, "bootstrap"])

    def test_no_package_runs_code_of_its_own_while_it_is_installed(self) -> None:
        from_locks = [step for step in STEPS if "uv pip install" in step and ".lock" in step]
        assert len(from_locks) == 2
        assert all("--no-build " in step for step in from_locks)

    def test_bytecode_is_made_in_the_image(self) -> None:
        into_image = [step for step in STEPS if "uv pip install --python /opt/masteria" in step]
        assert len(into_image) == 2
        assert all("--compile-bytecode" in step for step in into_image)

    def test_the_last_stage_installs_nothing(self) -> None:
        runs = " ".join(line.value for line in last_stage() if line.name == "RUN")
        assert not re.search(r"\b(pip|uv|apt|apt-get|curl|wget)\b", runs)

    def test_the_base_is_pinned_by_a_tag(self) -> None:
        images = {line.value.split()[0] for line in instructions() if line.name == "FROM"} - {"base"}
        assert len(images) == 1
        assert re.fullmatch(r"python:3\.11-slim-\w+", images.pop())


class TestContents:
    def test_each_of_our_packages_is_copied_and_nothing_else_of_ours(self) -> None:
        folders = {source for source in copied() if (ROOT / source).is_dir()}
        assert folders == PACKAGES

    def test_whatever_is_copied_is_there_and_let_in(self) -> None:
        for source in copied():
            assert (ROOT / source).exists()
            assert f"!{source}" in ALLOWED.splitlines()

    def test_nothing_else_is_let_in(self) -> None:
        rules = [line for line in ALLOWED.splitlines() if line and not line.startswith("#")]
        assert rules[0] == "*"
        assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())
        assert {"**/.*", "**/__pycache__", "**/*.pyc"} <= set(rules)

    def test_no_command_needs_what_the_image_leaves_out(self) -> None:
        left_out = absent()
        assert {"pytest", "mypy"} <= left_out
        command = [sys.executable, "-c", WITHOUT.format(absent=left_out), *MODULES]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


class TestRunning:
    def test_it_ends_as_a_user_who_is_not_root(self) -> None:
        users = [line.value for line in last_stage() if line.name == "USER"]
        assert users == ["10001:10001"]

    def test_the_entry_point_is_the_command_without_a_shell(self) -> None:
        assert "masteria" in PYPROJECT["project"]["scripts"]
        assert [line.value for line in last_stage() if line.name == "ENTRYPOINT"] == ['["masteria"]']
        assert not any("entrypoint" in service for service in ours().values())

    def test_output_is_not_held_back_and_the_home_is_where_the_volume_is(self) -> None:
        environment = " ".join(line.value for line in last_stage() if line.name == "ENV")
        assert "PYTHONUNBUFFERED=1" in environment
        home = re.search(r"MASTERIA_HOME=(\S+)", environment)
        assert home
        for service in ours().values():
            assert all(volume == f"home:{home[1]}" for volume in service.get("volumes", []))
