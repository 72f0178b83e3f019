"""What a user sees of `masteria up` and the commands around it, on real processes."""

import fcntl
import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import psutil
import pytest

from bench.stack import MASTERIA, Stack, processes_of, run, wait_until
from tests.fixtures.helps import Helped, help_of, told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


PROCESSES: Final = ("api", "engine", "worker", "beat", "staff", "sandbox")
COMMANDS: Final = (
    "up",
    "down",
    "status",
    "doctor",
    "token",
    "db",
    "keys",
    "health",
    "company",
    "connect",
    "user",
    "sends",
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to the servers' user: what lies in a closed folder is kept outside, where no test would clear it away."""
    with tempfile.TemporaryDirectory(prefix="masteria-e2e-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.mark.usefixtures("talk")
class TestUp:
    def test_what_is_ready_serves(self, stack: Stack) -> None:
        assert httpx.get(f"{stack.url}/health").json() == {"status": "ok"}
        assert httpx.get(f"{stack.url}/ready").json() == {"status": "ready", "reasons": {}}

    def test_the_sum_of_the_metrics_is_at_the_api(self, stack: Stack) -> None:
        wait_until("the engine has counted", lambda: "masteria_turns_due" in httpx.get(f"{stack.url}/metrics").text)

    def test_every_process_answers_on_a_port_of_its_own(self, stack: Stack) -> None:
        for name in PROCESSES:
            port = stack.state()["processes"][name]["port"]
            assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == httpx.codes.OK
            assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == httpx.codes.OK

    def test_all_others_step_back_for_the_api(self, stack: Stack) -> None:
        nice = {name: psutil.Process(stack.pid_of(name)).nice() for name in ("api", "engine", "worker", "beat")}
        assert {nice[name] for name in ("engine", "worker", "beat")} == {min(nice["api"] + 10, 19)}

    def test_nothing_listens_beyond_loopback(self, stack: Stack) -> None:
        ports = [
            line.laddr
            for process in processes_of(stack)
            for line in process.net_connections(kind="inet")
            if line.status == psutil.CONN_LISTEN
        ]
        assert len(ports) >= 7
        assert {address.ip for address in ports} == {"127.0.0.1"}

    def test_a_home_in_use_is_refused_by_name(self, stack: Stack) -> None:
        second = _told(stack, "up", "--port", "0")
        assert second.code == 1
        assert str(stack.home) in _only_line(second)
        assert str(stack.state()["pid"]) in second.err

    def test_no_program_holds_the_migrators_password(self, stack: Stack) -> None:
        password = (stack.home / "secrets" / "migrator").read_text()
        for name in PROCESSES:
            environment = psutil.Process(stack.pid_of(name)).environ()
            assert password not in "".join(environment.values())


@pytest.mark.usefixtures("talk")
class TestCommands:
    def test_status_shows_every_process_well(self, stack: Stack) -> None:
        answer = stack.run("status", "--json")
        status = json.loads(answer.stdout)
        assert answer.returncode == 0, answer.stderr
        assert {process["name"]: process["state"] for process in status["processes"]} == dict.fromkeys(
            ("postgres", "valkey", *PROCESSES), "ok"
        )
        none = {"queue": "turns", "waiting": 0, "oldest_seconds": 0.0}
        wait_until("no turn waits", lambda: none in json.loads(_told(stack, "status", "--json").out)["waiting"])
        assert all(process["port"] for process in status["processes"])

    def test_status_is_a_table_for_people(self, stack: Stack) -> None:
        shown = _told(stack, "status").out
        assert stack.url in shown
        assert "processo" in shown

    def test_a_token_of_the_demo_company_is_one_line(self, stack: Stack) -> None:
        answer = stack.run("token", "--company", "demo", "--role", "owner")
        assert answer.returncode == 0
        assert answer.stdout.startswith("mia_")
        assert len(answer.stdout.splitlines()) == 1

    def test_a_token_of_an_unknown_company_is_refused_in_one_line(self, stack: Stack) -> None:
        answer = _told(stack, "token", "--company", "nobody", "--role", "owner")
        assert (answer.code, answer.out) == (1, "")
        assert _only_line(answer).startswith("✗ Não há empresa `nobody`")

    def test_a_company_can_be_added_once(self, stack: Stack) -> None:
        words = ("company", "add", "padaria", "--name", "Padaria da Ana", "--time-zone", "America/Manaus")
        assert stack.run(*words).returncode == 0
        assert "Já existe" in _told(stack, *words).err
        listed = json.loads(_told(stack, "company", "list", "--json").out)
        assert {"padaria", "demo"} <= {company["slug"] for company in listed}

    def test_the_database_matches_the_release(self, stack: Stack) -> None:
        assert json.loads(stack.run("db", "check", "--json").stdout) == {"drift": []}

    def test_the_doctor_finds_nothing_wrong(self, stack: Stack) -> None:
        answer = stack.run("doctor", "--json")
        findings = json.loads(answer.stdout)
        assert answer.returncode == 0
        assert len(findings) >= 8
        assert not [finding for finding in findings if finding["level"] == "bad"]

    def test_keys_rotate_while_everything_runs(self, stack: Stack) -> None:
        assert stack.run("keys", "rotate", "--json").returncode == 0
        used = json.loads(_told(stack, "keys", "list", "--json").out)
        assert min(used.values()) == 0
        assert json.loads(_told(stack, "keys", "forget", "--json").out)["forgotten"] >= 1
        assert _told(stack, "doctor").code == 0

    def test_health_of_a_process_is_an_exit_code(self, stack: Stack) -> None:
        assert stack.run("health", "engine").returncode == 0
        assert [_told(stack, "health", name).code for name in PROCESSES] == [0] * len(PROCESSES)


class TestBadInput:
    def test_a_taken_port_is_named(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            answer = told("up", "--home", str(folder / "home"), "--port", str(port))
        assert answer.code == 1
        assert f"127.0.0.1:{port}" in _only_line(answer)

    @pytest.mark.parametrize("port", ["99999", "-1", "http"])
    def test_a_port_that_is_none_is_wrong_usage(self, port: str) -> None:
        assert told("up", "--port", port).code == 2
        assert told("api", f"--port={port}").code == 2

    @pytest.mark.parametrize("command", ["up", "down", "status", "doctor"])
    def test_an_empty_home_is_not_the_current_folder(self, command: str) -> None:
        answer = told(command, "--home", "")
        assert answer.code == 2
        assert "--home" in _only_line(answer)

    def test_a_folder_named_like_a_package_of_ours_is_left_alone(self, folder: Path) -> None:
        (folder / "core").mkdir()
        (folder / "core" / "__init__.py").write_text("raise SystemExit(77)")
        words = [str(MASTERIA), "status", "--home", str(folder / "home")]
        answer = subprocess.run(words, cwd=folder, check=False, capture_output=True, text=True, timeout=30)
        assert answer.returncode == 1
        assert "Nada está no ar" in answer.stdout

    def test_a_database_that_says_nothing_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"postgresql://app:geheim@127.0.0.1:{silent.getsockname()[1]}/x"
            answer = told(
                "token", "--company", "x", "--role", "owner", DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1"
            )
        assert answer.code == 1
        assert "DATABASE_URL (127.0.0.1" in _only_line(answer)

    def test_down_never_signals_a_process_it_cannot_name(self, folder: Path) -> None:
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answer = run("down", "--home", str(folder))
        assert answer.returncode == 1
        assert str(folder / "lock") in _only_line(answer)

    @pytest.mark.parametrize("name", ["", " x", "x" * 121, "a\tb"])
    def test_a_name_that_could_not_be_shown_is_refused(self, stack: Stack, name: str) -> None:
        assert told("company", "add", "nome", "--name", name, "--home", str(stack.home)).code == 2

    def test_an_unreachable_database_is_named(self, folder: Path) -> None:
        url = "postgresql://app:geheim@127.0.0.1:1/x"
        answer = run("up", "--home", str(folder / "home"), "--port", "0", DATABASE_URL=url)
        assert answer.returncode == 1
        line = next(line for line in answer.stderr.splitlines() if line.startswith("✗"))
        assert "DATABASE_URL (127.0.0.1:1" in line
        assert "geheim" not in answer.stderr

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("DATABASE_URL", "mysql://geheim@x/y"),
            ("REDIS_URL", "http://geheim"),
            ("MASTERIA_DRAIN_SECONDS", "geheim"),
            ("MASTERIA_METRICS_PORT", "99999"),
            ("MASTERIA_STORAGE_URL", "ftp://geheim"),
            ("MASTERIA_PUBLIC_URL", "geheim"),
        ],
    )
    def test_a_malformed_variable_is_named_and_its_value_is_not_shown(
        self, folder: Path, name: str, value: str
    ) -> None:
        answer = told("up", "--home", str(folder / "home"), **{name: value})
        assert answer.code == 1
        assert name in _only_line(answer)
        assert "geheim" not in answer.err

    def test_a_missing_variable_is_named(self, folder: Path) -> None:
        answer = run("engine", MASTERIA_HOME=str(folder))
        assert answer.returncode == 1
        assert "MASTERIA_SECRET_KEYS" in answer.stderr

    def test_a_corrupt_key_file_is_named(self, folder: Path) -> None:
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "keys").write_text("k1:not-base64")
        answer = run("up", "--home", str(folder), "--port", "0")
        assert answer.returncode == 1
        assert str(folder / "secrets" / "keys") in answer.stderr
        assert "not-base64" not in answer.stderr

    def test_a_read_only_home_is_named(self) -> None:
        answer = told("up", "--home", "/proc/masteria")
        assert answer.code == 1
        assert "/proc/masteria" in _only_line(answer)

    def test_wrong_usage_is_exit_code_two(self) -> None:
        assert run("nonsense").returncode == 2
        assert told("up", "--nonsense").code == 2
        assert told("token").code == 2


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_help_is_portuguese_first_and_english_by_locale(self, command: str) -> None:
        assert help_of(command).out.startswith("uso: masteria")
        assert help_of(command, lang="en_US.UTF-8").out.startswith("usage: masteria")

    def test_the_help_of_an_action_says_its_name_once(self) -> None:
        assert help_of("company", "add").out.startswith("uso: masteria company add ")
        assert "veja `masteria company add --help`" in told("company", "add").err

    @pytest.mark.parametrize("process", PROCESSES)
    def test_every_process_explains_itself(self, process: str) -> None:
        assert help_of(process).code == 0

    def test_a_command_is_found_by_its_name(self) -> None:
        answer = run("user", "list", "--help")
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.startswith("uso: masteria user list ")


def _told(stack: Stack, *words: str) -> Helped:
    """Of a command that another test here runs as a process of its own."""
    return told(*words, "--home", str(stack.home))


def _only_line(answer: "subprocess.CompletedProcess[str] | Helped") -> str:
    (line,) = (answer.err if isinstance(answer, Helped) else answer.stderr).splitlines()
    assert line.startswith("✗ ")
    return line
