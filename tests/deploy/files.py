"""The deployment files as the tests read them."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = ROOT / "docker-compose.yml"
DOCKERFILE: Final = ROOT / "Dockerfile"
MANUAL: Final = ROOT / "docs" / "deploy.md"
MAKE_SECRETS: Final = ROOT / "docker" / "make-secrets.sh"
ROLES: Final = ROOT / "docker" / "postgres" / "roles.sh"

Service = dict[str, Any]


def compose() -> dict[str, Any]:
    """A fresh copy for each caller, with the anchors merged in."""
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return read


@cache
def services() -> dict[str, Service]:
    found: dict[str, Service] = compose()["services"]
    return found


@cache
def ours() -> dict[str, Service]:
    """The services that run our image."""
    return {name: service for name, service in services().items() if "build" in service}


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """A line of the Dockerfile, continued lines joined."""

    stage: int
    name: str
    value: str


@cache
def instructions() -> tuple[Instruction, ...]:
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text()).replace("\\\n", " ")
    found: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, text.splitlines())):
        name, value = line.split(maxsplit=1)
        stage += name == "FROM"
        found.append(Instruction(stage=stage, name=name, value=re.sub(r"\s+", " ", value)))
    return tuple(found)


@cache
def last_stage() -> tuple[Instruction, ...]:
    last = instructions()[-1].stage
    return tuple(instruction for instruction in instructions() if instruction.stage == last)


@cache
def blocks(language: str) -> tuple[str, ...]:
    """The fenced blocks of the manual in one language."""
    return tuple(re.findall(rf"```{language}\n(.*?)```", MANUAL.read_text(), re.DOTALL))
