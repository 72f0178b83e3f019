"""docker/make-secrets.sh: what it makes is private, fits together, and is never made twice."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from core.crypto import parse_keys
from core.settings import Settings
from tests.deploy.files import MAKE_SECRETS, compose, services

PRIVATE: Final = 0o600


def run(folder: Path, *words: str, path: str = os.environ["PATH"]) -> "subprocess.CompletedProcess[str]":
    """The script finds the project by its own place, so a copy of it makes its secrets beside the copy."""
    script = folder / "docker" / "make-secrets.sh"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(MAKE_SECRETS, script)
    environment = {"PATH": path, "LC_ALL": "C"}
    return subprocess.run(
        ["/bin/sh", str(script), *words], cwd="/", env=environment, capture_output=True, text=True, check=False
    )


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in (folder / "secrets").iterdir()}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    ran = run(tmp_path)
    assert ran.returncode == 0, ran.stderr
    return tmp_path


@pytest.fixture
def settings(made: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return Settings(_secrets_dir=made / "secrets")


class TestFirstRun:
    def test_it_makes_every_secret_that_compose_names_and_keeps_git_out(self, made: Path) -> None:
        named = {Path(secret["file"]).name for secret in compose()["secrets"].values()}
        assert set(contents(made)) == named | {".gitignore"}
        assert contents(made)[".gitignore"] == "*\n"

    def test_only_the_owner_may_read_them(self, made: Path) -> None:
        assert (made / "secrets").stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in (made / "secrets").iterdir()} == {PRIVATE}

    def test_the_containers_run_as_the_owner_and_the_owner_is_not_root(self, made: Path) -> None:
        owner = (made / "secrets" / "database_url").stat()
        assert (made / ".env").read_text() == f"CONTAINER_USER={owner.st_uid}:{owner.st_gid}\n"
        assert owner.st_uid != 0

    def test_every_password_is_its_own(self, made: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
        other = tmp_path_factory.mktemp("other")
        assert run(other).returncode == 0
        secret = [text for folder in (made, other) for name, text in contents(folder).items() if name != ".gitignore"]
        assert len(set(secret)) == 2 * len(compose()["secrets"])

    def test_no_secret_is_printed(self, tmp_path: Path) -> None:
        ran = run(tmp_path)
        found = [text for name, text in contents(tmp_path).items() if name != ".gitignore"]
        assert not any(word in ran.stdout + ran.stderr for text in found for word in text.split())


class TestValues:
    def test_the_addresses_carry_the_passwords_of_the_servers(self, made: Path, settings: Settings) -> None:
        files = contents(made)
        app = urlsplit(settings.require("DATABASE_URL"))
        migrator = urlsplit(settings.require("DATABASE_MIGRATE_URL"))
        valkey = urlsplit(settings.require("REDIS_URL"))
        assert (app.username, app.password) == ("app", files["app_password"].strip())
        assert (migrator.username, migrator.password) == ("migrator", files["migrator_password"].strip())
        assert f"requirepass {valkey.password}\n" == files["valkey.conf"]
        assert app.path == migrator.path == "/masteria"

    def test_the_addresses_name_services_and_the_ports_they_listen_on(self, settings: Settings) -> None:
        app = urlsplit(settings.require("DATABASE_URL"))
        valkey = urlsplit(settings.require("REDIS_URL"))
        assert {app.hostname, valkey.hostname} == {"postgres", "valkey"} <= set(services())
        assert f"--port={app.port} " in services()["postgres"]["healthcheck"]["test"][1]
        words = services()["valkey"]["command"]
        assert words[words.index("--port") + 1] == str(valkey.port)
        assert f"-p {valkey.port} " in services()["valkey"]["healthcheck"]["test"][1]

    def test_the_keys_are_keys(self, settings: Settings) -> None:
        (key,) = parse_keys(settings.require("MASTERIA_SECRET_KEYS"), "secrets")
        assert len(key.secret) == 32


class TestSecondRun:
    def test_it_refuses_and_leaves_everything_as_it_was(self, made: Path) -> None:
        before = contents(made)
        again = run(made)
        assert again.returncode == 1
        assert again.stderr.startswith("✗ make-secrets: secrets/ is already there")
        assert len(again.stderr.splitlines()) == 1
        assert contents(made) == before
        assert (made / ".env").read_text().count("CONTAINER_USER=") == 1

    def test_what_env_says_already_stays(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("MASTERIA_PUBLIC_URL=https://chat.example.com")  # without a last line end
        assert run(tmp_path).returncode == 0
        first, second = (tmp_path / ".env").read_text().splitlines()
        assert first == "MASTERIA_PUBLIC_URL=https://chat.example.com"
        assert second.startswith("CONTAINER_USER=")

    def test_files_of_another_user_than_env_names_are_not_made(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("CONTAINER_USER=4242:4243\n")
        ran = run(tmp_path)
        if os.getuid() == 0:  # root can give files away, anybody else is told
            assert (tmp_path / "secrets" / "redis_url").stat().st_uid == 4242
        else:
            assert ran.returncode == 1
            assert not (tmp_path / "secrets").exists()


class TestFailing:
    @pytest.mark.parametrize("tool", ["head", "base64", "od"])
    def test_without_random_bytes_nothing_is_left_behind(self, tmp_path: Path, tool: str) -> None:
        broken = tmp_path / "bin"
        broken.mkdir()
        (broken / tool).write_text("#!/bin/sh\nexit 1\n")
        (broken / tool).chmod(0o755)
        ran = run(tmp_path, path=f"{broken}:{os.environ['PATH']}")
        assert ran.returncode == 1
        assert {path.name for path in tmp_path.iterdir()} == {"bin", "docker"}

    def test_an_unknown_word_is_a_wrong_use(self, tmp_path: Path) -> None:
        assert run(tmp_path, "--overwrite").returncode == 2
        assert not (tmp_path / "secrets").exists()


class TestAddKey:
    def test_the_new_key_comes_first_and_the_old_one_stays(self, made: Path) -> None:
        file = made / "secrets" / "masteria_secret_keys"
        before = file.stat()
        (old,) = parse_keys(file.read_text(), "secrets")
        assert run(made, "--add-key").returncode == 0
        new, kept = parse_keys(file.read_text(), "secrets")
        assert kept == old != new
        after = file.stat()
        assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)

    def test_without_secrets_it_refuses(self, tmp_path: Path) -> None:
        ran = run(tmp_path, "--add-key")
        assert ran.returncode == 1
        assert len(ran.stderr.splitlines()) == 1
        assert not (tmp_path / "secrets").exists()
