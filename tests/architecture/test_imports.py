"""The import contracts of pyproject.toml hold, and each refuses what it is for: tried on a copy of the sources."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.architecture import planting
from tests.architecture.sources import PACKAGES, ROOT, pyproject

RANKS: Final = "A package imports only from lower ranks"
CHANNELS: Final = "Channels know nothing of knowledge"
CIRCLE: Final = "No part of a package imports another in a circle"
TESTS: Final = "Nothing imports the tests"
BENCH: Final = "Only tests import the benchmarks"
SANDBOX: Final = "The sandbox imports nothing of ours"
SANDBOX_USERS: Final = "Only commands, evals, benchmarks and tests import the sandbox"
LANGGRAPH: Final = "Only the conversation graph and the engine import LangGraph"
THINKING: Final = "Thinking code knows no database, queue or web framework"
ADAPTER: Final = "An adapter knows no database, queue or web framework"
WEB: Final = "Only admin_api and the sandbox stand on a web framework"
LIGHT_API: Final = "The api process loads no model library"
CELERY: Final = "Only the queue, the tasks and the worker import Celery"
STOREYS: Final = "Core is built in storeys"
SERVERS: Final = "Only the embedded services and who supervises them start servers"


@dataclass(frozen=True, slots=True)
class Plant:
    """Lines that are added to files of the copy, and the contract that must refuse them."""

    kind: str
    contract: str
    lines: Mapping[str, str]


PLANTS: Final = (
    Plant("the floor imports a business package", RANKS, {"core/clock.py": "import knowledge"}),
    Plant("knowledge imports the agents", RANKS, {"knowledge/planted.py": "import agents"}),
    Plant("agents import channels", RANKS, {"agents/planted.py": "import channels"}),
    Plant("channels import agents", RANKS, {"channels/planted.py": "from agents import personas"}),
    Plant("agents import graphs", RANKS, {"agents/planted.py": "from graphs.engine import Engine"}),
    Plant("graphs import automation", RANKS, {"graphs/store.py": "from automation import tasks"}),
    Plant("automation imports evals", RANKS, {"automation/planted.py": "import evals"}),
    Plant("evals import the admin API", RANKS, {"evals/planted.py": "from admin_api.app import make_app"}),
    Plant("upwards for the type checker only", RANKS, {"core/clock.py": "if TYPE_CHECKING:\n    import graphs.engine"}),
    Plant("upwards inside a function", RANKS, {"core/clock.py": "def late():\n    import graphs.engine"}),
    Plant(
        "upwards through the sandbox",
        RANKS,
        {"core/clock.py": "import sandbox.planted", "sandbox/planted.py": "import graphs.engine"},
    ),
    Plant("channels import knowledge", CHANNELS, {"channels/planted.py": "from knowledge import search"}),
    Plant("two modules import each other", CIRCLE, {"graphs/store.py": "from graphs import crew"}),
    Plant("two folders import each other", CIRCLE, {"core/ids.py": "from core.models.base import Base"}),
    Plant("the product imports a fixture", TESTS, {"automation/tasks.py": "from tests.fixtures import rows"}),
    Plant("a benchmark imports a fixture", TESTS, {"bench/planted.py": "from tests.fixtures import rows"}),
    Plant("the product imports a benchmark", BENCH, {"graphs/planted.py": "import bench"}),
    Plant("the sandbox imports the floor", SANDBOX, {"sandbox/planted.py": "from core.errors import AppError"}),
    Plant("the sandbox imports an adapter", SANDBOX, {"sandbox/planted.py": "import channels"}),
    Plant("an adapter imports the sandbox", SANDBOX_USERS, {"channels/planted.py": "import sandbox"}),
    Plant("the admin API imports the sandbox", SANDBOX_USERS, {"admin_api/app.py": "import sandbox"}),
    Plant(
        "a decision imports LangGraph", LANGGRAPH, {"graphs/conversation/decide.py": "from langgraph.graph import END"}
    ),
    Plant("an agent imports LangGraph", LANGGRAPH, {"agents/planted.py": "import langgraph"}),
    Plant("an agent imports the database", THINKING, {"agents/planted.py": "from sqlalchemy import select"}),
    Plant("a tool of an agent imports the queue", THINKING, {"agents/tools/planted.py": "import celery"}),
    Plant("a node imports the web", THINKING, {"graphs/conversation/nodes.py": "from fastapi import Request"}),
    Plant("an adapter imports the database", ADAPTER, {"channels/baileys/planted.py": "import sqlalchemy.orm"}),
    Plant("an adapter imports the web", ADAPTER, {"channels/voice_vapi/planted.py": "import starlette.websockets"}),
    Plant("the floor imports FastAPI", WEB, {"core/errors.py": "from fastapi import HTTPException"}),
    Plant("automation imports a web server", WEB, {"automation/planted.py": "import uvicorn"}),
    Plant("the api imports a model library", LIGHT_API, {"admin_api/app.py": "import litellm"}),
    Plant(
        "the api imports what imports a model library",
        LIGHT_API,
        {
            "admin_api/health.py": "from agents.gateway import planted",
            "agents/gateway/planted.py": "from langchain_openai import ChatOpenAI",
        },
    ),
    Plant("the engine imports Celery", CELERY, {"graphs/engine.py": "from celery import current_app"}),
    Plant("an endpoint imports Celery's messaging", CELERY, {"admin_api/health.py": "import kombu"}),
    Plant("errors import the log", STOREYS, {"core/errors.py": "from core.logging import get_logger"}),
    Plant("models import the database layer", STOREYS, {"core/models/base.py": "from core.db import sessions"}),
    Plant("the database layer imports the queue", STOREYS, {"core/db/locks.py": "from core import queue"}),
    Plant("the engine starts servers", SERVERS, {"graphs/engine.py": "from core.servers.postgres import Postgres"}),
    Plant("the queue starts servers", SERVERS, {"core/queue.py": "from core.servers import valkey"}),
)
PERMITTED: Final = (
    Plant("the conversation graph imports LangGraph", "", {"graphs/conversation/graph.py": "import langgraph.graph"}),
    Plant("the engine imports LangGraph", "", {"graphs/engine.py": "import langgraph"}),
    Plant("a command imports the sandbox", "", {"admin_api/commands/planted.py": "import sandbox"}),
    Plant("an eval imports the sandbox", "", {"evals/planted.py": "import sandbox"}),
    Plant("live voice imports a model library", "", {"admin_api/voice.py": "import litellm"}),
    Plant("an agent stands on the floor", "", {"agents/planted.py": "from core.floor import Floor"}),
    Plant("a test imports anything", "", {"tests/planted.py": "import sandbox, celery, langgraph, admin_api.cli"}),
)
NOTHING: Final = Plant("nothing is planted", "", {})


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources and the contracts, nothing else."""
    return copy_of(tmp_path_factory.mktemp("copy"), *PACKAGES, "tests", "bench")


@pytest.fixture(scope="module")
def planted_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without most of the tests, which are half of everything and which nothing planted has to do with."""
    folder = copy_of(tmp_path_factory.mktemp("field"), *PACKAGES, "tests/fixtures", "bench")
    (folder / "tests" / "__init__.py").touch()
    return folder


@pytest.fixture(scope="module")
def verdicts(planted_in: Path) -> dict[str, set[str]]:
    """The contracts that each plant breaks."""
    kinds = {plant.kind: dict(plant.lines) for plant in (NOTHING, *PLANTS, *PERMITTED)}
    run = started(sys.executable, planting.__file__, folder=planted_in, told=json.dumps(list(kinds.values())))
    assert run.returncode == 0, run.stderr
    return {kind: set(broken) for kind, broken in zip(kinds, json.loads(run.stdout), strict=True)}


def copy_of(folder: Path, *parts: str) -> Path:
    shutil.copy(ROOT / "pyproject.toml", folder)
    for part in parts:
        for file in (ROOT / part).rglob("*.py"):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return folder


def started(*command: str, folder: Path, told: str = "") -> subprocess.CompletedProcess[str]:
    wide = os.environ | {"COLUMNS": "200"}  # the linter breaks longer lines
    return subprocess.run(command, cwd=folder, env=wide, input=told, capture_output=True, text=True, check=False)


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return started(str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo", folder=folder)


class TestContracts:
    def test_today_every_one_is_kept(self, copied: Path) -> None:
        run = lint(copied)
        assert run.returncode == 0, run.stdout + run.stderr

    def test_a_broken_one_fails_the_command_and_names_the_import(self, copied: Path) -> None:
        with planting.planted(copied, {"core/clock.py": "import admin_api.cli"}):
            run = lint(copied)
        assert run.returncode == 1
        assert "core.clock -> admin_api.cli" in run.stdout

    def test_they_watch_every_root_package(self) -> None:
        watched = set(pyproject()["tool"]["importlinter"]["root_packages"])
        assert watched == {*PACKAGES, "tests", "bench"} == {file.parent.name for file in ROOT.glob("*/__init__.py")}

    def test_each_one_is_tried_by_a_plant(self) -> None:
        names = {contract["name"] for contract in pyproject()["tool"]["importlinter"]["contracts"]}
        assert names == {plant.contract for plant in PLANTS}


class TestPlants:
    @pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.kind)
    def test_a_wrong_import_is_refused_by_its_contract(self, verdicts: dict[str, set[str]], plant: Plant) -> None:
        assert plant.contract in verdicts[plant.kind]

    @pytest.mark.parametrize("plant", PERMITTED, ids=lambda plant: plant.kind)
    def test_a_permitted_import_is_accepted(self, verdicts: dict[str, set[str]], plant: Plant) -> None:
        assert verdicts[plant.kind] == verdicts[NOTHING.kind]
